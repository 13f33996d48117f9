"""The copies of the order log: the table `orders` on the primary and on each standby, compared row by row."""

import asyncio
from dataclasses import dataclass
from time import monotonic

import asyncpg

from markethall.local.shop import LocalShop

LOOK_SECONDS = 0.2
STATEMENT_SECONDS = 60.0

# Each row with all its columns, in order of the order's number: equal digests mean equal logs.
DIGEST = """
SELECT count(*) AS orders, encode(sha256(coalesce(
    string_agg(sha256(convert_to(o::text, 'UTF8')), '' ORDER BY o.number), ''
)), 'hex') AS digest FROM orders o
"""


@dataclass(frozen=True)
class LogCopy:
    """What one server holds."""

    server: str
    standby: bool
    orders: int
    digest: str


async def copies_of(shop: LocalShop, seconds: float) -> list[LogCopy]:
    """Every server's copy, as soon as all are equal; after `seconds`, as they are then.

    Standbys replay what the primary has committed; a shop that is quiet has equal copies within moments.
    """
    deadline = monotonic() + seconds
    while True:
        copies = [await _copy(f"postgres-{number}", dsn) for number, dsn in shop.node_dsns("orders").items()]
        if len({(copy.orders, copy.digest) for copy in copies}) == 1 or monotonic() > deadline:
            return copies
        await asyncio.sleep(LOOK_SECONDS)


async def _copy(server: str, dsn: str) -> LogCopy:
    connection = await asyncpg.connect(dsn, timeout=10, command_timeout=STATEMENT_SECONDS)
    try:
        standby = await connection.fetchval("SELECT pg_is_in_recovery()")
        row = await connection.fetchrow(DIGEST)
        assert row is not None
        return LogCopy(server, standby, row["orders"], row["digest"])
    finally:
        await connection.close(timeout=10)
