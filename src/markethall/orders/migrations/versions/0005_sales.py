"""Sales by time and by SKU, counted once from the orders and kept as sums."""

from alembic import op

revision = "0005"
down_revision = "0004"

# Counted by `orders/sales/counting.py`, whichever release has placed, settled or cancelled an order.
SALES = """
ALTER TABLE orders ADD COLUMN sale_withdrawn boolean;
CREATE INDEX orders_to_withdraw ON orders (number) WHERE cancel_asked_at IS NOT NULL AND sale_withdrawn IS NULL;
CREATE TABLE sales_quarters (
    at timestamptz PRIMARY KEY,
    placed bigint NOT NULL,
    orders bigint NOT NULL,
    units bigint NOT NULL,
    revenue bigint NOT NULL,
    rejected bigint NOT NULL,
    cancelled bigint NOT NULL
);
CREATE TABLE sku_hours (
    at timestamptz NOT NULL,
    sku text NOT NULL,
    orders bigint NOT NULL,
    units bigint NOT NULL,
    revenue bigint NOT NULL,
    short_orders bigint NOT NULL,
    short_units bigint NOT NULL,
    first_number bigint NOT NULL,
    last_number bigint NOT NULL,
    PRIMARY KEY (at, sku)
);
CREATE INDEX sku_hours_of_sku ON sku_hours (sku, at);
CREATE TABLE sku_days (
    at timestamptz NOT NULL,
    sku text NOT NULL,
    orders bigint NOT NULL,
    units bigint NOT NULL,
    revenue bigint NOT NULL,
    short_orders bigint NOT NULL,
    short_units bigint NOT NULL,
    PRIMARY KEY (at, sku)
);
CREATE TABLE sales_open (
    number bigint PRIMARY KEY
);
CREATE TABLE sales_count (
    single boolean PRIMARY KEY DEFAULT true,
    counted_below bigint NOT NULL DEFAULT 1,
    counted_until timestamptz,
    open_position bigint NOT NULL DEFAULT 0,
    CONSTRAINT one_row CHECK (single)
);
INSERT INTO sales_count DEFAULT VALUES;
"""


def upgrade() -> None:
    for statement in SALES.split(";\n"):
        if statement.strip():
            op.execute(statement)
