"""A whole shop on this machine: what it is made of, in which order it opens and closes."""

import asyncio
import contextlib
import errno
import functools
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from markethall.local.credentials import DATABASES, SERVICES, Admin, Credentials, load_or_make
from markethall.local.databases import prepare_databases
from markethall.local.edge import Edge
from markethall.local.errors import LocalError, PortTaken
from markethall.local.folder import DataFolder, ProcessEntry
from markethall.local.logs import JsonLog
from markethall.local.nats import EmbeddedNats
from markethall.local.ports import bind_error, free_port
from markethall.local.postgres import EmbeddedPostgres
from markethall.local.service import PublicAddress, ServiceProcess
from markethall.local.supervisor import Row, Supervisor, Watcher
from markethall.local.unit import Unit

MAX_REPLICAS = 16
CONNECTIONS_PER_REPLICA = 16
"""Two pools of six (`Settings.database_pool`), and what a migration takes."""
SPARE_CONNECTIONS = 40
"""For audits and people."""


@dataclass(frozen=True)
class Options:
    """What `markethall up` was asked for. Port 0: any free one."""

    data: Path
    host: str = "127.0.0.1"
    port: int = 8080
    replicas: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class OpenShop:
    """A shop whose public address answers `GET /health/ready` with 200."""

    folder: DataFolder
    address: str
    admin: Admin
    admin_is_new: bool
    """The password was made up at this start."""
    supervisor: Supervisor


@contextlib.asynccontextmanager
async def open_shop(options: Options, watch: Watcher, stop_now: asyncio.Event) -> AsyncIterator[OpenShop]:
    """Opens the shop, and closes it at the end: whoever serves buyers first, the database last.

    Raises LocalError, with nothing left running. `stop_now` ends all grace.
    """
    public = _public_address(options.host, options.port)
    folder = DataFolder(options.data)
    with folder.hold():
        credentials, admin_is_new = load_or_make(folder)
        hall = _Hall(folder, credentials, public, options.replicas, watch)
        hurry = asyncio.create_task(hall.hurry(stop_now))
        try:
            await hall.open()
            yield OpenShop(folder, hall.address, credentials.admin, admin_is_new, hall.supervisor)
        finally:
            await hall.close()
            hurry.cancel()


class _Hall:
    def __init__(
        self,
        folder: DataFolder,
        credentials: Credentials,
        public: PublicAddress,
        replicas: Mapping[str, int],
        watch: Watcher,
    ) -> None:
        # The public port is never an inner one, whoever had it the last time.
        self._ports = ports = {name: port for name, port in folder.read_ports().items() if port != public.port}
        self._public_port = public.port
        several_fronts = replicas.get("front", 1) > 1
        self._folder = folder
        self._credentials = credentials
        self._watch = watch
        self._log = JsonLog(folder.logs, "up", "1")
        self.postgres = EmbeddedPostgres(
            folder.postgres,
            credentials.database,
            folder.logs,
            port=ports.get("postgres-1", 0),
            max_connections=SPARE_CONNECTIONS
            + CONNECTIONS_PER_REPLICA * sum(replicas.get(name, 1) for name in DATABASES),
        )
        self.nats = EmbeddedNats(folder.nats, credentials.bus, folder.logs, port=ports.get("nats-1", 0))
        self.services = [
            ServiceProcess(
                name,
                str(number),
                functools.partial(self._settings, name, several_fronts),
                folder.logs,
                port=ports.get(f"{name}-{number}", 0),
                public=public if name == "front" and not several_fronts else None,
            )
            for name in SERVICES
            for number in range(1, replicas.get(name, 1) + 1)
        ]
        self.fronts = [service for service in self.services if service.service == "front"]
        self.edges = [Edge(folder.path / "edge", folder.logs, public, self.fronts)] if several_fronts else []
        self.address = (self.edges or self.fronts)[0].url
        self.supervisor = Supervisor(self._changed)
        self.supervisor.announce(self._units())

    async def open(self) -> None:
        await self.supervisor.start([self.postgres, self.nats])
        await prepare_databases(self.postgres, self._credentials.database)
        await self.supervisor.start(self.services)
        await self.supervisor.start(self.edges)

    async def close(self) -> None:
        """Each stage ends before the one that it stands on."""
        await self.supervisor.stop(self.edges)
        await self.supervisor.stop(self.fronts)
        await self.supervisor.stop([service for service in self.services if service not in self.fronts])
        await self.supervisor.stop([self.nats])
        await self.supervisor.stop([self.postgres])
        self._log.close()

    async def hurry(self, stop_now: asyncio.Event) -> None:
        await stop_now.wait()
        while True:  # again, for what was just being started
            self.supervisor.give_up()
            await asyncio.sleep(0.2)

    def _units(self) -> list[Unit]:
        return [self.postgres, self.nats, *self.services, *self.edges]

    def _settings(self, name: str, behind_edge: bool) -> dict[str, str]:
        settings = {"BUS_URL": self.nats.url_for(name)}
        if name in DATABASES:
            settings["DATABASE_URL"] = self.postgres.dsn(name, name)
        if name == "accounts":
            settings["ADMIN_EMAIL"] = self._credentials.admin.email
            settings["ADMIN_PASSWORD"] = self._credentials.admin.password
        if name == "front" and behind_edge:
            settings["TRUSTED_PROXIES"] = "127.0.0.1"
        return settings

    def _changed(self, row: Row) -> None:
        # A full disk stops neither the shop nor its supervision.
        with contextlib.suppress(OSError):
            self._write_down()
        event = {"time": time.time(), "service": "up", "replica": "1", "level": "info", "message": _sentence(row)}
        self._log.feed(msgspec.json.encode(event) + b"\n")
        self._watch(row)
        for edge in self.edges:
            if row.service == "front" and row.state == "up" and edge.pid and edge.outdated:
                edge.kill()  # a front found its old port taken; the restarted edge balances over the new one

    def _write_down(self) -> None:
        rows = [row for row in self.supervisor.rows.values() if row.pid]
        self._folder.write_processes([ProcessEntry(r.service, r.replica, r.pid, r.url) for r in rows])
        ports = {f"{r.service}-{r.replica}": urlsplit(r.url).port for r in rows}
        self._ports |= {name: port for name, port in ports.items() if port and port != self._public_port}
        self._folder.write_ports(self._ports)


def _sentence(row: Row) -> str:
    return f"{row.service} {row.replica}: {row.state}" + (f" ({row.detail})" if row.detail else "")


def _public_address(host: str, port: int) -> PublicAddress:
    """Raises PortTaken before anything is started, LocalError for an address that is not this machine's."""
    if port == 0:
        return PublicAddress(host, free_port(host))
    error = bind_error(host, port)
    if error is None:
        return PublicAddress(host, port)
    if error.errno == errno.EADDRINUSE:
        raise PortTaken(f"port {port} of {host} is taken: stop what listens there, or choose another with --port")
    raise LocalError(f"cannot listen on port {port} of {host}: {error.strerror}")
