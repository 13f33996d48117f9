"""One replica of one of Markethall's own services, as a child process."""

import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from markethall.local import probe
from markethall.local.door import Door
from markethall.local.logs import JsonLog
from markethall.local.ports import LOOPBACK, free_port, keep_or_choose
from markethall.local.process import Child, Command, start_ready

MAX_REPLICAS = 16
"""Of one service on one machine."""
READY_SECONDS = 60.0
DRAIN_SECONDS = 10.0
# Beyond its own drain a service gets a little to close its connections.
STOP_STEPS = ((signal.SIGTERM, DRAIN_SECONDS + 2.0),)


class ServiceProcess:
    """`markethall serve <service>` on a free loopback port, and behind the door while it is lent one."""

    def __init__(
        self,
        service: str,
        replica: str,
        settings: Callable[[], Mapping[str, str]],
        logs: Path,
        *,
        port: int = 0,
        door: Door | None = None,
    ) -> None:
        """`settings`, asked at each start, are MARKETHALL_ settings without that prefix."""
        self.service = service
        self.replica = replica
        self.port = port
        self.door = door
        """May be given and taken while it runs: its next start counts."""
        self._settings = settings
        self._logs = logs
        self._child: Child | None = None

    @property
    def pid(self) -> int:
        return self._child.pid if self._child else 0

    @property
    def url(self) -> str:
        """The public one, where it has the door."""
        return self.door.url if self.door else self.inner_url

    @property
    def inner_url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    async def start(self) -> None:
        """Raises StartFailed."""
        await start_ready(
            f"{self.service} {self.replica}",
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

    async def answers(self) -> bool:
        return await probe.status(f"{self.inner_url}/health/live") is not None

    async def stop(self) -> None:
        if self._child is not None:
            await self._child.stop(STOP_STEPS)

    def kill(self) -> None:
        if self._child is not None:
            self._child.send(signal.SIGKILL)

    def _command(self, attempt: int) -> Command:
        self.port = keep_or_choose(self.port) if attempt == 0 else free_port()
        settings = {
            "SERVICE": self.service,
            "REPLICA": self.replica,
            "HOST": LOOPBACK,
            "PORT": str(self.port),
            "DRAIN_SECONDS": f"{DRAIN_SECONDS:.0f}",
            **self._settings(),
        }
        if self.door:
            settings["PUBLIC_SOCKET"] = str(self.door.number)
        # Settings of our own that are shared (a rate limit, a log level) pass through; the admin's password
        # goes to whom it is given. Compiled modules halve the next start.
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("MARKETHALL_ADMIN_")}
        inherited.pop("PYTHONDONTWRITEBYTECODE", None)
        return Command(
            args=[sys.executable, "-m", "markethall", "serve", self.service],
            env=inherited | {f"MARKETHALL_{name}": value for name, value in settings.items()},
            sockets=[self.door.number] if self.door else [],
        )

    def _spawned(self, child: Child) -> None:
        self._child = child

    async def _is_ready(self, child: Child) -> bool:
        return await probe.status(f"{self.inner_url}/health/ready") == 200
