"""A local shop as other commands see it: by its data folder, running or not."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote, urlsplit

from markethall.local.credentials import BUS_OPERATOR, SUPERUSER, Admin, Credentials
from markethall.local.database_nodes import DatabaseNodes, primary_of
from markethall.local.errors import FolderDamaged, NotRunning
from markethall.local.folder import DataFolder, ProcessEntry, read_json
from markethall.local.postgres import EmbeddedPostgres

PUBLIC_SERVICES = ("edge", "front")
"""Whose address is the shop's: the edge's where there is one."""


class LocalShop:
    """The shop in a folder. Raises NotAShop, FolderNewer or FolderDamaged where there is none to be read."""

    def __init__(self, data: Path) -> None:
        self.folder = DataFolder(data)
        self.folder.check()
        credentials = read_json(self.folder.credentials, Credentials)
        if credentials is None:
            raise FolderDamaged(f"{self.folder.credentials} is missing")
        self.credentials = credentials

    @property
    def running(self) -> bool:
        """Whether a `markethall up` holds the folder; it may be starting or ending."""
        return self.folder.is_held()

    @property
    def admin(self) -> Admin:
        return self.credentials.admin

    @property
    def address(self) -> str:
        """The public address. Raises NotRunning."""
        for service in PUBLIC_SERVICES:
            with contextlib.suppress(NotRunning):
                return self._entry(service).url
        raise NotRunning(f"no shop runs on {self.folder.path}: start it with `markethall up`")

    @property
    def primary(self) -> int:
        """The number of the node that takes writes, as it is recorded."""
        return primary_of(self.folder)

    def dsn(self, database: str, user: str = SUPERUSER) -> str:
        """`postgresql://…` of the running primary, password included. Raises NotRunning."""
        try:
            return self.node_dsns(database, user)[self.primary]
        except KeyError:
            raise NotRunning(f"the primary database of the shop on {self.folder.path} is not running") from None

    def node_dsns(self, database: str, user: str = SUPERUSER) -> dict[int, str]:
        """The same of every node that runs, by its number. Raises NotRunning where none does."""
        entries = [entry for entry in self._entries() if entry.service == "postgres"]
        if not entries:
            raise NotRunning(f"postgres of the shop on {self.folder.path} is not running")
        password = quote(self.credentials.database[user], safe="")
        return {
            int(entry.replica): f"postgresql://{user}:{password}@{urlsplit(entry.url).netloc}/{database}"
            for entry in entries
        }

    def bus_url(self, user: str = BUS_OPERATOR) -> str:
        """`nats://…` of the running shop, every server's, passwords included. Raises NotRunning."""
        self._entry("nats")
        places = [urlsplit(entry.url).netloc for entry in self.folder.read_processes() if entry.service == "nats"]
        login = f"{user}:{quote(self.credentials.bus[user], safe='')}"
        return ",".join(f"nats://{login}@{place}" for place in places)

    @contextlib.asynccontextmanager
    async def start_postgres_alone(self) -> AsyncIterator[EmbeddedPostgres]:
        """The databases of a stopped shop: its primary. Raises FolderInUse where it runs."""
        with self.folder.hold():
            nodes = DatabaseNodes(self.folder, self.credentials.database, {}, numbers=[self.primary])
            await nodes.primary.start()
            try:
                yield nodes.primary.postgres
            finally:
                await nodes.primary.stop()

    def _entry(self, service: str) -> ProcessEntry:
        for entry in self._entries():
            if entry.service == service:
                return entry
        raise NotRunning(f"{service} of the shop on {self.folder.path} is not running")

    def _entries(self) -> list[ProcessEntry]:
        return self.folder.read_processes() if self.running else []
