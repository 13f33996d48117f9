"""What one replica has done in the last ten seconds: answers, how long they took, and what it sent to whom.

Kept beside the metrics for Prometheus, which only grow: whoever looks at the shop now wants rates. Bounded: a slot
for each second, with so many counts in each.
"""

import asyncio
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler

from markethall import __version__
from markethall.contracts.internal import FIGURES_PATH, ReplicaFigures

SECONDS = 10
BOUNDS = tuple(0.000_25 * 1.5**step for step in range(30))
"""Upper bounds of the histogram, in seconds: from 0.25 ms to half a minute, each half as much again."""
HEALTH_SECONDS = 0.4
UNSEEN = ("/health", "/internal/figures", "/internal/status", "/metrics", "/ping", "/api/system")
"""Whoever looks at a replica is no traffic."""

Health = Callable[[], Awaitable[tuple[bool, dict[str, Any]]]]


class _Slot:
    __slots__ = ("answers", "carried", "failures", "second")

    def __init__(self, second: int) -> None:
        self.second = second
        self.answers = [0] * (len(BOUNDS) + 1)
        self.failures = 0
        self.carried: Counter[str] = Counter()


class Figures:
    """Counts of the last `SECONDS` whole seconds; the second that is under way counts only once it is over."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._slots = [_Slot(-1) for _ in range(SECONDS + 1)]
        self._since = int(clock())

    def answered(self, route: str, status: int, seconds: float, count: int = 1) -> None:
        if route.startswith(UNSEEN):
            return
        slot = self._slot()
        slot.answers[bisect_left(BOUNDS, seconds)] += count
        if status >= 500:
            slot.failures += count

    def carried(self, to: str, count: int = 1) -> None:
        """`to`: a service, `database`, `bus` (said there), or `from bus` (heard)."""
        self._slot().carried[to] += count

    def _slot(self) -> _Slot:
        second = int(self._clock())
        slot = self._slots[second % (SECONDS + 1)]
        if slot.second != second:
            slot = self._slots[second % (SECONDS + 1)] = _Slot(second)
        return slot

    def read(self, service: str, replica: str) -> ReplicaFigures:
        """Rates per second. p50 and p99 are upper bounds, a third too high at most; null where nothing was answered."""
        now = int(self._clock())
        slots = [slot for slot in self._slots if now - SECONDS <= slot.second < now]
        answers = [sum(column) for column in zip(*(slot.answers for slot in slots), strict=True)]
        carried: Counter[str] = Counter()
        for slot in slots:
            carried.update(slot.carried)
        span = min(SECONDS, max(1, now - self._since))
        return ReplicaFigures(
            service=service,
            replica=replica,
            version=__version__,
            requests_per_second=sum(answers) / span,
            failures_per_second=sum(slot.failures for slot in slots) / span,
            p50_seconds=_quantile(answers, 0.5),
            p99_seconds=_quantile(answers, 0.99),
            carried={to: count / span for to, count in sorted(carried.items())},
        )


FIGURES = Figures()
"""This process's."""


def _quantile(answers: list[int], share: float) -> float | None:
    """The bound below which that share of the answers lies; the highest one where it lies beyond all."""
    left = share * sum(answers)
    if not left:
        return None
    for count, bound in zip(answers, (*BOUNDS, BOUNDS[-1]), strict=True):
        left -= count
        if left <= 0:
            return round(bound, 6)
    return round(BOUNDS[-1], 6)


def figures_route(service: str, replica: str, health: Health) -> HTTPRouteHandler:
    """`GET /internal/figures`, for front's picture of the shop; not public. It answers while a dependency hangs."""
    checking: asyncio.Task[tuple[bool, dict[str, Any]]] | None = None

    @get(FIGURES_PATH, include_in_schema=False)
    async def figures() -> ReplicaFigures:
        nonlocal checking
        if checking is None or checking.done():
            checking = asyncio.create_task(_as_is(health), name="health for the picture")
        task = checking
        await asyncio.wait([task], timeout=HEALTH_SECONDS)
        ready, document = task.result() if task.done() else (None, {"dependencies": {}})
        return with_health(FIGURES.read(service, replica), ready, document)

    return figures


async def _as_is(health: Health) -> tuple[bool, dict[str, Any]]:
    return await health()


def with_health(figures: ReplicaFigures, ready: bool | None, document: dict[str, Any]) -> ReplicaFigures:
    return msgspec.structs.replace(figures, ready=ready, dependencies=document["dependencies"])
