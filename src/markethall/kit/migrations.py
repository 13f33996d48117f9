"""Alembic migrations of one service, run at its start by one replica at a time."""

import asyncio
import hashlib
from pathlib import Path

import asyncpg
import structlog
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from markethall.kit.db_nodes import Nodes
from markethall.kit.settings import Settings

log = structlog.get_logger(__name__)

MIGRATION_SECONDS = 300.0


async def migrate(settings: Settings, folder: Path, *, attempts: int = 60) -> None:
    """Bring the database to the newest revision in `folder` (a service's `migrations`), unless it is there or beyond.

    Replicas that start together wait for each other on an advisory lock. A database that is
    not there yet is tried again for about a minute; where its standbys say that there is nothing
    to do, a replica that can serve reads starts without it.
    """
    nodes = Nodes(settings.database_url)
    for attempt in range(attempts):
        try:
            await asyncio.wait_for(_migrate(settings, nodes, folder), MIGRATION_SECONDS)
            return
        except (OSError, asyncpg.CannotConnectNowError, asyncpg.PostgresConnectionError) as error:
            if await _is_done_at_a_standby(settings, folder):
                return
            if attempt == attempts - 1:
                raise
            log.warning("database not reachable yet", reason=str(error) or type(error).__name__)
            await asyncio.sleep(min(0.05 * 2**attempt, 1.0))


async def _migrate(settings: Settings, nodes: Nodes, folder: Path) -> None:
    newest = newest_revision(folder)

    async def connect(**_: object) -> "asyncpg.Connection[asyncpg.Record]":
        return await nodes.connect(settings.database_timeout_seconds)

    connection = await connect()
    try:
        current = await _current_revision(connection)
        if current is not None and current >= newest:
            # Beyond ours: a later release has been here. It only adds, so that we can run beside it, or after it.
            if current > newest:
                log.warning("the database is of a later release", revision=current, known=newest)
            return
    finally:
        await connection.close(timeout=5)
    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect)
    try:
        async with engine.begin() as sa_connection:
            key = int.from_bytes(hashlib.sha256(b"markethall migrations").digest()[:8], "big", signed=True)
            await sa_connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})
            await sa_connection.run_sync(upgrade, folder)
    finally:
        await engine.dispose()


async def _is_done_at_a_standby(settings: Settings, folder: Path) -> bool:
    if not settings.database_read_url:
        return False
    try:
        connection = await Nodes(settings.database_read_url).connect(settings.database_timeout_seconds)
        try:
            return await _current_revision(connection) == newest_revision(folder)
        finally:
            connection.terminate()
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False


def newest_revision(folder: Path) -> str:
    """Revisions are files `versions/NNNN_what.py` whose revision id is `NNNN`; the highest is the newest."""
    names = sorted(path.name for path in (folder / "versions").glob("[0-9]*.py"))
    return names[-1].split("_", 1)[0]


async def _current_revision(connection: "asyncpg.Connection[asyncpg.Record]") -> str | None:
    if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
        return None
    revision: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
    return revision


def upgrade(connection: Connection, folder: Path) -> None:
    """Run what is missing. Alembic is loaded only where there is something to run."""
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(folder))
    script = ScriptDirectory.from_config(config)

    def steps(revision: object, _context: object) -> list[object]:
        return list(script._upgrade_revs("head", revision))  # type: ignore[arg-type]

    with EnvironmentContext(config, script, fn=steps) as environment:
        environment.configure(connection=connection)
        with environment.begin_transaction():
            environment.run_migrations()
