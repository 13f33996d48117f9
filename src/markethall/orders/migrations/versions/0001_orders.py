"""Orders, carts, the price list, and what the service remembers about itself."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# An order's row is updated once or twice after it is made. Half-empty pages and no index on
# (or predicate over) reserved_at, rejected_at and shortages keep the first of these updates
# heap-only: no index entry is written.
ORDERS = """
CREATE SEQUENCE order_numbers AS bigint;
CREATE TABLE orders (
    id uuid PRIMARY KEY,
    number bigint NOT NULL,
    user_id uuid,
    fingerprint bytea NOT NULL,
    currency text NOT NULL,
    lines jsonb NOT NULL,
    total bigint NOT NULL,
    email text,
    shipping_address jsonb,
    placed_at timestamptz NOT NULL,
    reserved_at timestamptz,
    rejected_at timestamptz,
    cancel_asked_at timestamptz,
    released_at timestamptz,
    fulfil_asked_at timestamptz,
    dispatched_at timestamptz,
    shortages jsonb,
    CONSTRAINT one_outcome CHECK (reserved_at IS NULL OR rejected_at IS NULL),
    CONSTRAINT one_end CHECK (cancel_asked_at IS NULL OR fulfil_asked_at IS NULL),
    CONSTRAINT total_not_negative CHECK (total >= 0)
) WITH (fillfactor = 50);
CREATE UNIQUE INDEX orders_number ON orders (number);
CREATE INDEX orders_of_user ON orders (user_id, number) WHERE user_id IS NOT NULL;
CREATE INDEX orders_to_release ON orders (number) WHERE cancel_asked_at IS NOT NULL AND released_at IS NULL;
CREATE INDEX orders_to_dispatch ON orders (number) WHERE fulfil_asked_at IS NOT NULL AND dispatched_at IS NULL;
"""

CARTS = """
CREATE TABLE carts (
    id uuid PRIMARY KEY,
    user_id uuid,
    claimed_by uuid,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX one_open_cart_per_user ON carts (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX carts_claimed_by ON carts (claimed_by) WHERE claimed_by IS NOT NULL;
CREATE TABLE cart_lines (
    cart_id uuid NOT NULL REFERENCES carts (id) ON DELETE CASCADE,
    sku text NOT NULL,
    quantity integer NOT NULL,
    position bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (cart_id, sku),
    CONSTRAINT quantity_in_bounds CHECK (quantity BETWEEN 1 AND 9999)
);
"""

# A SKU may move from one product to another: each product keeps its own row for it, so that a
# late message of the former owner cannot take it back.
PRICES = """
CREATE TABLE listed_products (
    product_id uuid PRIMARY KEY,
    version bigint NOT NULL
);
CREATE TABLE price_list (
    sku text NOT NULL,
    product_id uuid NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    options jsonb NOT NULL,
    price bigint NOT NULL,
    active boolean NOT NULL,
    listed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (sku, product_id)
);
CREATE INDEX price_list_product ON price_list (product_id);
CREATE TABLE price_list_copy (
    single boolean PRIMARY KEY DEFAULT true,
    stream_identity text,
    position bytea NOT NULL DEFAULT '',
    complete boolean NOT NULL DEFAULT false,
    CONSTRAINT one_row CHECK (single)
);
INSERT INTO price_list_copy DEFAULT VALUES;
"""

OWN = """
CREATE TABLE shop_secret (
    single boolean PRIMARY KEY DEFAULT true,
    secret bytea NOT NULL,
    CONSTRAINT one_row CHECK (single)
);
CREATE TABLE reconciliation (
    single boolean PRIMARY KEY DEFAULT true,
    settled_below bigint NOT NULL DEFAULT 0,
    position bigint,
    walk_since timestamptz NOT NULL DEFAULT now(),
    walk_until timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT one_row CHECK (single)
);
INSERT INTO reconciliation DEFAULT VALUES;
CREATE TABLE erased_users (
    user_id uuid PRIMARY KEY,
    erased_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE outbox (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    message_id uuid NOT NULL DEFAULT gen_random_uuid(),
    subject text NOT NULL,
    payload bytea NOT NULL,
    reply_to text,
    created_at timestamptz NOT NULL DEFAULT now()
);
"""


def upgrade() -> None:
    for script in (ORDERS, CARTS, PRICES, OWN):
        for statement in script.split(";\n"):
            if statement.strip():
                op.execute(statement)
    insert = sa.text("INSERT INTO shop_secret (secret) VALUES (:secret)")
    op.get_bind().execute(insert, {"secret": secrets.token_bytes(32)})
