"""One audit over all databases."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import asyncpg

from markethall.auditing import across, inside
from markethall.auditing.inside import INVARIANTS, Connection, Finding

STATEMENT_SECONDS = 600.0

LAST_TRACE = """
SELECT greatest(
    max(placed_at), max(reserved_at), max(rejected_at), max(cancel_asked_at), max(released_at), max(dispatched_at)
) FROM orders
"""


async def audit(dsns: Mapping[str, str], *, live: bool) -> list[Finding]:
    """Every invariant, in order. `dsns` by database: catalog, inventory, orders, accounts.

    In a stopped shop time stands still: what waits is judged by the last moment that left a trace.

    Raises:
        OSError, asyncpg.PostgresError: a database cannot be read.
    """
    async with AsyncExitStack() as stack:
        connections: dict[str, Connection] = {}
        for name, dsn in dsns.items():
            connection = await asyncpg.connect(dsn, timeout=10, command_timeout=STATEMENT_SECONDS)
            stack.push_async_callback(connection.close, timeout=10)
            connections[name] = connection
        moment = datetime.now(UTC)
        if not live:
            moment = await connections["orders"].fetchval(LAST_TRACE) or moment
        findings = [await inside.check(each, connections[each.database], moment) for each in INVARIANTS]
        return findings + await across.check(connections["orders"], connections["inventory"], live=live)
