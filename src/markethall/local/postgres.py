"""An embedded PostgreSQL server: on a loopback port, with passwords, at its default durability."""

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from markethall.local import probe, stale
from markethall.local.credentials import REPLICATOR, SUPERUSER
from markethall.local.logs import JsonLog
from markethall.local.ports import LOOPBACK, free_port, keep_or_choose
from markethall.local.postgres_files import account_for, installed, runnable_by
from markethall.local.postgres_programs import run_program
from markethall.local.process import Account, Child, Command, StopSteps, start_ready

INITIALISE_SECONDS = 120.0
READY_SECONDS = 60.0
"""Recovery after a crash replays the log first."""

# Fast shutdown, then immediate: the latter is a crash, from which the next start recovers.
STOP_STEPS = ((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0))

SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "shared_buffers": "64MB",
    "huge_pages": "off",
    # Ordinary reads instead of three processes that read: the shop's hot data is in memory.
    "io_method": "sync",
    "jit": "off",
    "max_wal_size": "1GB",
    # After a crash one call for the whole file system, in place of one for each of thousands of files: seconds less.
    "recovery_init_sync_method": "syncfs",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "log_checkpoints": "off",
    "log_lock_waits": "on",
    "password_encryption": "scram-sha-256",
}
HBA = f"""# Passwords only, from this machine only.
host all all {LOOPBACK}/32 scram-sha-256
host replication {SUPERUSER},{REPLICATOR} {LOOPBACK}/32 scram-sha-256
"""


class EmbeddedPostgres:
    """PostgreSQL on `folder`, made where there is none. `start` returns when it takes connections.

    The folder's parents may be closed to the account it runs as: the server is started inside its folder
    and knows it as its working directory.
    """

    service = "postgres"

    def __init__(
        self,
        folder: Path,
        passwords: dict[str, str],
        logs: Path,
        *,
        port: int = 0,
        max_connections: int = 200,
        settings: Mapping[str, str] | None = None,
        ready_seconds: float = READY_SECONDS,
        replica: str = "1",
    ) -> None:
        """`passwords` by role; `port` is taken if it is free; `settings` are PostgreSQL's own, beside ours."""
        self._ready_seconds = ready_seconds
        self.replica = replica
        self.port = port
        self._max_connections = max_connections
        self._settings = dict(settings or {})
        self._folder = folder
        self._passwords = passwords
        self._logs = logs
        self._child: Child | None = None

    @property
    def pid(self) -> int:
        return self._child.pid if self._child else 0

    @property
    def url(self) -> str:
        return f"postgresql://{LOOPBACK}:{self.port}"

    def dsn(self, database: str = SUPERUSER, user: str = SUPERUSER) -> str:
        """`postgresql://…`, password included."""
        password = quote(self._passwords[user], safe="")
        return f"postgresql://{quote(user, safe='')}:{password}@{LOOPBACK}:{self.port}/{quote(database, safe='')}"

    async def start(self) -> None:
        """Raises StartFailed."""
        account = account_for(self._folder)
        programs = await asyncio.to_thread(runnable_by, account, installed()) / "bin"
        if not self._folder.exists():
            await _initialise(self._folder, account, self._passwords[SUPERUSER])
        await asyncio.to_thread(stale.end_processes_in, self._folder)
        (self._folder / "pg_hba.conf").write_text(HBA)  # a folder of an earlier version has other lines
        await start_ready(
            "PostgreSQL",
            lambda attempt: self._command(programs, account, attempt),
            lambda: JsonLog(self._logs, self.service, self.replica),
            self._is_ready,
            self._spawned,
            seconds=self._ready_seconds,
            stop_steps=STOP_STEPS,
        )

    async def wait(self) -> int:
        """Waits as long as it runs; the exit code."""
        assert self._child is not None
        return await self._child.wait()

    async def answers(self) -> bool:
        return await probe.speaks_postgres(LOOPBACK, self.port)

    async def stop(self, steps: StopSteps = STOP_STEPS) -> None:
        if self._child is not None:
            await self._child.stop(steps)

    async def end_at_once(self, grace_seconds: float = 0.0) -> None:
        """Ends it and all it started, also where they hang or their folder is gone: nothing of it writes afterwards."""
        if self._child is None:
            return
        left = await asyncio.to_thread(stale.family_of, self._child.pid) if self._child.exit_code is None else []
        await self._child.stop(((signal.SIGINT, grace_seconds),) if grace_seconds else ())
        await asyncio.to_thread(stale.end_at_once, left)

    def kill(self) -> None:
        if self._child is not None:
            self._child.send(signal.SIGQUIT)

    def _command(self, programs: Path, account: Account | None, attempt: int) -> Command:
        self.port = keep_or_choose(self.port) if attempt == 0 else free_port()
        settings = SETTINGS | {"port": str(self.port), "max_connections": str(self._max_connections)} | self._settings
        options = [text for name, value in settings.items() for text in ("-c", f"{name}={value}")]
        return Command(
            args=[str(programs / "postgres"), "-D", data_directory(self._folder, account), *options],
            env=environment(),
            folder=self._folder,
            account=account,
            death_signal=signal.SIGINT,
        )

    def _spawned(self, child: Child) -> None:
        self._child = child

    async def _is_ready(self, child: Child) -> bool:
        try:
            lines = (self._folder / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return lines[:1] == [str(child.pid)] and lines[7:8] == ["ready   "]


async def _initialise(folder: Path, account: Account | None, password: str) -> None:
    """initdb beside the place and a rename at its end: a folder is whole, or not there."""
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    # An unnamed file: readable by the other account wherever the temporary folder is.
    with tempfile.TemporaryFile() as password_file:
        password_file.write(password.encode() + b"\n")
        password_file.seek(0)
        if account is not None:
            os.chown(unfinished, account.uid, account.gid)
            os.fchown(password_file.fileno(), account.uid, account.gid)
        await run_program(
            "initdb",
            [
                f"--pgdata={data_directory(unfinished, account)}",
                f"--username={SUPERUSER}",
                "--pwfile=/dev/stdin",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--text-search-config=english",
                "--no-instructions",
            ],
            unfinished,
            environment(),
            seconds=INITIALISE_SECONDS,
            stdin=password_file,
        )
    unfinished.rename(folder)


def data_directory(folder: Path, account: Account | None) -> str:
    """For another account: the working directory, by a name that needs no way through closed parents."""
    return "/proc/self/cwd" if account else str(folder)


def environment() -> dict[str, str]:
    """Nothing of PG* from outside, which would change what the programs do."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
