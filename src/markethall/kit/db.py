"""PostgreSQL for one service: SQLAlchemy Core for ordinary work, plain asyncpg for batches."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self

import asyncpg
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from markethall.kit.errors import Unavailable
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

LOST_CONNECTION = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
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


class DatabaseUnavailable(Unavailable):
    """The database does not answer just now; nothing of the transaction is kept unless it was committed."""

    code = "database_unavailable"


class Database:
    """Connections to one database, opened when first needed, each wait bounded.

    A transaction opens and closes at one visible place: `begin` (SQLAlchemy Core) or `hot`
    (asyncpg, planned for set-based statements). Both raise `DatabaseUnavailable` where the
    server is gone, too slow, or the transaction has to be tried again.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._timeout = settings.database_timeout_seconds
        self._engine: AsyncEngine | None = None
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._pool_lock = asyncio.Lock()

    @property
    def url(self) -> str:
        return self._settings.database_url

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
        event.listen(self._engine.sync_engine, "checkout", _refuse_ended)
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

    async def _connect(self, **settings: Any) -> "asyncpg.Connection[asyncpg.Record]":
        return await asyncpg.connect(self.url, timeout=self._timeout, server_settings=self._server_settings())

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
        with _translated():
            async with self._engine.begin() as connection:
                yield connection

    @asynccontextmanager
    async def hot(self) -> AsyncIterator["asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"]:
        """One transaction on a plain asyncpg connection with generic, index-only-join plans."""
        pool = await self._hot_pool()
        with _translated():
            async with pool.acquire(timeout=self._timeout) as connection, connection.transaction():
                yield connection

    async def _hot_pool(self) -> "asyncpg.Pool[asyncpg.Record]":
        if self._pool is None:
            async with self._pool_lock:
                if self._pool is None:
                    with _translated():
                        self._pool = await asyncpg.create_pool(
                            self.url,
                            min_size=0,
                            max_size=self._settings.database_pool,
                            timeout=self._timeout,
                            command_timeout=self._timeout,
                            server_settings=self._server_settings() | GENERIC_PLANS,
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


def _refuse_ended(dbapi_connection: Any, _record: object, _proxy: object) -> None:
    if dbapi_connection.driver_connection.is_closed():
        raise DisconnectionError("the connection has ended")


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
