"""One PostgreSQL server of a shop: the primary, or a hot standby that follows it."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import asyncpg
import structlog

from markethall.local import standby
from markethall.local.errors import StartFailed
from markethall.local.postgres import EmbeddedPostgres
from markethall.local.standby import Source

log = structlog.get_logger(__name__)

ASK_SECONDS = 2.0
PATIENCE_SECONDS = 20.0
"""For the one server that is to take the writes. Every service asks it for connections at once: on a loaded machine it
answers late, and to end it for that begins the same again."""
PROMOTE_SECONDS = 60.0
GRACE_SECONDS = 5.0
"""For a primary that is relieved of its office: to end its work, and to hand the rest of its log to the standbys."""


class DatabaseNode:
    """Which of both it is, it is told anew at each start: never by what its folder says.

    A former primary whose place another has taken is rewound before it starts, or copied anew, and
    never takes a write in between.
    """

    service = "postgres"

    def __init__(
        self,
        number: int,
        folder: Path,
        postgres: EmbeddedPostgres,
        source: Callable[["DatabaseNode"], Source | None],
        *,
        may_be_made: bool,
    ) -> None:
        """`source`: whom to follow; None: nobody, this is the primary. `may_be_made`: an empty primary, that is
        the first start of a shop."""
        self.number = number
        self.folder = folder
        self.postgres = postgres
        self.replica = str(number)
        self.may_be_made = may_be_made
        self.must_be_copied = False
        """Following goes wrong: the next start begins with a copy."""
        self.hangs = False
        """It is not worth waiting for it when it is stopped."""
        self.relieved = False
        """When it is stopped, that is for good: another takes its place at once."""
        self.followed: str | None = None
        """The setting `primary_conninfo` that it runs with."""
        self.made_by = ""
        """How it came to follow at its last start: started, rewound or copied."""
        self._source = source

    @property
    def name(self) -> str:
        """What the primary knows a standby by."""
        return f"node_{self.number}"

    @property
    def pid(self) -> int:
        return self.postgres.pid

    @property
    def url(self) -> str:
        return self.postgres.url

    async def start(self) -> None:
        """Raises StartFailed."""
        self.hangs = self.relieved = False
        source = self._source(self)
        if source is None:
            await self._start_primary()
        else:
            await self._start_standby(source)

    async def wait(self) -> int:
        """Waits as long as it runs; the exit code."""
        return await self.postgres.wait()

    async def answers(self) -> bool:
        return await self.postgres.answers()

    async def stop(self) -> None:
        if self.relieved and not self.hangs:
            await self.postgres.end_at_once(GRACE_SECONDS)
        elif self.hangs:
            await self.postgres.end_at_once()
        else:
            await self.postgres.stop()

    def kill(self) -> None:
        self.postgres.kill()

    async def ask(self, question: str, *args: object, seconds: float = ASK_SECONDS) -> list[asyncpg.Record]:
        """Asks the server as its superuser.

        Raises:
            OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError: it does not answer.
        """
        async with asyncio.timeout(seconds):
            connection = await asyncpg.connect(self.postgres.dsn(), timeout=seconds)
            try:
                return await connection.fetch(question, *args)
            finally:
                connection.terminate()

    async def replies(self) -> bool:
        """Whether it can be asked by SQL now."""
        try:
            await self.ask("SELECT 1")
        except UNANSWERED:
            return False
        return True

    async def become_primary(self) -> None:
        """Promotes the running standby; harmless to repeat. Raises StartFailed."""
        try:
            if (await self.ask("SELECT pg_is_in_recovery()", seconds=PATIENCE_SECONDS))[0][0]:
                await self.ask(
                    f"SELECT pg_promote(true, {PROMOTE_SECONDS:.0f})", seconds=PROMOTE_SECONDS + PATIENCE_SECONDS
                )
            if (await self.ask("SELECT pg_is_in_recovery()", seconds=PATIENCE_SECONDS))[0][0]:
                raise StartFailed(f"node {self.number} is still a standby after {PROMOTE_SECONDS:.0f} s")
        except UNANSWERED as error:
            raise StartFailed(f"node {self.number} does not answer: {_words(error)}") from error

    async def turn_to(self, source: Source) -> None:
        """Makes the running standby follow another server.

        Raises:
            as `ask`.
        """
        conninfo = source.conninfo(self.name)
        async with asyncio.timeout(ASK_SECONDS):
            connection = await asyncpg.connect(self.postgres.dsn(), timeout=ASK_SECONDS)
            try:
                await connection.execute(f"ALTER SYSTEM SET primary_conninfo = '{conninfo}'")
                await connection.execute("SELECT pg_reload_conf()")
            finally:
                connection.terminate()
        self.followed = conninfo

    async def _start_primary(self) -> None:
        if not self.folder.exists() and not self.may_be_made:
            raise StartFailed(
                f"the databases in {self.folder} are gone: `markethall promote` makes a standby the primary, "
                "without one restore a backup"
            )
        await self.postgres.start()
        self.may_be_made = False
        self.followed = None
        if standby.is_standby(self.folder):  # it was chosen, and everything ended before it was promoted
            try:
                await self.become_primary()
            except BaseException:
                await self.postgres.stop()
                raise

    async def _start_standby(self, source: Source) -> None:
        conninfo = source.conninfo(self.name)
        self.made_by = await self._prepare(source, conninfo)
        self.must_be_copied = False
        try:
            await self.postgres.start()
        except StartFailed as error:
            if self.made_by == "copied":
                raise
            log.warning("standby is copied anew", node=self.number, reason=str(error))
            await standby.copy(self.folder, source, conninfo)
            self.made_by = "copied"
            await self.postgres.start()
        self.followed = conninfo

    async def _prepare(self, source: Source, conninfo: str) -> str:
        if self.folder.exists() and not self.must_be_copied:
            if standby.is_standby(self.folder):
                await asyncio.to_thread(standby.follow, self.folder, conninfo)
                return "started"
            # Once begun, rewinding spoils the folder: not without somebody to copy from.
            await source.check()
            try:
                await standby.rewind(self.folder, source, conninfo)
                return "rewound"
            except StartFailed as error:
                log.warning("standby is copied anew", node=self.number, reason=str(error))
        await standby.copy(self.folder, source, conninfo)
        return "copied"


UNANSWERED: tuple[type[Exception], ...] = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # so asyncpg says where a server breaks off in the middle of its greeting
)
"""What `DatabaseNode.ask` raises."""


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
