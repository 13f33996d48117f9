"""The data folder of a local shop.

VERSION           the layout's number
lock              held (flock) by the `markethall up` that runs
control           socket by which commands speak to it
credentials.json  random passwords between the parts, and the admin's; owner only
ports.json        loopback port of each process, kept over restarts where still free
replicas.json     how many of each service, where `markethall scale` has said so
status            socket that tells how the shop is, and can do nothing
processes.json    what runs now: [{"service", "replica", "pid", "url"}]
incidents.jsonl   what has happened to processes, the last some hundred
archive           where PostgreSQL's log is archived, if it is
database.json     which PostgreSQL node is the primary, and which standbys have what it wrote
postgres/         data directory of the first PostgreSQL node; postgres-2/ and so on of further ones
media/            pictures, below the first two letters of their names
nats/             nats.conf, owner only, and the JetStream store
edge/             caddy.json, and the socket of each front that is behind the edge; owner only
logs/             <service>-<replica>.jsonl
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from markethall.local.errors import FolderDamaged, FolderInUse, FolderNewer, FolderUnwritable, NotAShop

FORMAT = 1
LOCK_WAIT_SECONDS = 1.0
T = TypeVar("T")


class ProcessEntry(msgspec.Struct, frozen=True):
    """One row of `processes.json`."""

    service: str
    replica: str
    pid: int
    url: str


class DataFolder:
    """Where things are in DIR, and the guards at its door."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.credentials = self.path / "credentials.json"
        self.ports = self.path / "ports.json"
        self.replicas = self.path / "replicas.json"
        self.processes = self.path / "processes.json"
        self.archive = self.path / "archive"
        self.database = self.path / "database.json"
        self.postgres = self.path / "postgres"
        self.nats = self.path / "nats"
        self.media = self.path / "media"
        self.edge = self.path / "edge"
        self.logs = self.path / "logs"

    def postgres_of(self, node: int) -> Path:
        """The data directory of a PostgreSQL node, counted from 1."""
        return self.postgres if node == 1 else self.path / f"postgres-{node}"

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """Makes the folder where there is none, and keeps every other `markethall up` out.

        Raises FolderInUse, FolderUnwritable, FolderNewer, FolderDamaged.
        """
        with contextlib.ExitStack() as held:
            try:
                self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
                lock = held.enter_context((self.path / "lock").open("a"))
                self._lock(lock.fileno())
                self._prepare()
            except OSError as error:
                raise FolderUnwritable(f"cannot write in {self.path}: {error.strerror}") from error
            yield

    def is_held(self) -> bool:
        """Whether a `markethall up` runs on it."""
        try:
            with (self.path / "lock").open() as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except FileNotFoundError:
            return False
        return False

    def check(self) -> None:
        """Raises NotAShop or FolderNewer."""
        version = self.path / "VERSION"
        if not version.is_file():
            raise NotAShop(f"there is no shop in {self.path}")
        try:
            found = int(version.read_text())
        except ValueError:
            raise FolderDamaged(f"{version} does not hold a number") from None
        if found > FORMAT:
            raise FolderNewer(
                f"{self.path} was written by a newer Markethall (layout {found}, this one knows {FORMAT})"
            )

    def read_processes(self) -> list[ProcessEntry]:
        return read_json(self.processes, list[ProcessEntry]) or []

    def write_processes(self, entries: list[ProcessEntry]) -> None:
        write_atomically(self.processes, msgspec.json.format(msgspec.json.encode(entries)) + b"\n", durably=False)

    def read_ports(self) -> dict[str, int]:
        """By `<service>-<replica>`."""
        return read_json(self.ports, dict[str, int]) or {}

    def write_ports(self, ports: dict[str, int]) -> None:
        write_atomically(self.ports, msgspec.json.encode(ports) + b"\n", durably=False)

    def read_replicas(self) -> dict[str, int]:
        """By service."""
        return read_json(self.replicas, dict[str, int]) or {}

    def write_replicas(self, numbers: dict[str, int]) -> None:
        write_atomically(self.replicas, msgspec.json.encode(numbers) + b"\n")

    def _lock(self, lock: int) -> None:
        # Somebody who asks whether the folder is held has it for an instant.
        deadline = time.monotonic() + LOCK_WAIT_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise FolderInUse(f"another `markethall up` is running on {self.path}") from None
                time.sleep(0.05)

    def _prepare(self) -> None:
        version = self.path / "VERSION"
        if version.exists():
            self.check()
        else:
            strangers = {entry.name for entry in self.path.iterdir()} - {"lock"}
            if strangers:
                raise FolderDamaged(f"{self.path} is not empty and not a shop's (it has no VERSION file)")
            write_atomically(version, f"{FORMAT}\n".encode())
        # A folder that can be read but not written would otherwise fail half way through the start.
        self.write_processes([])
        self.nats.mkdir(mode=0o700, exist_ok=True)
        self.edge.mkdir(mode=0o700, exist_ok=True)
        self.logs.mkdir(mode=0o700, exist_ok=True)


def write_atomically(path: Path, content: bytes, mode: int = 0o644, *, durably: bool = True) -> None:
    """A reader sees the old text or the new; `durably`: also after a power cut. The file has `mode` from its birth."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        if durably:
            file.flush()
            os.fsync(file.fileno())
    os.replace(temporary, path)
    if durably:
        parent = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(parent)
        finally:
            os.close(parent)


def read_json(path: Path, of: type[T]) -> T | None:
    """None where there is no such file. Raises FolderDamaged."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=of)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise FolderDamaged(f"{path} cannot be read: {error}") from error
