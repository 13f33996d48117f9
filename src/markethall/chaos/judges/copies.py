"""When all is quiet, every copy of a database equals the primary, table by table."""

import asyncio
from time import monotonic
from typing import NamedTuple

import asyncpg

from markethall.chaos.judges.final import connect
from markethall.chaos.judges.verdict import Violation, violation
from markethall.local.credentials import DATABASES
from markethall.local.shop import LocalShop

RULE = "copies equal"
EQUAL_SECONDS = 30.0
"""A standby that was away has to catch up first."""
LOOK_SECONDS = 0.5

# The reconciler writes its one row every two seconds, however quiet it is: on a slow machine a standby is never seen
# with the same one.
TABLES = """
SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'reconciliation' ORDER BY tablename
"""
# Whatever the order of the rows: the sum of what each comes to, with all its columns.
DIGEST = 'SELECT count(*) AS rows, coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text AS digest FROM "{}" t'


class _Copy(NamedTuple):
    rows: int
    digest: str


async def judge_copies(shop: LocalShop, *, seconds: float = EQUAL_SECONDS) -> list[Violation]:
    """Nothing to say where there are no standbys. Raises LocalError, OSError, asyncpg.PostgresError,
    asyncpg.InterfaceError."""
    found = []
    for database in DATABASES:
        if len(shop.node_dsns(database)) > 1:
            found += await _judge(shop, database, monotonic() + seconds)
    return found


async def _judge(shop: LocalShop, database: str, deadline: float) -> list[Violation]:
    """A table that was found equal once is done with: a few are written to now and then however quiet it is."""
    differing: set[tuple[int, str]] | None = None
    while True:
        primary = await _tables(shop.dsn(database))
        standbys = {number: dsn for number, dsn in shop.node_dsns(database).items() if number != shop.primary}
        nodes = {number: await _tables(dsn) for number, dsn in standbys.items()}
        unequal = {
            (number, table): (primary[table], copy.get(table))
            for number, copy in nodes.items()
            for table in primary
            if copy.get(table) != primary[table]
        }
        differing = unequal.keys() & differing if differing is not None else set(unequal)
        if not differing:
            return []
        if monotonic() > deadline:
            return [
                violation(RULE, f"{database}.{table}: {_said(unequal[number, table], shop.primary, number)}")
                for number, table in sorted(differing)
            ]
        await asyncio.sleep(LOOK_SECONDS)


def _said(pair: tuple[_Copy, _Copy | None], primary: int, node: int) -> str:
    here, there = pair
    if there is None:
        return f"is not on node {node}"
    if here.rows != there.rows:
        return f"{here.rows} rows on the primary (node {primary}), {there.rows} on node {node}"
    return f"its {here.rows} rows on the primary (node {primary}) are not those on node {node}"


async def _tables(dsn: str) -> dict[str, _Copy]:
    connection: asyncpg.Connection[asyncpg.Record] = await connect(dsn)
    try:
        names = [row[0] for row in await connection.fetch(TABLES)]
        return {name: _Copy(*(await connection.fetch(DIGEST.format(name)))[0]) for name in names}
    finally:
        await connection.close(timeout=5)
