"""Sums of sales, kept up by going through the orders once, in the order of their numbers.

Every order below `counted_below` has been counted, or waits in `sales_open` for its outcome. Counting and its
position are one transaction, so what dies half-way is done anew, once. An order that is cancelled after it was counted
is found by an index (`orders_to_withdraw`) and taken out of the sums again. Nothing of this is on the path of an order,
and it does not matter which release of the service has written the order's facts.

| an order | counts as |
|---|---|
| reserved, not cancelled | sold: in `orders`, `units`, `revenue`, at the time when it was placed |
| rejected, not cancelled | `rejected`, and its shortages as `short_orders` and `short_units` |
| cancelled, whenever | `cancelled` |
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

import msgspec

from markethall.kit.db import Database
from markethall.kit.tasks import Periodic
from markethall.orders.connection import Connection
from markethall.orders.fulfilment.reconciler import RIPE_SECONDS

INTERVAL_SECONDS = 1.0
CHUNK_ORDERS = 5_000
"""In one look: so many orders a second at most, however many wait. The path of orders goes first."""

LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended('sales', 0))"
READ = "SELECT counted_below, open_position, clock_timestamp() AS now FROM sales_count"
SAVE = "UPDATE sales_count SET counted_below = $1, counted_until = $2, open_position = $3"
_SETTLED = "(o.reserved_at IS NOT NULL OR o.rejected_at IS NOT NULL OR o.cancel_asked_at IS NOT NULL)"
# ruff: noqa: S608 - what is put together here is our own text.
WALK = f"""
SELECT o.number, o.placed_at, {_SETTLED} AS settled FROM orders AS o WHERE o.number >= $1 ORDER BY o.number LIMIT $2
"""
SET_ASIDE = "INSERT INTO sales_open (number) SELECT unnest($1::bigint[])"
STILL_OPEN = "SELECT number FROM sales_open WHERE number > $1 ORDER BY number LIMIT $2"
TAKE_SETTLED = f"""
DELETE FROM sales_open AS open USING orders AS o
WHERE open.number = ANY($1::bigint[]) AND o.number = open.number AND {_SETTLED}
RETURNING open.number
"""
CANCELLED_SINCE = """
SELECT number FROM orders AS o
WHERE cancel_asked_at IS NOT NULL AND sale_withdrawn IS NULL AND number < $1
    AND NOT EXISTS (SELECT FROM sales_open WHERE sales_open.number = o.number)
ORDER BY number LIMIT $2
"""
# By id, as everyone locks orders who locks several.
MARK_CANCELLED = """
WITH locked AS (
    SELECT id FROM orders
    WHERE number = ANY($1::bigint[]) AND cancel_asked_at IS NOT NULL AND sale_withdrawn IS NULL ORDER BY id FOR UPDATE
)
UPDATE orders SET sale_withdrawn = true FROM locked WHERE orders.id = locked.id
"""
# $2: they were counted as sold, and are taken out.
ADD = """
WITH counted AS (
    SELECT number, placed_at, lines, total, shortages,
        CASE WHEN $2 THEN 0 ELSE 1 END AS placed,
        CASE WHEN $2 THEN -1 WHEN sale_withdrawn IS NULL AND reserved_at IS NOT NULL THEN 1 ELSE 0 END AS sold,
        CASE WHEN NOT $2 AND sale_withdrawn IS NULL AND rejected_at IS NOT NULL THEN 1 ELSE 0 END AS rejected,
        CASE WHEN $2 OR sale_withdrawn IS NOT NULL THEN 1 ELSE 0 END AS cancelled
    FROM orders WHERE number = ANY($1::bigint[])
), quarters AS (
    INSERT INTO sales_quarters AS q (at, placed, orders, units, revenue, rejected, cancelled)
    SELECT date_bin('15 minutes', placed_at, timestamptz '2000-01-01 00:00Z') AS at, sum(placed), sum(sold),
        coalesce(sum(sold * goods.units), 0), sum(sold * total), sum(rejected), sum(cancelled)
    FROM counted CROSS JOIN LATERAL (
        SELECT sum(line.quantity) AS units FROM jsonb_to_recordset(lines) AS line (quantity bigint)
    ) AS goods
    GROUP BY 1
    ON CONFLICT (at) DO UPDATE SET placed = q.placed + excluded.placed, orders = q.orders + excluded.orders,
        units = q.units + excluded.units, revenue = q.revenue + excluded.revenue,
        rejected = q.rejected + excluded.rejected, cancelled = q.cancelled + excluded.cancelled
), moved AS (
    SELECT date_trunc('hour', placed_at, 'UTC') AS at, line.sku, number, sold AS orders, sold * line.quantity AS units,
        sold * line.quantity * line.unit_price AS revenue, 0 AS short_orders, 0 AS short_units
    FROM counted
    CROSS JOIN LATERAL jsonb_to_recordset(lines) AS line (sku text, quantity bigint, unit_price bigint)
    UNION ALL
    SELECT date_trunc('hour', placed_at, 'UTC'), short.sku, number, 0, 0, 0, 1, short.requested
    FROM counted CROSS JOIN LATERAL jsonb_to_recordset(shortages) AS short (sku text, requested bigint)
    WHERE rejected = 1
), hours AS (
    SELECT at, sku, sum(orders) AS orders, sum(units) AS units, sum(revenue) AS revenue,
        sum(short_orders) AS short_orders, sum(short_units) AS short_units,
        min(number) AS first_number, max(number) AS last_number
    FROM moved GROUP BY at, sku
), written AS (
    INSERT INTO sku_hours AS h
        (at, sku, orders, units, revenue, short_orders, short_units, first_number, last_number)
    SELECT * FROM hours
    ON CONFLICT (at, sku) DO UPDATE SET orders = h.orders + excluded.orders, units = h.units + excluded.units,
        revenue = h.revenue + excluded.revenue, short_orders = h.short_orders + excluded.short_orders,
        short_units = h.short_units + excluded.short_units,
        first_number = least(h.first_number, excluded.first_number),
        last_number = greatest(h.last_number, excluded.last_number)
)
INSERT INTO sku_days AS d (at, sku, orders, units, revenue, short_orders, short_units)
SELECT date_trunc('day', at, 'UTC'), sku, sum(orders), sum(units), sum(revenue), sum(short_orders), sum(short_units)
FROM hours GROUP BY 1, 2
ON CONFLICT (at, sku) DO UPDATE SET orders = d.orders + excluded.orders, units = d.units + excluded.units,
    revenue = d.revenue + excluded.revenue, short_orders = d.short_orders + excluded.short_orders,
    short_units = d.short_units + excluded.short_units
"""


class Walked(msgspec.Struct, frozen=True):
    """A piece of the way. `until`: all that was placed before is counted, or is open."""

    settled: list[int]
    still_open: list[int]
    below: int
    until: datetime


class SalesCounter:
    """Looks every second, one replica at a time. Its position is in the database, so any replica goes on."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._periodic = Periodic("sales", self.look, INTERVAL_SECONDS)

    async def __aenter__(self) -> Self:
        await self._periodic.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._periodic.__aexit__(kind, error, trace)

    async def look(self) -> None:
        async with self._database.hot() as connection:
            if await connection.fetchval(LOCK):
                await count_some(connection)


async def count_some(connection: Connection, *, ripe_seconds: float = RIPE_SECONDS) -> None:
    """A bounded piece of what is to be counted. The caller holds the lock, and commits.

    `ripe_seconds`: an order younger than this may have a neighbour with a lower number that is not committed yet.
    """
    row = await connection.fetchrow(READ)
    assert row is not None
    below: int = row["counted_below"]
    # In turns, for some may stay open for ever.
    waiting = [each["number"] for each in await connection.fetch(STILL_OPEN, row["open_position"], CHUNK_ORDERS)]
    settled_late = [each["number"] for each in await connection.fetch(TAKE_SETTLED, waiting)]
    walked = await _walk(connection, below, row["now"], ripe_seconds)
    await connection.execute(SET_ASIDE, walked.still_open)
    # Who was counted as sold, and cancelled since: before those who are counted only now.
    cancelled = [each["number"] for each in await connection.fetch(CANCELLED_SINCE, below, CHUNK_ORDERS)]
    late = set(settled_late)
    await _add(connection, [number for number in cancelled if number not in late], withdrawn=True)
    await _add(connection, settled_late + walked.settled, withdrawn=False)
    position = waiting[-1] if len(waiting) == CHUNK_ORDERS else 0
    await connection.execute(SAVE, walked.below, walked.until, position)


async def _walk(connection: Connection, start: int, now: datetime, ripe_seconds: float) -> Walked:
    ripe_before = now - timedelta(seconds=ripe_seconds)
    rows = await connection.fetch(WALK, start, CHUNK_ORDERS)
    ripe = max((place for place, row in enumerate(rows, 1) if row["placed_at"] <= ripe_before), default=0)
    passed = rows[:ripe]
    return Walked(
        settled=[row["number"] for row in passed if row["settled"]],
        still_open=[row["number"] for row in passed if not row["settled"]],
        below=passed[-1]["number"] + 1 if passed else start,
        until=ripe_before if len(passed) < CHUNK_ORDERS else passed[-1]["placed_at"],
    )


async def _add(connection: Connection, numbers: Sequence[int], *, withdrawn: bool) -> None:
    if numbers:
        await connection.execute(MARK_CANCELLED, numbers)
        await connection.execute(ADD, numbers, withdrawn)
