"""How a data directory comes to follow another server: copied from it, or rewound to where both were one.

A directory under work has another name (`….unfinished`) and gets its own by a rename at the end: it is
whole, or not there.
"""

import asyncio
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from markethall.local import stale
from markethall.local.credentials import REPLICATOR, SUPERUSER
from markethall.local.errors import StartFailed
from markethall.local.postgres import data_directory, environment
from markethall.local.postgres_files import account_for
from markethall.local.postgres_programs import run_program
from markethall.local.process import Account

COPY_SECONDS = 1800.0
REWIND_SECONDS = 300.0
WAL_KEPT = "512MB"
"""Of the log, for standbys that were away: one that needs older parts is copied anew. No replication slots,
by which a standby that never comes back would fill the primary's disk."""
SIGNAL = "standby.signal"
"""The file by which PostgreSQL starts as a standby; it is gone once a standby was promoted."""
_SETTINGS = "postgresql.auto.conf"


@dataclass(frozen=True)
class Source:
    """A server to follow, as this node reaches it."""

    host: str
    port: int
    passwords: Mapping[str, str]

    def conninfo(self, name: str) -> str:
        """For PostgreSQL's setting `primary_conninfo`; `name` is what the primary knows the standby by."""
        return (
            f"host={self.host} port={self.port} user={REPLICATOR} password={self.passwords[REPLICATOR]} "
            f"application_name={name} connect_timeout=5 keepalives_idle=5 keepalives_interval=2 keepalives_count=3"
        )

    async def check(self) -> None:
        """Raises StartFailed: it does not answer, or is no primary."""
        try:
            connection = await asyncpg.connect(
                host=self.host,
                port=self.port,
                user=SUPERUSER,
                password=self.passwords[SUPERUSER],
                database=SUPERUSER,
                timeout=5,
                command_timeout=5,
            )
            try:
                follows = await connection.fetchval("SELECT pg_is_in_recovery()")
            finally:
                connection.terminate()
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise StartFailed(f"the primary does not answer: {str(error) or type(error).__name__}") from error
        if follows:
            raise StartFailed("the server to follow is a standby itself")


def is_standby(folder: Path) -> bool:
    return (folder / SIGNAL).exists()


def follow(folder: Path, conninfo: str) -> None:
    """The stopped server in `folder` will start as a standby of whoever `conninfo` names."""
    account = account_for(folder)
    settings = folder / _SETTINGS
    lines = settings.read_text().splitlines() if settings.exists() else []
    kept = [line for line in lines if not line.strip().startswith("primary_conninfo")]
    _write(settings, "\n".join([*kept, f"primary_conninfo = '{conninfo}'"]) + "\n", account)
    _write(folder / SIGNAL, "", account)


async def copy(folder: Path, source: Source, conninfo: str) -> None:
    """A new copy of the source's databases, in place of what there was. Raises StartFailed, and keeps that."""
    unfinished, account = _unfinished(folder), account_for(folder)
    await asyncio.to_thread(_clear, folder)
    unfinished.mkdir(mode=0o700)
    if account is not None:
        os.chown(unfinished, account.uid, account.gid)
    await _run(
        "pg_basebackup",
        [
            f"--pgdata={data_directory(unfinished, account)}",
            f"--host={source.host}",
            f"--port={source.port}",
            f"--username={REPLICATOR}",
            "--no-password",
            "--checkpoint=fast",
            "--wal-method=stream",
        ],
        unfinished,
        source.passwords[REPLICATOR],
        seconds=COPY_SECONDS,
    )
    follow(unfinished, conninfo)
    await asyncio.to_thread(_replace, folder)


async def rewind(folder: Path, source: Source, conninfo: str) -> None:
    """Takes back what the server in `folder` wrote since it and the source parted. Raises StartFailed; then
    the folder may be gone."""
    unfinished = await asyncio.to_thread(_set_aside, folder)
    await _run(
        "pg_rewind",
        [
            f"--target-pgdata={data_directory(unfinished, account_for(unfinished))}",
            f"--source-server=host={source.host} port={source.port} user={SUPERUSER} dbname={SUPERUSER} "
            "connect_timeout=5",
        ],
        unfinished,
        source.passwords[SUPERUSER],
        seconds=REWIND_SECONDS,
    )
    follow(unfinished, conninfo)
    await asyncio.to_thread(_replace, folder)


def _unfinished(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.unfinished")


def _set_aside(folder: Path) -> Path:
    stale.end_processes_in(folder)
    _clear(folder)
    unfinished = folder.rename(_unfinished(folder))
    (unfinished / SIGNAL).unlink(missing_ok=True)
    # After a crash pg_rewind lets the server recover first, by its files alone; it must not throw
    # away the part of the log in which both parted.
    settings = unfinished / _SETTINGS
    lines = settings.read_text() if settings.exists() else ""
    _write(settings, f"{lines}wal_keep_size = '{WAL_KEPT}'\n", account_for(unfinished))
    return unfinished


def _clear(folder: Path) -> None:
    """Of what an interrupted attempt has left."""
    for left in (_unfinished(folder), folder.with_name(f"{folder.name}.replaced")):
        shutil.rmtree(left, ignore_errors=True)


def _replace(folder: Path) -> None:
    stale.end_processes_in(folder)
    replaced = folder.with_name(f"{folder.name}.replaced")
    if folder.exists():
        folder.rename(replaced)
    _unfinished(folder).rename(folder)
    shutil.rmtree(replaced, ignore_errors=True)


def _write(path: Path, text: str, account: Account | None) -> None:
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
        if account is not None:
            os.fchown(file.fileno(), account.uid, account.gid)
    os.replace(temporary, path)


async def _run(program: str, args: list[str], folder: Path, password: str, *, seconds: float) -> None:
    """Raises StartFailed with its last words."""
    await run_program(program, args, folder, environment() | {"PGPASSWORD": password}, seconds=seconds)
