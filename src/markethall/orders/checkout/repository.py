"""Set-based statements of the checkout: each serves a whole batch of orders."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from markethall.kit.outbox import OutboxMessage, Written, written
from markethall.orders.checkout.draft import CartContent, Draft, Listed
from markethall.orders.connection import Connection
from markethall.orders.order import SELECT, Order, order_from

# In the order of ids, as everyone locks them who locks several: no deadlock.
LOCK_CARTS = """
SELECT id, user_id FROM carts WHERE id = ANY($1::uuid[]) AND claimed_by IS NULL ORDER BY id FOR UPDATE
"""
CART_LINES = "SELECT cart_id, sku, quantity FROM cart_lines WHERE cart_id = ANY($1::uuid[]) ORDER BY position"
PRICES = """
SELECT sku, name, options, price FROM price_list WHERE sku = ANY($1::text[]) AND active ORDER BY listed_at
"""
COPY_IS_COMPLETE = "SELECT complete FROM price_list_copy"

# Numbers follow the batch's order of arrival. Rows go in by id, so that two replicas that insert
# the same ids at once wait for each other in one direction only.
_INSERT = """
INSERT INTO orders (
    id, number, user_id, fingerprint, currency, lines, total, email, shipping_address, cart_id, placed_at
)
SELECT id, number, user_id, fingerprint, $1, lines, total, email, shipping_address, cart_id, statement_timestamp()
FROM (
    SELECT nextval('order_numbers') AS number, given.*
    FROM unnest($2::uuid[], $3::uuid[], $4::bytea[], $5::jsonb[], $6::bigint[], $7::text[], $8::jsonb[], $9::uuid[])
        AS given (id, user_id, fingerprint, lines, total, email, shipping_address, cart_id)
) AS numbered
ORDER BY id
"""
INSERT = f"{_INSERT} ON CONFLICT (id) DO NOTHING RETURNING id, number, placed_at"
INSERT_NEW = f"""
WITH made AS ({_INSERT} RETURNING number), said AS (
    INSERT INTO outbox (message_id, subject, payload)
    SELECT * FROM unnest($10::uuid[], $11::text[], $12::bytea[]) RETURNING message_id, id
)
SELECT statement_timestamp() AS placed_at, (SELECT array_agg(number) FROM made) AS numbers,
    (SELECT array_agg(message_id) FROM said) AS message_ids, (SELECT array_agg(id) FROM said) AS outbox_ids
"""  # noqa: S608  (both parts stand here)
EMPTY_LINES = "DELETE FROM cart_lines WHERE cart_id = ANY($1::uuid[])"
EMPTY_CARTS = "UPDATE carts SET version = version + 1, changed_at = now() WHERE id = ANY($1::uuid[])"
BY_ID = SELECT + "WHERE id = ANY($1::uuid[])"


async def lock_carts(connection: Connection, ids: Collection[UUID]) -> dict[UUID, CartContent]:
    """Those that exist and were not merged into another; the lines are read under the lock."""
    if not ids:
        return {}
    wanted = list(ids)
    carts = {row["id"]: CartContent(row["user_id"], {}) for row in await connection.fetch(LOCK_CARTS, wanted)}
    for row in await connection.fetch(CART_LINES, list(carts)):
        carts[row["cart_id"]].quantities[row["sku"]] = row["quantity"]
    return carts


async def prices_of(connection: Connection, skus: Collection[str]) -> dict[str, Listed]:
    """Those for sale. Where two products claim a SKU, the one listed last has it."""
    if not skus:
        return {}
    rows = await connection.fetch(PRICES, list(skus))
    decode = msgspec.json.decode
    return {row["sku"]: Listed(row["name"], decode(row["options"]), row["price"]) for row in rows}


async def copy_is_complete(connection: Connection) -> bool:
    """Whether the price list has wholly arrived."""
    return bool(await connection.fetchval(COPY_IS_COMPLETE))


async def insert_orders(
    connection: Connection, drafts: Sequence[Draft], currency: str
) -> dict[UUID, tuple[int, datetime]]:
    """Order id → number and moment, for those that were not there yet."""
    if not drafts:
        return {}
    rows = await connection.fetch(INSERT, currency, *_columns(drafts))
    return {row["id"]: (row["number"], row["placed_at"]) for row in rows}


async def insert_new(
    connection: Connection, drafts: Sequence[Draft], currency: str, messages: Sequence[OutboxMessage]
) -> tuple[list[int], datetime, list[Written]]:
    """Orders that nobody made before, and what is to be said about them, in one statement.

    Returns:
        The numbers, in the order of the drafts, and their moment; the messages with their rows.

    Raises:
        asyncpg.UniqueViolationError: one of them exists, and nothing was written.
    """
    row = await connection.fetchrow(
        INSERT_NEW,
        currency,
        *_columns(drafts),
        [message.message_id for message in messages],
        [message.subject for message in messages],
        [message.payload for message in messages],
    )
    assert row is not None
    return sorted(row["numbers"]), row["placed_at"], written(messages, row["message_ids"], row["outbox_ids"])


def _columns(drafts: Sequence[Draft]) -> list[list[Any]]:
    encode = msgspec.json.encode
    return [
        [d.wanted.order_id for d in drafts],
        [d.wanted.user_id for d in drafts],
        [d.wanted.fingerprint for d in drafts],
        [encode(d.lines).decode() for d in drafts],
        [d.total for d in drafts],
        [d.wanted.email for d in drafts],
        [encode(d.wanted.shipping_address).decode() if d.wanted.shipping_address else None for d in drafts],
        [d.wanted.cart_id for d in drafts],
    ]


async def empty_carts(connection: Connection, ids: Sequence[UUID]) -> None:
    """Of locked carts."""
    if ids:
        await connection.execute(EMPTY_LINES, ids)
        await connection.execute(EMPTY_CARTS, ids)


async def orders_by_id(connection: Connection, ids: Collection[UUID]) -> dict[UUID, Order]:
    """Those that exist, as they stand."""
    if not ids:
        return {}
    return {row["id"]: order_from(row) for row in await connection.fetch(BY_ID, list(ids))}
