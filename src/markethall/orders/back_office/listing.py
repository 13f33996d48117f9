"""The back office's list of orders: a page is bounded work, whatever is looked for among however many orders."""

from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import msgspec

from markethall.contracts.public import Money, OrderStatus
from markethall.kit.cursors import decode_cursor, encode_cursor
from markethall.kit.db import Database
from markethall.orders.back_office import repository
from markethall.orders.back_office.moments import number_after, number_before
from markethall.orders.back_office.repository import Search
from markethall.orders.back_office.schemas import OrderRow, OrderRows
from markethall.orders.connection import Connection
from markethall.orders.fulfilment.status import history_of
from markethall.orders.history.repository import MAX_NUMBER
from markethall.orders.order import facts_from, rfc3339
from markethall.orders.sales.repository import numbers_with, uncounted_from

LIST = "orders of the back office"
STEPS = 20_000
"""Orders looked at for one page. Where fewer than `limit` of them fit, the page is short and its cursor goes on."""
HOURS = 100
"""In which a SKU was ordered, looked at for one page."""
EVER = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)


class Wanted(msgspec.Struct, frozen=True):
    """Conditions that all have to be met."""

    number: int | None = None
    status: OrderStatus | None = None
    email: str | None = None
    sku: str | None = None
    user: UUID | None = None
    placed_from: datetime | None = None
    placed_to: datetime | None = None


async def list_orders(database: Database, wanted: Wanted, limit: int, cursor: str | None) -> OrderRows:
    """
    Raises:
        InvalidCursor: it belongs to another list.
    """
    below = MAX_NUMBER
    if cursor is not None:
        (below,) = decode_cursor(LIST, wanted, cursor, (int,))
    async with database.hot() as connection:
        search = await _search(connection, wanted, below)
        rows, end = await _page(connection, search, limit)
    more = encode_cursor(LIST, wanted, [end]) if end is not None else None
    return OrderRows([_row(row) for row in rows], more)


async def _page(connection: Connection, search: Search, limit: int) -> tuple[list[asyncpg.Record], int | None]:
    """What fits, and the number below which to go on; None at the end."""
    rows: list[asyncpg.Record] = []
    steps = STEPS
    ranges, complete = await _ranges(connection, search)
    for piece in ranges:
        rows += await repository.walk(connection, piece, steps, limit + 1 - len(rows))
        if len(rows) > limit:
            return rows[:limit], rows[limit - 1]["number"]
        end = await repository.edge(connection, piece, steps)
        if end is not None:
            return rows, end
        steps -= piece.high - piece.low
        if steps <= 0 and piece.low > search.low:
            return rows, piece.low
    return rows, None if complete else ranges[-1].low


async def _ranges(connection: Connection, search: Search) -> tuple[list[Search], bool]:
    """Where to look, the highest numbers first, and whether that is everywhere.

    For a SKU alone: what is not counted yet, and then the hours in which it was ordered.
    """
    if search.sku is None or search.scope != "all":
        return [search], True
    high = min(search.high, await repository.last_number(connection) + 1)
    low = max(search.low, min(high, await uncounted_from(connection)))
    ranges = [msgspec.structs.replace(search, low=low, high=high)]
    hours = await numbers_with(connection, search.sku, low, HOURS)
    for first, last in hours:
        high, low = min(last + 1, low), max(first, search.low)
        if low < high:
            ranges.append(msgspec.structs.replace(search, low=low, high=high))
        low = min(low, high)
    return ranges, len(hours) < HOURS


async def _search(connection: Connection, wanted: Wanted, below: int) -> Search:
    low, high = 1, below
    if wanted.number is not None:
        low, high = wanted.number, min(high, wanted.number + 1)
    if wanted.placed_from is not None:
        low = max(low, await number_before(connection, wanted.placed_from))
    if wanted.placed_to is not None:
        high = min(high, await number_after(connection, wanted.placed_to))
    scope, value = "all", None
    if wanted.user is not None:
        scope, value = "user", str(wanted.user)
    elif wanted.email is not None:
        scope, value = "email", wanted.email.lower()
    return Search(
        scope=scope,
        value=value,
        low=low,
        high=high,
        placed_from=wanted.placed_from or EVER[0],
        placed_to=wanted.placed_to or EVER[1],
        status=wanted.status,
        sku=wanted.sku,
    )


def _row(row: asyncpg.Record) -> OrderRow:
    steps = history_of(facts_from(row))
    return OrderRow(
        id=str(row["id"]),
        number=row["number"],
        status=steps[-1].status,
        total=Money(row["total"], row["currency"]),
        lines=row["lines"],
        units=row["units"],
        placed_at=rfc3339(row["placed_at"]),
        settled_at=rfc3339(steps[1].at) if len(steps) > 1 else None,
        email=row["email"],
        name=row["name"],
        user_id=str(row["user_id"]) if row["user_id"] else None,
    )
