"""Orders that devices placed over MQTT, and what each device was last told."""

from alembic import op

revision = "0003"
down_revision = "0002"

# `told` is a status of the order, or `refused` where there is none; null: something is to be told.
# `changes` counts what was asked with the key, so that what is asked while something is being told
# is not taken for told. While `leased_until` lies ahead one replica tells, and no other.
DEVICE_ORDERS = """
CREATE TABLE device_orders (
    key text PRIMARY KEY,
    order_id uuid,
    refusal text,
    told text,
    told_at timestamptz,
    changes bigint NOT NULL DEFAULT 1,
    leased_until timestamptz,
    CONSTRAINT something_to_tell CHECK (order_id IS NOT NULL OR refusal IS NOT NULL)
);
CREATE UNIQUE INDEX device_orders_order ON device_orders (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX device_orders_to_tell ON device_orders (key)
    WHERE told IS NULL OR told = 'pending' OR (refusal IS NOT NULL AND order_id IS NOT NULL);
CREATE INDEX device_orders_confirmed ON device_orders (key) WHERE told = 'confirmed';
CREATE INDEX device_orders_ended ON device_orders (told_at)
    WHERE told IN ('rejected', 'cancelled', 'fulfilled', 'refused');
CREATE TABLE device_broker (
    single boolean PRIMARY KEY DEFAULT true,
    stream_identity text,
    CONSTRAINT one_row CHECK (single)
);
INSERT INTO device_broker DEFAULT VALUES;
"""


def upgrade() -> None:
    for statement in DEVICE_ORDERS.split(";\n"):
        if statement.strip():
            op.execute(statement)
