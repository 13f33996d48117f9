"""`database.json`: which node is the primary, and which standbys have what it wrote."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from markethall.local.folder import DataFolder, read_json, write_atomically


class Record(msgspec.Struct, frozen=True):
    """`standbys`: the numbers of those of the last run; None: an earlier version wrote this, nobody knows.

    `behind`: since when (Unix seconds) the primary writes without a node, by its number: it was not part of a run, or
    did not follow, and has not caught up since.
    """

    primary: int = 1
    standbys: tuple[int, ...] | None = None
    behind: dict[int, float] = {}
    synchronous: bool = False

    @property
    def sound(self) -> tuple[int, ...]:
        """Standbys that were never left behind."""
        return tuple(number for number in self.standbys or () if number not in self.behind)

    def begun(self, standbys: Sequence[int], leftover: dict[int, float], synchronous: bool, now: float) -> "Record":
        """A run begins with these standbys; `leftover`: when each node whose folder there is last ran."""
        known = {number: now for number in (*(self.standbys or ()), *standbys) if number not in self.sound}
        dropped = {number: now for number in self.sound if number not in standbys}
        behind = {**known, **leftover, **dropped, **self.behind}
        kept = {
            number: since
            for number, since in behind.items()
            if number != self.primary and (number not in self.sound or number in dropped)
        }
        return Record(self.primary, tuple(standbys), kept, synchronous)

    def joined(self, number: int) -> "Record":
        """It has caught up with the primary."""
        behind = {other: since for other, since in self.behind.items() if other != number}
        return msgspec.structs.replace(self, behind=behind)

    def left(self, number: int, since: float) -> "Record":
        return msgspec.structs.replace(self, behind={number: since} | self.behind)

    def appointed(self, number: int, standbys: Sequence[int], now: float) -> "Record":
        """Another primary. The former one has not rejoined yet; where the new one lacks something, nobody follows it
        before he has said so."""
        lost = standbys if number not in self.sound else ()
        behind = dict.fromkeys((*lost, self.primary), now) | self.behind
        behind.pop(number, None)
        return Record(number, tuple(standbys), behind, self.synchronous)


def read_record(folder: DataFolder) -> Record:
    """Raises FolderDamaged."""
    return read_json(folder.database, Record) or Record()


def write_record(folder: DataFolder, record: Record) -> None:
    write_atomically(folder.database, msgspec.json.encode(record) + b"\n")


def last_ran(postgres: Path) -> float:
    """When the server in this folder last wrote its checkpoint, Unix seconds. Raises OSError."""
    return (postgres / "global" / "pg_control").stat().st_mtime


def moment(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
