"""PostgreSQL for one service: SQLAlchemy Core for ordinary work, plain asyncpg for batches."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import TracebackType
from typing import Any, Self, TypeAlias

import asyncpg
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from markethall.kit.db_nodes import Nodes
from markethall.kit.errors import Unavailable
from markethall.kit.figures import FIGURES
from markethall.kit.settings import Settings

GENERIC_PLANS = {
    # A set-based statement planned on empty tables would stay a sequential scan for good.
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    # Compiling costs more than any of these statements.
    "jit": "off",
}

ROLLBACK_SECONDS = 0.5

LOST_CONNECTION = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # so asyncpg says where a server breaks off in the middle of its greeting
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.ReadOnlySQLTransactionError,
    TimeoutError,
    PoolTimeout,
)
PASSING = (
    asyncpg.QueryCanceledError,
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.DiskFullError,
)


Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"


class DatabaseUnavailable(Unavailable):
    """The database does not answer just now; nothing of the transaction is kept unless it was committed."""

    code = "database_unavailable"


class Database:
    """Connections to one database, opened when first needed, each wait bounded.

    A transaction opens and closes at one visible place: `begin` (SQLAlchemy Core) or `hot`
    (asyncpg, planned for set-based statements). Both raise `DatabaseUnavailable` where the
    server is gone, too slow, or the transaction has to be tried again; and where a commit was
    to be on a standby, too, and the server answered without waiting for that.

    Where the URL names several servers, connections lead to the primary, and to the next one
    after a promotion. A connection that did not answer in time is dropped, and with it all
    that were opened before: they may lead to the same server.
    """

    def __init__(self, settings: Settings, url: str | None = None) -> None:
        """`url`: in place of the one in the settings."""
        self._settings = settings
        self._url = settings.database_url if url is None else url
        self._nodes = Nodes(self._url)
        self._distrusted = 0.0
        """Connections older than this moment of the monotonic clock are not used again."""
        self._timeout = settings.database_timeout_seconds
        self._engine: AsyncEngine | None = None
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._pool_lock = asyncio.Lock()

    @property
    def url(self) -> str:
        return self._url

    async def __aenter__(self) -> Self:
        self._engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=self._connect,
            pool_size=self._settings.database_pool,
            max_overflow=0,
            pool_timeout=self._timeout,
            pool_use_lifo=True,
            # What a failed statement was given (a password's hash, an address) stays out of the logs.
            hide_parameters=True,
        )
        # After the server's restart: whoever takes a connection that ended meanwhile gets a new one.
        event.listen(self._engine.sync_engine, "connect", _note_birth)
        event.listen(self._engine.sync_engine, "checkout", self._refuse_ended)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            try:
                await asyncio.wait_for(self._pool.close(), self._timeout)
            except TimeoutError:
                self._pool.terminate()
        if self._engine is not None:
            await self._engine.dispose()

    async def _connect(self, **_settings: Any) -> "asyncpg.Connection[asyncpg.Record]":
        return await self._nodes.connect(
            self._timeout, command_timeout=self._timeout, server_settings=self._server_settings()
        )

    async def _connect_hot(self, *_args: Any, **settings: Any) -> "asyncpg.Connection[asyncpg.Record]":
        return await self._nodes.connect(
            self._timeout,
            command_timeout=self._timeout,
            server_settings=self._server_settings() | GENERIC_PLANS,
            **settings,
        )

    async def distrust(self) -> None:
        """Leave all connections that are open now: whoever comes next opens another."""
        self._distrusted = time.monotonic()
        if self._pool is not None:
            await self._pool.expire_connections()

    def _refuse_ended(self, dbapi_connection: Any, record: Any, _proxy: object) -> None:
        connection = dbapi_connection.driver_connection
        if connection.is_closed() or record.info["born"] < self._distrusted:
            connection.terminate()
            raise DisconnectionError("the connection has ended, or leads nowhere")

    def _server_settings(self) -> dict[str, str]:
        milliseconds = str(int(self._timeout * 1000))
        return {
            "application_name": f"markethall-{self._settings.service}-{self._settings.replica}",
            "statement_timeout": milliseconds,
            "lock_timeout": milliseconds,
            "idle_in_transaction_session_timeout": str(int(self._timeout * 2000)),
            "timezone": "UTC",
        }

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """One transaction, committed at the end of the block unless it raises."""
        assert self._engine is not None, "the database is not open"
        FIGURES.carried("database")
        with _translated():
            async with self._engine.connect() as connection:
                driver = (await connection.get_raw_connection()).driver_connection
                assert driver is not None
                transaction = await connection.begin()
                try:
                    yield connection
                    with _acknowledged(driver):
                        await transaction.commit()
                except BaseException:
                    if transaction.is_active and not await _ends(transaction.rollback()):
                        driver.terminate()
                        await connection.invalidate()
                        await self.distrust()
                    raise

    @asynccontextmanager
    async def hot(self) -> AsyncIterator["asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"]:
        """One transaction on a plain asyncpg connection with generic, index-only-join plans."""
        pool = await self._hot_pool()
        FIGURES.carried("database")
        with _translated():
            async with pool.acquire(timeout=self._timeout) as connection:
                transaction = connection.transaction()
                ended = False
                try:
                    await transaction.start()
                    yield connection
                    with _acknowledged(connection):
                        await transaction.commit()
                        ended = True
                except BaseException:
                    if not ended and not await _ends(transaction.rollback()):
                        connection.terminate()
                        await self.distrust()
                    raise

    @asynccontextmanager
    async def single(self) -> AsyncIterator["asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"]:
        """A connection as `hot` has it, without a transaction around it: each statement is one by itself, and
        committed when it returns. Two round trips less."""
        pool = await self._hot_pool()
        FIGURES.carried("database")
        with _translated():
            async with pool.acquire(timeout=self._timeout) as connection:
                try:
                    with _acknowledged(connection):
                        yield connection
                except (TimeoutError, OSError):
                    connection.terminate()
                    await self.distrust()
                    raise

    async def _hot_pool(self) -> "asyncpg.Pool[asyncpg.Record]":
        if self._pool is None:
            async with self._pool_lock:
                if self._pool is None:
                    with _translated():
                        self._pool = await asyncpg.create_pool(
                            min_size=0,
                            max_size=self._settings.database_pool,
                            connect=self._connect_hot,
                            # Nothing is set in a session here; the default would ask the server
                            # to reset all of it, one round trip more for every transaction.
                            reset=_keep_session,
                        )
        assert self._pool is not None
        return self._pool

    async def check(self) -> str:
        """For health: "up", or an exception."""
        from sqlalchemy import text

        async with asyncio.timeout(2), self.begin() as connection:
            await connection.execute(text("SELECT 1"))
        return "up"


async def _keep_session(_connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    return None


def _note_birth(_connection: Any, record: Any) -> None:
    record.info["born"] = time.monotonic()


async def _ends(rollback: Awaitable[None]) -> bool:
    """Whether the rollback works, so that the connection can be used again. One that hangs must not be waited for."""
    try:
        async with asyncio.timeout(ROLLBACK_SECONDS):
            await rollback
    except Exception:
        return False
    return True


@contextmanager
def _acknowledged(connection: Connection) -> Iterator[None]:
    """Around a commit: an answer is one only if the server kept all it promises.

    A server that waits for a standby, and whose waiting is cancelled (`pg_cancel_backend`, a pooler's time limit),
    answers COMMIT as a success with a warning: the transaction is on the primary alone.

    Raises:
        DatabaseUnavailable: whether it is kept is not known, as after a broken connection.
    """
    warnings: list[str] = []

    def hear(_connection: object, message: Any) -> None:
        if (message.severity_en or message.severity) == "WARNING":
            warnings.append(message.message)

    connection.add_log_listener(hear)
    try:
        yield
    finally:
        if not connection.is_closed():
            connection.remove_log_listener(hear)
    if warnings:
        raise DatabaseUnavailable(f"Committed, but: {warnings[0]}")


class _translated:
    """Errors that mean "not just now" become `DatabaseUnavailable`; all others pass as they are."""

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and is_passing(error):
            raise DatabaseUnavailable() from error


def is_passing(error: BaseException) -> bool:
    """Whether the same statement may well succeed later."""
    cause = error.orig.__cause__ if isinstance(error, DBAPIError) and error.orig is not None else error
    if isinstance(cause, asyncpg.InterfaceError) and isinstance(cause, ValueError):
        return False  # a parameter that its type cannot hold, now or later
    if isinstance(error, (*LOST_CONNECTION, *PASSING)):
        return True
    if isinstance(error, DBAPIError):
        return (
            error.connection_invalidated
            or isinstance(error, InterfaceError | OperationalError)
            or (cause is not None and isinstance(cause, (*LOST_CONNECTION, *PASSING)))
        )
    return False
