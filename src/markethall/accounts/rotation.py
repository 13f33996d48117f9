"""A new signing key out of turn: because somebody left, or because a key is no longer secret.

Nothing is said to the replicas of accounts: they read the keys every ten seconds, tell the bus, and follow.
"""

from datetime import UTC, datetime, timedelta

import asyncpg

from markethall.accounts.keys import MARGIN, new_key

LEAD = timedelta(seconds=30)
"""Three readings of the keys: by then all who verify know the new key, and when the old ones end."""


async def rotate(dsn: str, token_life: timedelta, *, revoke: bool = False) -> datetime:
    """Makes a key; answers when the tokens of the former keys have all ended.

    The new key signs in 30 s, and no buyer notices: the former stay good until their last token has expired.
    `revoke`: the new key signs at once and the former are worth nothing in 30 s, whoever holds them. Whose token
    ends by that refreshes it, as if it had expired.

    `token_life` is what accounts runs with. Raises OSError, asyncpg.PostgresError.
    """
    connection = await asyncpg.connect(dsn, timeout=10, command_timeout=30)
    try:
        async with connection.transaction():
            await connection.execute("LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE")
            effective = datetime.now(UTC) + LEAD
            # A key is good for a token's life (and a margin for clocks) after the next one became active.
            ends = effective if revoke else effective + token_life + MARGIN
            key = new_key(ends - token_life - MARGIN)
            if revoke:
                await connection.execute(
                    "UPDATE signing_keys SET active_from = least(active_from, $1)",
                    key.active_from - timedelta(microseconds=1),
                )
            await connection.execute(
                "INSERT INTO signing_keys (kid, private_key, active_from) VALUES ($1, $2, $3)",
                key.kid,
                key.private.private_bytes_raw(),
                key.active_from,
            )
    finally:
        await connection.close(timeout=10)
    return ends
