"""Nothing under way any more: what waits in the outboxes is told, and each order has its outcome."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from time import monotonic
from typing import Any

import asyncpg
import msgspec

from markethall.bench.errors import NotSettled

LOOK_SECONDS = 0.05
QUIET_SECONDS = 0.3
"""Longer than a batch is under way."""
SETTLE_SECONDS = 120.0
STATEMENT_SECONDS = 60.0

PENDING = """
SELECT count(*) FROM orders
WHERE number > $1 AND reserved_at IS NULL AND rejected_at IS NULL AND cancel_asked_at IS NULL
"""
COUNTS = """
SELECT count(*) AS placed,
    count(*) FILTER (WHERE reserved_at IS NOT NULL) AS confirmed,
    count(*) FILTER (WHERE rejected_at IS NOT NULL) AS rejected,
    coalesce(extract(epoch FROM max(coalesce(reserved_at, rejected_at) - placed_at)), 0)::float AS slowest_seconds
FROM orders WHERE number > $1
"""


class Counts(msgspec.Struct, frozen=True):
    """Of the orders since a mark, as the database has them. `slowest_seconds`: from placed to decided."""

    placed: int
    confirmed: int
    rejected: int
    slowest_seconds: float


class Books:
    """The databases of a local shop, read beside its work. Made by `opened`."""

    def __init__(self, connections: "Mapping[str, asyncpg.Connection[Any]]") -> None:
        self._connections = connections

    async def mark(self) -> int:
        """The highest order number so far; later ones are above it where nothing is under way."""
        number: int = await self._connections["orders"].fetchval("SELECT coalesce(max(number), 0) FROM orders")
        return number

    async def settled(self, mark: int, seconds: float = SETTLE_SECONDS) -> float:
        """Waits until nothing is under way, and has not been for a moment: fronts may hold orders that no database
        knows yet, of buyers who have left. The seconds until that moment began. Raises NotSettled.
        """
        began = quiet_since = monotonic()
        last = await self.mark()
        while monotonic() - quiet_since < QUIET_SECONDS:
            await asyncio.sleep(LOOK_SECONDS)
            left, newest = await self._under_way(mark), await self.mark()
            if left is not None or newest != last:
                last, quiet_since = newest, monotonic()
                if quiet_since - began > seconds:
                    raise NotSettled(f"not settled after {seconds:.0f} s: {left or 'orders are still placed'}")
        return quiet_since - began

    async def counts(self, mark: int) -> Counts:
        row = await self._connections["orders"].fetchrow(COUNTS, mark)
        assert row is not None
        return Counts(**dict(row))

    async def _under_way(self, mark: int) -> str | None:
        for name, connection in self._connections.items():
            if await connection.fetchval("SELECT EXISTS (SELECT FROM outbox)"):
                return f"messages of {name} wait for the bus"
        pending: int = await self._connections["orders"].fetchval(PENDING, mark)
        return f"{pending} orders are pending" if pending else None


@asynccontextmanager
async def opened(dsns: Mapping[str, str]) -> AsyncIterator[Books]:
    """`dsns` by database. Raises OSError, asyncpg.PostgresError."""
    async with AsyncExitStack() as stack:
        connections: dict[str, asyncpg.Connection[Any]] = {}
        for name, dsn in dsns.items():
            connection = await asyncpg.connect(dsn, timeout=10, command_timeout=STATEMENT_SECONDS)
            stack.push_async_callback(connection.close, timeout=10)
            connections[name] = connection
        yield Books(connections)
