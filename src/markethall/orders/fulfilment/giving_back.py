"""A rejected order gives its lines back to the cart it came from.

Everyone who needs both locks carts first (by id), then orders (by id): the checkout, erasure, and so
settling. Were it the other way round here, a repeated checkout could hold the cart and wait in its
`INSERT … ON CONFLICT (id) DO NOTHING` for the order that is being settled, which waits for the cart.
Hence the carts are locked before it is known which orders are newly rejected. None is missed: inventory
hears of an order only after its commit. Cancelling locks an order and no cart; carts alone are changed
without a lock on orders.
"""

from collections.abc import Sequence
from uuid import UUID

from markethall.contracts.order_request import MAX_LINES
from markethall.orders.connection import Connection

LOCK_CARTS_OF = """
SELECT id FROM carts
WHERE claimed_by IS NULL AND id IN (
    SELECT cart_id FROM orders
    WHERE id = ANY($1::uuid[]) AND reserved_at IS NULL AND rejected_at IS NULL AND cancel_asked_at IS NULL
)
ORDER BY id FOR UPDATE
"""
# What the buyer has put there meanwhile stays as it is. Two rejected orders of one cart may name
# the same SKU: the earlier order's quantity comes back.
GIVE_BACK = """
WITH given_back AS (
    INSERT INTO cart_lines (cart_id, sku, quantity)
    SELECT cart_id, sku, quantity
    FROM (
        SELECT o.cart_id, line.sku, line.quantity, kept.count AS kept,
            row_number() OVER (PARTITION BY o.cart_id ORDER BY o.number, line.place) AS nth
        FROM orders AS o
        CROSS JOIN LATERAL (SELECT count(*) FROM cart_lines AS l WHERE l.cart_id = o.cart_id) AS kept
        CROSS JOIN LATERAL ROWS FROM (jsonb_to_recordset(o.lines) AS (sku text, quantity integer))
            WITH ORDINALITY AS line (sku, quantity, place)
        WHERE o.id = ANY($1::uuid[])
            AND NOT EXISTS (SELECT FROM cart_lines AS l WHERE l.cart_id = o.cart_id AND l.sku = line.sku)
    ) AS missing
    WHERE kept + nth <= $2
    ORDER BY cart_id, nth
    ON CONFLICT (cart_id, sku) DO NOTHING
    RETURNING cart_id
)
UPDATE carts SET version = version + 1, changed_at = now() WHERE id IN (SELECT cart_id FROM given_back)
"""


async def lock_carts_of(connection: Connection, orders: Sequence[UUID]) -> set[UUID]:
    """The carts of those that have no outcome yet and were not cancelled; without those merged into another."""
    if not orders:
        return set()
    return {row["id"] for row in await connection.fetch(LOCK_CARTS_OF, orders)}


async def give_back(connection: Connection, orders: Sequence[UUID]) -> None:
    """Of orders whose carts are locked. No cart grows beyond what it may hold; the first lines come first."""
    if orders:
        await connection.execute(GIVE_BACK, orders, MAX_LINES)
