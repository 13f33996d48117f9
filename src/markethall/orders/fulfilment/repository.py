"""Facts about orders, written set by set. The first record of a fact stays."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from uuid import UUID

import asyncpg
import msgspec

from markethall.contracts.messages import Shortage
from markethall.orders.connection import Connection
from markethall.orders.fulfilment.giving_back import give_back, lock_carts_of
from markethall.orders.order import SELECT, Order, order_from

# `status.never_before`, set by set. `greatest` passes over NULL.
SETTLE = """
UPDATE orders AS o SET
    reserved_at = CASE WHEN said.reserved
        THEN greatest(said.at, o.placed_at, o.cancel_asked_at + interval '1 microsecond') END,
    rejected_at = CASE WHEN NOT said.reserved
        THEN greatest(said.at, o.placed_at, o.cancel_asked_at + interval '1 microsecond') END,
    shortages = said.shortages
FROM unnest($1::uuid[], $2::boolean[], $3::timestamptz[], $4::jsonb[]) AS said (id, reserved, at, shortages)
WHERE o.id = said.id AND o.reserved_at IS NULL AND o.rejected_at IS NULL
RETURNING o.id, o.reserved_at, o.rejected_at, o.cancel_asked_at, o.cart_id
"""
RELEASE = """
UPDATE orders AS o SET released_at = greatest(said.at, o.cancel_asked_at)
FROM unnest($1::uuid[], $2::timestamptz[]) AS said (id, at)
WHERE o.id = said.id AND o.released_at IS NULL AND o.cancel_asked_at IS NOT NULL
"""
DISPATCH = """
UPDATE orders AS o SET dispatched_at = greatest(said.at, o.fulfil_asked_at)
FROM unnest($1::uuid[], $2::timestamptz[]) AS said (id, at)
WHERE o.id = said.id AND o.dispatched_at IS NULL AND o.fulfil_asked_at IS NOT NULL
"""
LOCK = SELECT + "WHERE id = $1 FOR UPDATE"
# The clock is read under the row's lock, and no fact that is known by then counts as later.
ASK_CANCEL = """
UPDATE orders SET cancel_asked_at = greatest(clock_timestamp(), placed_at, reserved_at) WHERE id = $1
RETURNING cancel_asked_at
"""
ASK_FULFIL = """
UPDATE orders SET fulfil_asked_at = greatest(clock_timestamp(), placed_at, reserved_at) WHERE id = $1
RETURNING fulfil_asked_at
"""


_as_number = attrgetter("int")
"""PostgreSQL's order of UUIDs, at a fraction of what comparing `UUID`s costs."""


class Outcome(msgspec.Struct, frozen=True):
    """What inventory said of one order."""

    reserved: bool
    at: datetime
    shortages: list[Shortage] = []


class Settled(msgspec.Struct, frozen=True):
    """An order whose outcome was recorded just now."""

    order_id: UUID
    reserved: bool
    at: datetime
    cancelled: bool
    """It was cancelled before, so its status stays."""


async def settle(connection: Connection, outcomes: Mapping[UUID, Outcome]) -> list[Settled]:
    """Those recorded just now. Of these, the rejected ones that nobody cancelled fill their carts again.

    Rows are taken by id, so that two replicas do not wait for each other in a circle.
    """
    ids = sorted(outcomes, key=_as_number)
    carts = await lock_carts_of(connection, [order_id for order_id in ids if not outcomes[order_id].reserved])
    rows = await _record(connection, ids, outcomes)
    rejected = (row for row in rows if row["rejected_at"] is not None and row["cancel_asked_at"] is None)
    await give_back(connection, [row["id"] for row in rejected if row["cart_id"] in carts])
    return _settled(rows)


async def record_settled(connection: Connection, outcomes: Mapping[UUID, Outcome]) -> list[Settled]:
    """The same where none was rejected, in one statement."""
    return _settled(await _record(connection, sorted(outcomes, key=_as_number), outcomes))


async def _record(
    connection: Connection, ids: Sequence[UUID], outcomes: Mapping[UUID, Outcome]
) -> "list[asyncpg.Record]":
    said = [outcomes[order_id] for order_id in ids]
    return await connection.fetch(
        SETTLE,
        ids,
        [outcome.reserved for outcome in said],
        [outcome.at for outcome in said],
        [msgspec.json.encode(outcome.shortages).decode() if outcome.shortages else None for outcome in said],
    )


def _settled(rows: "Sequence[asyncpg.Record]") -> list[Settled]:
    return [
        Settled(
            row["id"],
            row["reserved_at"] is not None,
            row["reserved_at"] or row["rejected_at"],
            row["cancel_asked_at"] is not None,
        )
        for row in rows
    ]


async def record_released(connection: Connection, moments: Mapping[UUID, datetime]) -> None:
    ids = sorted(moments, key=_as_number)
    await connection.execute(RELEASE, ids, [moments[order_id] for order_id in ids])


async def record_dispatched(connection: Connection, moments: Mapping[UUID, datetime]) -> None:
    ids = sorted(moments, key=_as_number)
    await connection.execute(DISPATCH, ids, [moments[order_id] for order_id in ids])


async def lock(connection: Connection, order_id: UUID) -> Order | None:
    """The order, which nobody else changes until the transaction ends."""
    row = await connection.fetchrow(LOCK, order_id)
    return order_from(row) if row else None


async def ask_cancel(connection: Connection, order_id: UUID) -> datetime:
    """Of a locked order."""
    at: datetime = await connection.fetchval(ASK_CANCEL, order_id)
    return at


async def ask_fulfil(connection: Connection, order_id: UUID) -> datetime:
    """Of a locked order."""
    at: datetime = await connection.fetchval(ASK_FULFIL, order_id)
    return at
