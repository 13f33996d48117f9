"""What a workload is, and what is known of a run of it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from markethall.bench.load.seen import Seen
from markethall.bench.settling import Counts
from markethall.bench.subject import Subject


class Facts(msgspec.Struct, frozen=True):
    """What the shop says of a run: answers of the workload's route by status, and orders by outcome.

    Where only its address is known, the statuses are those that were seen, and the counts None.
    """

    statuses: Mapping[str, int]
    counts: Counts | None
    settled_seconds: float


class Outcome(msgspec.Struct, frozen=True):
    """`done`: units of work that were done as they should, and whose buyers heard of it.

    `served`: what the shop did in all, for which its CPU was taken; with what nobody heard of when the run ended.
    `refused`: what was refused and should not have been; None: all that was. `more`: further figures by name, which
    ends in a unit. `violations`: what was not as it must be; then there is no figure.
    """

    done: int
    served: int
    refused: int | None = None
    more: Mapping[str, float] = {}
    violations: tuple[str, ...] = ()


async def _nothing() -> None:
    return None


@dataclass(frozen=True)
class Ready:
    """A workload whose goods are there. `load` makes it for some seconds; `judge` says what it came to.

    `before` is done before each, and measured by nobody; so is `after`, once all is settled. `services`: whose CPU and
    memory are its cost; None: the whole shop's.
    """

    load: Callable[[float], Awaitable[Seen]]
    judge: Callable[[Seen, Facts], Outcome]
    before: Callable[[], Awaitable[None]] = _nothing
    services: frozenset[str] | None = None
    after: Callable[[], Awaitable[None]] = _nothing


class Workload(Protocol):
    @property
    def unit(self) -> str:
        """What is done, in the plural: `orders`."""

    @property
    def route(self) -> tuple[str, str]:
        """Method and route of what is counted."""

    @property
    def settings(self) -> Mapping[str, str]:
        """What services of the shop must be told (without MARKETHALL_); empty for most."""

    async def prepare(self, subject: Subject) -> Ready:
        """Raises CannotMeasure."""


@dataclass(frozen=True)
class Target:
    """What a figure should reach. `figure` is a key of `Summary.figures`."""

    figure: str
    at_least: float
    better: float | None = None

    @property
    def more_is_better(self) -> bool:
        return self.figure.endswith(("rate", "percent"))

    def reached(self, value: float) -> bool:
        return value >= self.at_least if self.more_is_better else value <= self.at_least


@dataclass(frozen=True)
class Case:
    """A workload with its settings, by a name for people."""

    name: str
    workload: Workload
    targets: tuple[Target, ...] = field(default=())
    shop: str = ""
    """Cases with the same word here share a shop, if it is the bench's own."""
    compared: str | None = None
    """Name of the case whose rate is told as a multiple of this one's, round by round."""
    usual: str | None = None
    """Name of the case that does the same in the usual design: what this one is better by is told."""
    floors: tuple[str, ...] = ()
    """Names of cases that each do a part of the work and nothing else: how close this one comes is told."""


def without_refusals(seen: Seen, facts: Facts) -> Outcome:
    """For reads: whatever was not refused was done."""
    done = seen.answers - seen.refused
    return Outcome(done, max(done, sum(facts.statuses.values())))
