"""What has happened to the shop's processes: kept in the data folder, so that it outlives a restart of all of it."""

import contextlib
import time
from collections import deque

import msgspec

from markethall.local.folder import DataFolder
from markethall.local.supervisor import GONE, Row

KEPT = 500
"""The oldest go."""
FILE = "incidents.jsonl"
WEDGED = "did not answer"
"""How the supervisor begins to say that it ended what lived and did not answer."""


class Incident(msgspec.Struct, frozen=True):
    """`at` is Unix seconds. `kind`: started, died, frozen, restarted, failed, stopped, removed, scaled, promoted."""

    at: float
    kind: str
    service: str
    replica: str
    detail: str = ""


_decoder = msgspec.json.Decoder(Incident)


class Incidents:
    """The last `KEPT`. A line is appended for each; a file that has grown to twice as many is written anew."""

    def __init__(self, folder: DataFolder) -> None:
        self._path = folder.path / FILE
        self._kept: deque[Incident] = deque(self._read(), maxlen=KEPT)
        self._lines = 2 * KEPT  # written anew at the first chance

    def latest(self, count: int) -> list[Incident]:
        """Newest first."""
        return list(self._kept)[: -count - 1 : -1]

    def changed(self, before: Row | None, row: Row) -> None:
        """The supervisor shows a unit in another way."""
        kind = kind_of(before, row)
        if kind is not None:
            self.note(kind, row.service, row.replica, row.detail if kind != "started" else "")

    def note(self, kind: str, service: str, replica: str, detail: str = "") -> None:
        incident = Incident(time.time(), kind, service, replica, detail)
        self._kept.append(incident)
        # A full disk stops neither the shop nor its supervision.
        with contextlib.suppress(OSError):
            if self._lines >= 2 * KEPT:
                self._path.write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in self._kept))
                self._lines = len(self._kept)
            else:
                with self._path.open("ab") as file:
                    file.write(msgspec.json.encode(incident) + b"\n")
                self._lines += 1

    def _read(self) -> list[Incident]:
        """What a killed shop wrote half is passed over."""
        found = []
        with contextlib.suppress(OSError):
            for line in self._path.read_bytes().splitlines()[-KEPT:]:
                with contextlib.suppress(msgspec.MsgspecError):
                    found.append(_decoder.decode(line))
        return found


def kind_of(before: Row | None, row: Row) -> str | None:
    """What a change of a unit amounts to; None for steps on the way."""
    was = before.state if before else ""
    if row.state == "up" and was == "up" and row.detail != (before.detail if before else ""):
        return "frozen" if row.detail.startswith(WEDGED) else None
    if row.state == was:
        return None
    match row.state:
        case "up":
            return "restarted" if row.detail or row.restarts else "started"
        case "down":
            return "died" if was in ("up", "stopping") else "failed"
        case "stopped":
            return "stopped" if was == "stopping" else None
        case state if state == GONE:
            return "removed"
    return None
