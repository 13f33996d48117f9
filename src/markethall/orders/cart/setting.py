"""Lines of many carts set by one statement, which is a transaction by itself.

It does what `Carts.put` does, for as many as can be served without a question: the cart is there, theirs, not large,
and nobody else is at it; the SKU is for sale. All others are left as they are, and told so by `Carts.put`.

A statement sees the tables as they were when it began, whatever it locks later. A cart whose lines somebody changed
in between would be answered with its old lines; its version tells, for it rises with each change of the lines. A cart
that somebody else has locked is passed over, not waited for: so nobody in a batch waits for a neighbour's cart, and
the order in which carts are locked does not matter here.
"""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from markethall.orders.cart.repository import Cart, CartLine, FilledCart
from markethall.orders.connection import Connection

MAX_LINES_HERE = 100
"""A cart with more has an answer of its own."""


class LineToSet(msgspec.Struct, frozen=True):
    """`user_id`: who asks; None for a guest."""

    cart_id: UUID
    sku: str
    quantity: int
    user_id: UUID | None


# A new line comes last: under the lock of its cart its position is higher than all that are there.
SET_LINES = """
WITH free AS MATERIALIZED (
    SELECT given.n, c.id, c.user_id, c.version, given.sku, given.quantity
    FROM unnest($1::uuid[], $2::text[], $3::integer[], $4::uuid[]) WITH ORDINALITY
        AS given (cart_id, sku, quantity, user_id, n)
    JOIN carts AS c ON c.id = given.cart_id
    WHERE c.claimed_by IS NULL AND (c.user_id IS NULL OR c.user_id = given.user_id)
        AND EXISTS (SELECT FROM price_list AS p WHERE p.sku = given.sku AND p.active)
        AND (SELECT count(*) FROM cart_lines AS l WHERE l.cart_id = c.id) < $5
    FOR UPDATE OF c SKIP LOCKED
), taken AS MATERIALIZED (
    SELECT free.* FROM free JOIN carts AS seen ON seen.id = free.id AND seen.version = free.version
), put AS (
    INSERT INTO cart_lines (cart_id, sku, quantity) SELECT id, sku, quantity FROM taken
    ON CONFLICT (cart_id, sku) DO UPDATE SET quantity = excluded.quantity
), changed AS (
    UPDATE carts SET version = carts.version + 1, changed_at = now() FROM taken WHERE carts.id = taken.id
    RETURNING taken.n, carts.user_id, carts.version
), lines AS MATERIALIZED (
    SELECT t.n, l.sku, CASE WHEN l.sku = t.sku THEN t.quantity ELSE l.quantity END AS quantity, l.position
    FROM taken AS t JOIN cart_lines AS l ON l.cart_id = t.id
    UNION ALL
    SELECT t.n, t.sku, t.quantity, NULL FROM taken AS t
    WHERE NOT EXISTS (SELECT FROM cart_lines AS l WHERE l.cart_id = t.id AND l.sku = t.sku)
), listed AS (
    SELECT listed.* FROM (SELECT DISTINCT sku FROM lines) AS named CROSS JOIN LATERAL (
        SELECT p.sku, p.name, p.options, p.price, p.active, p.slug FROM price_list AS p WHERE p.sku = named.sku
        ORDER BY p.active DESC, p.listed_at DESC LIMIT 1
    ) AS listed
)
SELECT * FROM (
    SELECT array_agg(n) AS changed, array_agg(user_id) AS user_ids, array_agg(version) AS versions FROM changed
) AS c, (
    SELECT array_agg(n) AS places, array_agg(sku) AS skus, array_agg(quantity) AS quantities
    FROM (SELECT * FROM lines ORDER BY position NULLS LAST) AS l
) AS l, (
    SELECT array_agg(sku) AS listed, array_agg(name) AS names, array_agg(options) AS options,
        array_agg(price) AS prices, array_agg(active) AS actives, array_agg(slug) AS slugs
    FROM listed
) AS p
"""


async def set_lines(connection: Connection, lines: Sequence[LineToSet]) -> dict[UUID, FilledCart]:
    """
    Args:
        connection: one of `Database.single`.
        lines: at most one for each cart.

    Returns:
        The carts in which the line was set, as they stand then; the others are untouched.
    """
    row = await connection.fetchrow(
        SET_LINES,
        [line.cart_id for line in lines],
        [line.sku for line in lines],
        [line.quantity for line in lines],
        [line.user_id for line in lines],
        MAX_LINES_HERE,
    )
    assert row is not None
    if row["changed"] is None:
        return {}
    decode = msgspec.json.decode
    columns = zip(
        row["listed"],
        row["names"],
        row["options"],
        row["prices"],
        row["actives"],
        row["slugs"],
        strict=True,
    )
    listed = {sku: (name, decode(options), *rest) for sku, name, options, *rest in columns}
    filled: dict[int, list[CartLine]] = {n: [] for n in row["changed"]}
    for n, sku, quantity in zip(row["places"], row["skus"], row["quantities"], strict=True):
        if sku in listed:
            filled[n].append(CartLine(sku, quantity, *listed[sku]))
    carts = zip(row["changed"], row["user_ids"], row["versions"], strict=True)
    return {
        lines[n - 1].cart_id: FilledCart(Cart(lines[n - 1].cart_id, user_id, None, version), filled[n])
        for n, user_id, version in carts
    }
