"""One replica of one of Markethall's own services, as a child process."""

import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from markethall.local import probe
from markethall.local.logs import JsonLog
from markethall.local.ports import LOOPBACK, free_port, keep_or_choose, reachable
from markethall.local.process import Child, Command, start_ready

READY_SECONDS = 60.0
DRAIN_SECONDS = 10.0
# Beyond its own drain a service gets a little to close its connections.
STOP_STEPS = ((signal.SIGTERM, DRAIN_SECONDS + 2.0),)


@dataclass(frozen=True)
class PublicAddress:
    """Where buyers find the shop. The port is not ours to change."""

    host: str
    port: int


class ServiceProcess:
    """`markethall serve <service>` on a free loopback port, or on the public address."""

    def __init__(
        self,
        service: str,
        replica: str,
        settings: Callable[[], Mapping[str, str]],
        logs: Path,
        *,
        port: int = 0,
        public: PublicAddress | None = None,
    ) -> None:
        """`settings`, asked at each start, are MARKETHALL_ settings without that prefix."""
        self.service = service
        self.replica = replica
        self.port = public.port if public else port
        self._host = public.host if public else LOOPBACK
        self._public = public
        self._settings = settings
        self._logs = logs
        self._child: Child | None = None

    @property
    def pid(self) -> int:
        return self._child.pid if self._child else 0

    @property
    def url(self) -> str:
        return reachable(self._host, self.port)

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

    async def stop(self) -> None:
        if self._child is not None:
            await self._child.stop(STOP_STEPS)

    def kill(self) -> None:
        if self._child is not None:
            self._child.send(signal.SIGKILL)

    def _command(self, attempt: int) -> Command:
        if self._public is None:
            self.port = keep_or_choose(self.port) if attempt == 0 else free_port()
        settings = {
            "SERVICE": self.service,
            "REPLICA": self.replica,
            "HOST": self._host,
            "PORT": str(self.port),
            "DRAIN_SECONDS": f"{DRAIN_SECONDS:.0f}",
            **self._settings(),
        }
        # Settings of our own that are shared (a rate limit, a log level) pass through; the admin's password
        # goes to whom it is given. Compiled modules halve the next start.
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("MARKETHALL_ADMIN_")}
        inherited.pop("PYTHONDONTWRITEBYTECODE", None)
        return Command(
            args=[sys.executable, "-m", "markethall", "serve", self.service],
            env=inherited | {f"MARKETHALL_{name}": value for name, value in settings.items()},
        )

    def _spawned(self, child: Child) -> None:
        self._child = child

    async def _is_ready(self, child: Child) -> bool:
        return await probe.status(f"{self.url}/health/ready") == 200
