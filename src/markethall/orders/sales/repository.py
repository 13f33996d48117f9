"""Reading the sums: what is read grows with the period and the number of SKUs, not with that of orders."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import asyncpg

from markethall.orders.connection import Connection
from markethall.orders.sales.periods import split

COUNTED_UNTIL = "SELECT counted_until FROM sales_count"
# ruff: noqa: S608 - what is put together here is our own text.
_SUMS = ", ".join(
    f"sum({name})::bigint AS {name}" for name in ("placed", "orders", "units", "revenue", "rejected", "cancelled")
)
SERIES = f"""
SELECT width_bucket(at, $1::timestamptz[]) AS place, {_SUMS} FROM sales_quarters
WHERE at >= $2 AND at < $3 GROUP BY 1
"""
RANKED = {
    by: f"""
        WITH ranked AS (
            SELECT sku, sum(orders)::bigint AS orders, sum(units)::bigint AS units, sum(revenue)::bigint AS revenue,
                sum(short_orders)::bigint AS short_orders, sum(short_units)::bigint AS short_units
            FROM (
                SELECT sku, orders, units, revenue, short_orders, short_units FROM sku_days
                WHERE at >= $2 AND at < $3
                UNION ALL
                SELECT sku, orders, units, revenue, short_orders, short_units FROM sku_hours
                WHERE at >= $1 AND at < least($2, $4)
                UNION ALL
                SELECT sku, orders, units, revenue, short_orders, short_units FROM sku_hours
                WHERE at >= greatest($3, $1) AND at < $4
            ) AS pieces
            GROUP BY sku HAVING sum({by}) > 0 ORDER BY sum({by}) DESC, sku LIMIT $5
        )
        SELECT ranked.*, listed.name, listed.slug FROM ranked
        LEFT JOIN LATERAL (
            SELECT name, slug FROM price_list WHERE price_list.sku = ranked.sku ORDER BY listed_at DESC LIMIT 1
        ) AS listed ON true
        ORDER BY {by} DESC, sku
    """
    for by in ("units", "revenue", "short_orders")
}
HOURS_OF_SKU = """
SELECT first_number, last_number FROM sku_hours WHERE sku = $1 AND first_number < $2 ORDER BY at DESC LIMIT $3
"""
UNCOUNTED = """
SELECT least((SELECT counted_below FROM sales_count), (SELECT number FROM sales_open ORDER BY number LIMIT 1))
"""

By = Literal["units", "revenue", "short_orders"]


async def counted_until(connection: Connection) -> datetime | None:
    moment: datetime | None = await connection.fetchval(COUNTED_UNTIL)
    return moment


async def series(connection: Connection, starts: Sequence[datetime]) -> dict[int, asyncpg.Record]:
    """By place in `starts`, whose last is the end; places without an order are left out."""
    rows = await connection.fetch(SERIES, starts[:-1], starts[0], starts[-1])
    return {row["place"] - 1: row for row in rows}


async def ranked(
    connection: Connection, begin: datetime, end: datetime, by: By, limit: int
) -> Sequence[asyncpg.Record]:
    """SKUs with the most of something, in whole hours."""
    first_day, last_day = split(begin, end)
    return await connection.fetch(RANKED[by], begin, first_day, last_day, end, limit)


async def uncounted_from(connection: Connection) -> int:
    """All orders with lower numbers are in the sums."""
    number: int = await connection.fetchval(UNCOUNTED)
    return number


async def numbers_with(connection: Connection, sku: str, below: int, limit: int) -> Sequence[tuple[int, int]]:
    """Ranges of numbers, first and last, that have all counted orders of a SKU; latest first."""
    return [tuple(row) for row in await connection.fetch(HOURS_OF_SKU, sku, below, limit)]
