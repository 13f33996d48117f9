"""SQL on the counts that slow attempts down. All times are the database's, so that replicas agree."""

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import Double, cast, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from markethall.accounts.slowdown import Attempts
from markethall.accounts.tables import attempts

Change = Callable[[Attempts, float], Attempts]
NOW = cast(func.extract("epoch", func.clock_timestamp()), Double)


async def read(connection: AsyncConnection, keys: Sequence[bytes]) -> tuple[dict[bytes, Attempts], float]:
    """What is counted under the keys, and the time. Keys without a count are left out."""
    now: float = (await connection.execute(select(NOW))).scalar_one()
    rows = await connection.execute(select(attempts).where(attempts.c.key.in_(keys)))
    return {row.key: Attempts(row.number, row.latest, row.forget_at) for row in rows}, now


async def change(connection: AsyncConnection, changes: Mapping[bytes, Change]) -> dict[bytes, Attempts]:
    """Apply a rule to each key, one after the other over all replicas; answers what was there before."""
    before: dict[bytes, Attempts] = {}
    # In the order of the keys, so that two never wait for each other.
    for key in sorted(changes):
        before[key], now = await _lock(connection, key)
        after = changes[key](before[key], now)
        await connection.execute(
            update(attempts)
            .where(attempts.c.key == key)
            .values(number=after.count, latest=after.latest, forget_at=after.forget_at)
        )
    return before


async def forget(connection: AsyncConnection, key: bytes) -> None:
    await connection.execute(delete(attempts).where(attempts.c.key == key))


async def delete_forgotten(connection: AsyncConnection) -> None:
    await connection.execute(delete(attempts).where(attempts.c.forget_at < NOW))


async def _lock(connection: AsyncConnection, key: bytes) -> tuple[Attempts, float]:
    """The row, made where it is missing, locked until the end of the transaction."""
    statement = upsert(attempts).values(key=key, number=0, latest=0.0, forget_at=0.0)
    touched = statement.on_conflict_do_update(index_elements=[attempts.c.key], set_={"number": attempts.c.number})
    row = (
        await connection.execute(
            touched.returning(attempts.c.number, attempts.c.latest, attempts.c.forget_at, NOW.label("now"))
        )
    ).one()
    return Attempts(row.number, row.latest, row.forget_at), row.now
