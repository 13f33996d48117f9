"""What whoever made the load saw of it."""

from collections.abc import Mapping, Sequence

import msgspec

PERCENTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999, "max": 1.0}


class Seen(msgspec.Struct, frozen=True):
    """`answers` is all that came back whole. `refused` of them had a status of 400 or above.

    `broken` are connections that failed, and requests without an answer. `latencies_ms` by `p50`, `p90`, `p99`,
    `p99.9` and `max`; `statuses` where they were counted. `late_ms`: how late, at the 99th percentile, the generator
    itself was with requests that were due; latencies hold it. `cpu_seconds` is the generator's. `by_kind`: latencies
    of each kind of requests, where they have kinds and are sent by the clock.
    """

    answers: int
    seconds: float
    refused: int
    broken: int
    latencies_ms: Mapping[str, float]
    cpu_seconds: float
    statuses: Mapping[str, int] | None = None
    late_ms: float | None = None
    by_kind: Mapping[str, Mapping[str, float]] = {}


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """What a request of a burst came to. `sent_ms`: when its bytes had been written, from when all were due.

    Status 0: no answer.
    """

    status: int
    latency_ms: float
    sent_ms: float


def percentiles_ms(seconds: Sequence[float]) -> dict[str, float]:
    """By name; empty of nothing. `seconds` in any order."""
    ordered = sorted(seconds)
    return {name: round(_at(ordered, share) * 1000, 3) for name, share in PERCENTILES.items()} if ordered else {}


def _at(ordered: Sequence[float], share: float) -> float:
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]
