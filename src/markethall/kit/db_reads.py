"""Reads that a standby may answer, as long as it has what the reader has heard of.

Only for what is shown. Whatever decides (stock, carts, orders, a version that is compared) is read from the
primary: `Database`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Self, TypeVar

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from markethall.kit import freshness
from markethall.kit.db import Database, DatabaseUnavailable
from markethall.kit.freshness import Position
from markethall.kit.repeats import Hot
from markethall.kit.settings import Settings
from markethall.kit.tasks import cancel

log = structlog.get_logger(__name__)

Result = TypeVar("Result")

CATCH_UP_SECONDS = 0.02
"""What a standby is given to reach a position; usually it needs a millisecond or two."""
CATCH_UP_LOOKS = 5
STANDBY_SECONDS = 0.5
PRIMARY_SECONDS = 0.6
"""For a whole read. The primary may hang while the standbys are well."""
PROBE_SECONDS = (0.2, 0.5, 1.0, 2.0)

POSITION = "SELECT (pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::bigint"
# A standby that was promoted meanwhile has everything.
REPLAYED = """
SELECT CASE WHEN pg_is_in_recovery() THEN (pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint END
"""


class Reads:
    """Reads of one database: by its standbys where the settings name some, else by the primary.

    With the primary away they go on, by standbys that may be behind it; with all standbys away, too.
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        self._primary = database
        self._standbys = Database(settings, settings.database_read_url) if settings.database_read_url else None
        self._probing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        if self._standbys is not None:
            await self._standbys.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await cancel(self._probing)
        if self._standbys is not None:
            await self._standbys.__aexit__(kind, error, trace)

    async def begin(self, work: Callable[[AsyncConnection], Awaitable[Result]]) -> Result:
        """What `work` reads in a transaction (SQLAlchemy). It may be called more than once.

        Raises:
            DatabaseUnavailable: nobody can answer now.
        """
        return await self._read(lambda database: database.begin(), work)

    async def hot(self, work: Callable[[Hot], Awaitable[Result]]) -> Result:
        """The same on a plain asyncpg connection."""
        return await self._read(lambda database: database.hot(), work)

    async def single(self, work: Callable[[Hot], Awaitable[Result]]) -> Result:
        """The same without a transaction around it, for work that is one statement."""
        return await self._read(lambda database: database.single(), work)

    async def stamp(self) -> None:
        """After a commit: the answer to this request says how far a standby must have come to know of it."""
        if self._standbys is None:
            return
        try:
            async with asyncio.timeout(PRIMARY_SECONDS), self._primary.hot() as connection:
                freshness.current().wrote(await connection.fetchval(POSITION))
        except (DatabaseUnavailable, TimeoutError):
            freshness.current().wrote(None)

    async def check(self) -> str:
        """For health: "up", or an exception. Standbys are enough to answer reads."""
        try:
            return await self._primary.check()
        except Exception:
            if self._standbys is None:
                raise
            await self._standbys.check()
            return "up for reads: no primary"

    async def _read(
        self, opened: Callable[[Database], AbstractAsyncContextManager[Any]], work: Callable[[Any], Awaitable[Result]]
    ) -> Result:
        if self._standbys is None:
            async with opened(self._primary) as connection:
                return await work(connection)
        wanted = freshness.current()
        if wanted.at_least is not None and self._probing is None:
            try:
                async with asyncio.timeout(STANDBY_SECONDS), opened(self._standbys) as connection:
                    if await _has_reached(connection, wanted.at_least):
                        return await work(connection)
            except (DatabaseUnavailable, TimeoutError) as error:
                self._leave_alone(self._standbys, error)
        try:
            async with asyncio.timeout(PRIMARY_SECONDS), opened(self._primary) as connection:
                position = await _ask(connection, POSITION)
                result = await work(connection)
                wanted.wrote(position)
                return result
        except (DatabaseUnavailable, TimeoutError) as away:
            try:
                async with asyncio.timeout(STANDBY_SECONDS), opened(self._standbys) as connection:
                    return await work(connection)
            except TimeoutError:
                raise DatabaseUnavailable() from away

    def _leave_alone(self, standbys: Database, error: Exception) -> None:
        """Readers shall not be the ones who find out when standbys are well again."""
        if self._probing is None:
            log.warning("standbys are left alone", reason=str(error.__cause__ or error) or type(error).__name__)
            self._probing = asyncio.create_task(self._probe(standbys), name="probe the standbys")

    async def _probe(self, standbys: Database) -> None:
        attempt = 0
        while True:
            await standbys.distrust()
            await asyncio.sleep(PROBE_SECONDS[min(attempt, len(PROBE_SECONDS) - 1)])
            attempt += 1
            try:
                await standbys.check()
            except Exception as error:
                log.debug("no standby yet", reason=repr(error))
                continue
            self._probing = None
            return


async def _has_reached(connection: Any, position: Position) -> bool:
    for _ in range(CATCH_UP_LOOKS):
        replayed = await _ask(connection, REPLAYED)
        if replayed is None or replayed >= position:
            return True
        await asyncio.sleep(CATCH_UP_SECONDS / CATCH_UP_LOOKS)
    return False


async def _ask(connection: Any, question: str) -> int | None:
    if isinstance(connection, AsyncConnection):
        found: int | None = (await connection.execute(text(question))).scalar_one()
    else:
        found = await connection.fetchval(question)
    return found
