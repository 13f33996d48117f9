"""A whole shop on this machine: what it is made of, in which order it opens and closes."""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from markethall.kit.settings import Settings
from markethall.local.archive import archive_of, choose_archive, claim
from markethall.local.bus_nodes import BusNodes
from markethall.local.control import Handler, listening
from markethall.local.credentials import DATABASES, Admin, Credentials, load_or_make
from markethall.local.database_nodes import DatabaseNodes, directly, primary_of
from markethall.local.door import Door
from markethall.local.edge import place
from markethall.local.folder import DataFolder, ProcessEntry
from markethall.local.links import Links, Place
from markethall.local.logs import JsonLog
from markethall.local.mqtt import MqttListener, listeners
from markethall.local.promotion import Promoted, promote
from markethall.local.replicas import Replicas
from markethall.local.service import ServiceProcess
from markethall.local.steering import Steering
from markethall.local.supervisor import Row, Supervisor, Watcher, together
from markethall.local.unit import Unit

STATUS_SOCKET = "status"


@dataclass(frozen=True)
class Options:
    """What `markethall up` was asked for. Port 0: any free one."""

    data: Path
    host: str = "127.0.0.1"
    port: int = 8080
    replicas: Mapping[str, int] = field(default_factory=dict)
    bus_nodes: int = 1
    read_replicas: int = 0
    """Hot standbys of the databases."""
    synchronous: bool = False
    """Commits wait until a standby has them, too."""
    links: bool = False
    """For fault tests: every connection between parts goes through a proxy (`markethall.local.links`)."""
    archive: Path | None = None
    """Where PostgreSQL's log is archived. None: where it was the last time, if anywhere."""
    end_archive: bool = False
    mqtt_port: int | None = None
    """None: 1883 if it is free, else none. Devices reach it at `host`."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """MARKETHALL_ settings of its services, without that prefix. They count more than the environment's."""


@dataclass(frozen=True)
class OpenShop:
    """A shop whose public address answers `GET /health/ready` with 200."""

    folder: DataFolder
    address: str
    admin: Admin
    admin_is_new: bool
    """The password was made up at this start."""
    mqtt: str
    """Where devices reach it and as whom, or why they do not; for people."""
    supervisor: Supervisor


@contextlib.asynccontextmanager
async def open_shop(options: Options, watch: Watcher, stop_now: asyncio.Event) -> AsyncIterator[OpenShop]:
    """Opens the shop, and closes it at the end: whoever serves buyers first, the database last.

    Raises LocalError, with nothing left running. `stop_now` ends all grace.
    """
    folder = DataFolder(options.data)
    with contextlib.closing(Door(options.host, options.port)) as door, folder.hold():
        mqtt, why_not = listeners(options.host, options.mqtt_port, options.bus_nodes)
        credentials, admin_is_new = load_or_make(folder)
        choose_archive(folder, folder.postgres_of(primary_of(folder)), options.archive, end=options.end_archive)
        hall = _Hall(folder, credentials, door, options, watch, mqtt)
        hurry = asyncio.create_task(hall.hurry(stop_now))
        rounds = asyncio.create_task(hall.supervisor.look_after())
        try:
            await hall.open()
            if archive := archive_of(folder):
                claim(archive, folder.postgres_of(primary_of(folder)))
            async with listening(folder, hall.commands), listening(folder, hall.facts, STATUS_SOCKET):
                yield OpenShop(
                    folder,
                    door.url,
                    credentials.admin,
                    admin_is_new,
                    why_not or f"{hall.bus.mqtt_url} (as whom: markethall devices)",
                    hall.supervisor,
                )
        finally:
            rounds.cancel()
            await hall.close()
            hurry.cancel()


class _Hall:
    def __init__(
        self,
        folder: DataFolder,
        credentials: Credentials,
        door: Door,
        options: Options,
        watch: Watcher,
        mqtt: Sequence[MqttListener],
    ) -> None:
        # The public port is never an inner one, whoever had it the last time.
        self._ports = ports = {name: port for name, port in folder.read_ports().items() if port != door.port}
        self._public_port = door.port
        self._folder = folder
        self._credentials = credentials
        self._watch = watch
        self._log = JsonLog(folder.logs, "up", "1")
        self._chosen = options.settings
        self.links = Links() if options.links else None
        self.databases = DatabaseNodes(
            folder,
            credentials.database,
            ports,
            read_replicas=options.read_replicas,
            synchronous=options.synchronous,
            reach=self.links.address if self.links is not None else directly,
        )
        self.bus = BusNodes(
            folder,
            credentials.bus,
            ports,
            mqtt,
            count=options.bus_nodes,
            reach=self.links.address if self.links is not None else None,
        )
        self.replicas = Replicas(folder, door, ports, folder.read_replicas() | dict(options.replicas), self._settings)
        self.supervisor = Supervisor(self._changed)
        self.commands: dict[str, Handler] = {"promote": self._promote, "devices": self.bus.devices}
        """What other processes may ask of this shop (`markethall.local.control`)."""
        if self.links is not None:
            self.commands |= {"links": self.links.show, "link": self.links.set}
        self.steering = Steering(folder, self.supervisor, self.replicas, self.bus, self.databases)
        self.commands |= self.steering.commands
        self.facts: dict[str, Handler] = {"status": self.steering.status}
        """What fronts may ask, who must not command."""
        self.supervisor.announce(self._units())

    async def open(self) -> None:
        async with together() as group:
            group.create_task(self.databases.open(self.supervisor))
            group.create_task(self.bus.open(self.supervisor))
        await self.replicas.open(self.supervisor)

    async def close(self) -> None:
        """Each stage ends before the one that it stands on."""
        await self.steering.close()
        await self.replicas.close(self.supervisor)
        await self.bus.close(self.supervisor)
        await self.databases.close(self.supervisor)
        if self.links is not None:
            await self.links.close()
        self._log.close()

    async def _promote(self, node: int | None = None) -> Promoted:
        return await promote(self.databases, self.supervisor, node)

    async def hurry(self, stop_now: asyncio.Event) -> None:
        await stop_now.wait()
        while True:  # again, for what was just being started
            self.supervisor.give_up()
            await asyncio.sleep(0.2)

    def _units(self) -> list[Unit]:
        return [*self.databases.units, *self.bus.units, *self.replicas.units]

    def _settings(self, replica: ServiceProcess) -> dict[str, str]:
        name = replica.service
        settings = {**self._chosen, "BUS_URL": self.bus.url_for(name), "BUS_REPLICAS": str(self.bus.replicas)}
        if name in ("orders", "inventory"):
            settings["MQTT_URL"] = self.bus.mqtt_url
        if name in DATABASES:
            settings |= self.databases.settings_for(name)
        if name == "catalog" and "MARKETHALL_MEDIA" not in os.environ:
            settings["MEDIA"] = str(self._folder.media)
        if name == "accounts":
            settings["ADMIN_EMAIL"] = self._credentials.admin.email
            settings["ADMIN_PASSWORD"] = self._credentials.admin.password
        if name == "front":
            settings["STATUS_SOCKET"] = str(self._folder.path / STATUS_SOCKET)
            # Told the currency, it asks no other front, and starts without the bus.
            default = Settings.model_fields["currency"].default
            settings.setdefault("CURRENCY", os.environ.get("MARKETHALL_CURRENCY", default))
        if name == "front" and replica.door is None:
            settings["PROXY_SOCKET"] = str(self._socket_of(replica))
        if self.links is not None:
            places: list[Place] = [*self.databases.units, *self.bus.units, *(self.bus.mqtt if name == "orders" else ())]
            settings = self.links.through(f"{name}-{replica.replica}", settings, places)
            if name != "front":
                settings["ADVERTISE"] = f"http://{self.links.address('front', replica)}"
        return settings

    def _socket_of(self, front: ServiceProcess) -> Path:
        """Where a front behind the edge listens: where that looks for it, or at the far end of the link there."""
        looked_at = place(self._folder.edge, front.replica)
        if self.links is None:
            return looked_at
        linked = looked_at.with_name(f"linked-{looked_at.name}")
        self.links.join("edge", front, looked_at, linked)
        return linked

    def _changed(self, row: Row) -> None:
        # A full disk stops neither the shop nor its supervision.
        with contextlib.suppress(OSError):
            self._write_down()
        event = {"time": time.time(), "service": "up", "replica": "1", "level": "info", "message": _sentence(row)}
        self._log.feed(msgspec.json.encode(event) + b"\n")
        self._watch(row)

    def _write_down(self) -> None:
        rows = [row for row in self.supervisor.rows.values() if row.pid]
        self._folder.write_processes([ProcessEntry(r.service, r.replica, r.pid, r.url) for r in rows])
        ports = {f"{r.service}-{r.replica}": urlsplit(r.url).port for r in rows}
        self._ports |= {name: port for name, port in ports.items() if port and port != self._public_port}
        self._folder.write_ports(self._ports)


def _sentence(row: Row) -> str:
    return f"{row.service} {row.replica}: {row.state}" + (f" ({row.detail})" if row.detail else "")
