"""What a transaction finds, and acknowledges without writing anything, must be as safe as what it writes.

Where commits wait for a standby, a transaction that only reads does not wait. What it read may be on the primary
alone: committed there by somebody whose waiting was broken off, or found by a primary that has recovered from a
crash. Whoever acknowledges such a find (an order that a repeated request finds, a message that brings nothing
new) says so here: the commit then waits as a writer's does, and its place in the log comes after all it read.
"""

from typing import TypeAlias

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

Hot: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"

# A record in the log that nobody reads; none where commits wait for nobody.
CONFIRM = """
SELECT CASE WHEN current_setting('synchronous_standby_names') <> ''
    THEN pg_logical_emit_message(true, 'repeat', '') END
"""


async def confirm_found(connection: "AsyncConnection | Hot") -> None:
    """Makes the commit of this transaction wait until a standby has all that it has read."""
    if isinstance(connection, AsyncConnection):
        await connection.execute(text(CONFIRM))
    else:
        await connection.execute(CONFIRM)
