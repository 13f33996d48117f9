"""SQL of the back office's list of orders: each statement reads a bounded piece of one index."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from markethall.orders.connection import Connection

_FACTS = "placed_at, reserved_at, rejected_at, cancel_asked_at, released_at, fulfil_asked_at, dispatched_at"
_SCOPES = {
    "all": "$3::text IS NULL",
    "user": "user_id = $3::text::uuid",
    "email": "email IS NOT NULL AND lower(email) = $3",
}
"""Each has an index that ends with the number."""

# `status.status_of`, in SQL. A test compares them.
STATUS = """
CASE WHEN fulfil_asked_at IS NOT NULL THEN 'fulfilled' WHEN cancel_asked_at IS NOT NULL THEN 'cancelled'
    WHEN rejected_at IS NOT NULL THEN 'rejected' WHEN reserved_at IS NOT NULL THEN 'confirmed' ELSE 'pending' END
"""

# ruff: noqa: S608 - what is put together here is our own text.
WALKS = {
    scope: f"""
        SELECT id, number, user_id, email, shipping_address->>'name' AS name, currency, total,
            jsonb_array_length(lines) AS lines,
            (SELECT sum(line.quantity) FROM jsonb_to_recordset(lines) AS line (quantity bigint))::bigint AS units,
            {_FACTS}
        FROM (
            SELECT * FROM orders WHERE number >= $1 AND number < $2 AND {condition} ORDER BY number DESC LIMIT $8
        ) AS walked
        WHERE placed_at >= $4 AND placed_at < $5
            AND ($6::text IS NULL OR {STATUS} = $6) AND ($7::jsonb IS NULL OR lines @> $7)
        ORDER BY number DESC LIMIT $9
    """
    for scope, condition in _SCOPES.items()
}
EDGES = {
    scope: f"""
        SELECT number FROM orders WHERE number >= $1 AND number < $2 AND {condition}
        ORDER BY number DESC OFFSET $4::bigint - 1 LIMIT 1
    """
    for scope, condition in _SCOPES.items()
}
FIRST_FROM = "SELECT number, placed_at FROM orders WHERE number >= $1 ORDER BY number LIMIT 1"
LAST = "SELECT number FROM orders ORDER BY number DESC LIMIT 1"
MORE = "SELECT email, shipping_address FROM orders WHERE id = $1"


class Search(msgspec.Struct, frozen=True):
    """What is looked for. `low` and `high` bound the numbers; `placed_from` and `placed_to` the moments."""

    scope: str
    value: str | None
    low: int
    high: int
    placed_from: datetime
    placed_to: datetime
    status: str | None
    sku: str | None


async def walk(connection: Connection, search: Search, steps: int, limit: int) -> Sequence[asyncpg.Record]:
    """At most `limit` orders that fit among the next `steps` of the index, newest first."""
    containing = None if search.sku is None else msgspec.json.encode([{"sku": search.sku}]).decode()
    return await connection.fetch(
        WALKS[search.scope],
        search.low,
        search.high,
        search.value,
        search.placed_from,
        search.placed_to,
        search.status,
        containing,
        steps,
        limit,
    )


async def edge(connection: Connection, search: Search, steps: int) -> int | None:
    """The number of the last of the next `steps` orders of the index; None where it ends before."""
    found: int | None = await connection.fetchval(EDGES[search.scope], search.low, search.high, search.value, steps)
    return found


async def first_from(connection: Connection, number: int) -> tuple[int, datetime] | None:
    """The first order from a number on, and when it was placed."""
    row = await connection.fetchrow(FIRST_FROM, number)
    return (row["number"], row["placed_at"]) if row else None


async def last_number(connection: Connection) -> int:
    """0 where there is no order."""
    return await connection.fetchval(LAST) or 0


async def contact(connection: Connection, order_id: UUID) -> tuple[str | None, dict[str, Any] | None]:
    """E-mail and shipping address."""
    row = await connection.fetchrow(MORE, order_id)
    if row is None:
        return None, None
    address = row["shipping_address"]
    return row["email"], msgspec.json.decode(address, type=dict[str, Any]) if address else None
