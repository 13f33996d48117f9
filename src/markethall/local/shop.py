"""A local shop as other commands see it: by its data folder, running or not."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote, urlsplit

from markethall.local.credentials import BUS_OPERATOR, SUPERUSER, Admin, Credentials
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
        self._credentials = credentials

    @property
    def running(self) -> bool:
        """Whether a `markethall up` holds the folder; it may be starting or ending."""
        return self.folder.is_held()

    @property
    def admin(self) -> Admin:
        return self._credentials.admin

    @property
    def address(self) -> str:
        """The public address. Raises NotRunning."""
        for service in PUBLIC_SERVICES:
            with contextlib.suppress(NotRunning):
                return self._entry(service).url
        raise NotRunning(f"no shop runs on {self.folder.path}: start it with `markethall up`")

    def dsn(self, database: str, user: str = SUPERUSER) -> str:
        """`postgresql://…` of the running shop, password included. Raises NotRunning."""
        place = urlsplit(self._entry("postgres").url).netloc
        return f"postgresql://{user}:{quote(self._credentials.database[user], safe='')}@{place}/{database}"

    def bus_url(self, user: str = BUS_OPERATOR) -> str:
        """`nats://…` of the running shop, password included. Raises NotRunning."""
        place = urlsplit(self._entry("nats").url).netloc
        return f"nats://{user}:{quote(self._credentials.bus[user], safe='')}@{place}"

    @contextlib.asynccontextmanager
    async def start_postgres_alone(self) -> AsyncIterator[EmbeddedPostgres]:
        """The databases of a stopped shop. Raises FolderInUse where it runs."""
        with self.folder.hold():
            postgres = EmbeddedPostgres(self.folder.postgres, self._credentials.database, self.folder.logs)
            await postgres.start()
            try:
                yield postgres
            finally:
                await postgres.stop()

    def _entry(self, service: str) -> ProcessEntry:
        for entry in self.folder.read_processes() if self.running else []:
            if entry.service == service:
                return entry
        raise NotRunning(f"{service} of the shop on {self.folder.path} is not running")
