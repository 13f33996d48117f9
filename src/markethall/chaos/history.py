"""What happened: every call with its answer, every status event, every fault, with times.

All moments are seconds of `time.monotonic()` in the one process that drove the buyers and the
faults, so they compare. What an answer said is kept as far as a judge needs it.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

Kind = Literal[
    "place",
    "read_order",
    "cancel",
    "fulfil",
    "receipt",
    "read_stock",
    "read_product",
    "make_product",
    "change_product",
    "open_cart",
    "put_cart_line",
    "read_cart",
]
Outcome = Literal["ok", "refused", "unknown"]

MAX_RECORDS = 1_000_000


class HistoryFull(RuntimeError):
    """A run is longer than what can be judged: a history with holes would prove nothing."""


class Attempt(msgspec.Struct, frozen=True, omit_defaults=True):
    """One request over the wire. `status` None: there was no whole answer, and `reason` says why."""

    started: float
    seconds: float
    status: int | None = None
    reason: str = ""


class Request(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was asked for. `key` is the Idempotency-Key; `user` the id of who was signed in, None for a guest."""

    method: str
    path: str
    body: dict[str, Any] | None = None
    key: str | None = None
    user: str | None = None


class Call(msgspec.Struct, frozen=True, tag="call", omit_defaults=True):
    """One wish of a client with all its retries.

    ok: it was done. refused: a definite answer that says no. unknown: nothing definite came (timeout, broken
    connection, 503 at the end of the retries), so it may have been done or not, or be done yet.
    """

    client: str
    kind: Kind
    started: float
    ended: float
    outcome: Outcome
    request: Request
    attempts: tuple[Attempt, ...] = ()
    status: int | None = None
    """Of the definite answer."""
    answer: dict[str, Any] = {}
    """The part of its body that judges look at (`markethall.chaos.workload.answers`)."""

    @property
    def seconds(self) -> float:
        return self.ended - self.started


class Event(msgspec.Struct, frozen=True, tag="event"):
    """A `status` event as it arrived. `opened` is when the connection that brought it was asked for."""

    client: str
    order_id: str
    number: int
    status: str
    opened: float
    at: float


class FaultRecord(msgspec.Struct, frozen=True, tag="fault", omit_defaults=True):
    """A fault that was injected. `healed_at` None: it lasted to the end. `well_at`: its traces were gone, too."""

    name: str
    target: str
    injected_at: float
    healed_at: float | None = None
    well_at: float | None = None


Record: TypeAlias = Call | Event | FaultRecord


class History:
    """Grows at its end, to at most `max_records`."""

    def __init__(self, records: Iterable[Record] = (), *, max_records: int = MAX_RECORDS) -> None:
        self.calls: list[Call] = []
        self.events: list[Event] = []
        self.faults: list[FaultRecord] = []
        self._max_records = max_records
        for record in records:
            self.add(record)

    def __len__(self) -> int:
        return len(self.calls) + len(self.events) + len(self.faults)

    def __iter__(self) -> Iterator[Record]:
        """Everything, in order of time."""
        records: list[Record] = [*self.calls, *self.events, *self.faults]
        return iter(sorted(records, key=moment_of))

    def add(self, record: Record) -> None:
        """Raises HistoryFull."""
        if len(self) >= self._max_records:
            raise HistoryFull(f"more than {self._max_records:,} records")
        match record:
            case Call():
                self.calls.append(record)
            case Event():
                self.events.append(record)
            case FaultRecord():
                self.faults.append(record)

    def healed(self, fault: FaultRecord, at: float) -> FaultRecord:
        """The fault that was added is over: the record that stands in its place now."""
        return self._replace(fault, msgspec.structs.replace(fault, healed_at=at))

    def well_again(self, at: float) -> None:
        """All is well since the last fault."""
        if self.faults and self.faults[-1].well_at is None:
            self._replace(self.faults[-1], msgspec.structs.replace(self.faults[-1], well_at=at))

    def _replace(self, fault: FaultRecord, record: FaultRecord) -> FaultRecord:
        self.faults[self.faults.index(fault)] = record
        return record

    def of_kind(self, *kinds: Kind) -> list[Call]:
        return [call for call in self.calls if call.kind in kinds]

    def write(self, path: Path) -> None:
        """As JSON lines, in order of time."""
        encode = msgspec.json.encode
        with path.open("wb") as file:
            file.writelines(encode(record) + b"\n" for record in self)


def read(path: Path) -> History:
    """What `History.write` wrote. Raises OSError, msgspec.DecodeError."""
    decoder = msgspec.json.Decoder(Record)
    with path.open("rb") as file:
        return History(decoder.decode(line) for line in file)


def moment_of(record: Record) -> float:
    """When it began."""
    match record:
        case Call():
            return record.started
        case Event():
            return record.at
        case FaultRecord():
            return record.injected_at
