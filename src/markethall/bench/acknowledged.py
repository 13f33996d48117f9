"""Orders that somebody was told of, looked up in the database."""

from collections.abc import Sequence

import asyncpg

AT_ONCE = 20_000
STATEMENT_SECONDS = 60.0
FOUND = "SELECT count(*) FROM orders WHERE id = ANY($1::uuid[])"
CONFIRMED = f"{FOUND} AND reserved_at IS NOT NULL"


async def lost(dsn: str, confirmed: Sequence[str], accepted: Sequence[str]) -> tuple[int, int]:
    """How many ids of `confirmed` are not those of confirmed orders, and of `accepted` not those of any. An id that
    stands there twice is one lost, too: each was the answer to another key. Raises OSError, asyncpg.PostgresError.
    """
    connection = await asyncpg.connect(dsn, timeout=10, command_timeout=STATEMENT_SECONDS)
    try:
        found = [0, 0]
        for index, (statement, told) in enumerate(((CONFIRMED, confirmed), (FOUND, accepted))):
            ids = sorted(set(told))
            for at in range(0, len(ids), AT_ONCE):
                found[index] += await connection.fetchval(statement, ids[at : at + AT_ONCE])
    finally:
        await connection.close(timeout=10)
    return len(confirmed) - found[0], len(accepted) - found[1]
