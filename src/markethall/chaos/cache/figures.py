"""How long answers took, by kind of request, by cache, and by how likely buyers buy; and what went wrong."""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from markethall.chaos.cache.rounds import Trial
from markethall.chaos.cache.use import Cache
from markethall.chaos.history import Call
from markethall.chaos.judges.figures import is_served

Kind = Literal["query", "buy", "look up"]
KINDS: tuple[Kind, ...] = ("query", "buy", "look up")


class Latency(msgspec.Struct, frozen=True):
    """Of the answers to one kind of request. Milliseconds, as the client saw them.

    `sold_out`: buys that were answered so, which is an answer. Calls that had none are not among `answers`.
    """

    kind: Kind
    cache: Cache
    percent: int
    answers: int
    sold_out: int
    p25_ms: float
    median_ms: float
    p75_ms: float
    p95_ms: float
    slowest_ms: float


def latencies(trials: Iterable[Trial]) -> list[Latency]:
    """By kind, then as the trials come; nothing for what was never asked: nobody buys at 0 %."""
    shown = list(trials)
    rows = [_latency(kind, trial) for kind in KINDS for trial in shown]
    return [row for row in rows if row.answers]


def failures(trials: Iterable[Trial]) -> list[str]:
    """Queries and buys that had no success after all retries, and no word of the goods, a line each."""
    return [
        f"{kind} at {trial.percent} %, cache {trial.cache}: {_said(call)}"
        for trial in trials
        for kind, calls in (("query", trial.queries), ("buy", trial.buys))
        for call in calls
        if not is_served(call)
    ]


def _latency(kind: Kind, trial: Trial) -> Latency:
    calls = {"query": trial.queries, "buy": trial.buys, "look up": trial.lookups}[kind]
    served = [call for call in calls if is_served(call)]
    ordered = sorted(call.seconds * 1000 for call in served)
    return Latency(
        kind=kind,
        cache=trial.cache,
        percent=trial.percent,
        answers=len(served),
        sold_out=sum(call.outcome == "refused" for call in served),
        p25_ms=percentile(ordered, 25),
        median_ms=percentile(ordered, 50),
        p75_ms=percentile(ordered, 75),
        p95_ms=percentile(ordered, 95),
        slowest_ms=percentile(ordered, 100),
    )


def percentile(ordered: Sequence[float], percent: int) -> float:
    """The value that so many per cent are below; 0 of none."""
    return round(ordered[min(len(ordered) * percent // 100, len(ordered) - 1)], 3) if ordered else 0.0


def _said(call: Call) -> str:
    return f"{call.request.method} {call.request.path} {call.status or 'was not answered'}"
