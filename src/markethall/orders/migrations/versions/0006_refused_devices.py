"""Refused keys are looked at again: an order with the same key may come later, over HTTP."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("CREATE INDEX device_orders_refused ON device_orders (key) WHERE told = 'refused'")
