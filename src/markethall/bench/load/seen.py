"""What whoever made the load saw of it."""

from collections.abc import Mapping

import msgspec


class Seen(msgspec.Struct, frozen=True):
    """`answers` is all that came back whole. `refused` of them had a status of 400 or above.

    `broken` are connections that failed, and requests without an answer. `latencies_ms` by `p50`, `p90`, `p99`,
    `p99.9` and `max`; `statuses` where they were counted.
    """

    answers: int
    seconds: float
    refused: int
    broken: int
    latencies_ms: Mapping[str, float]
    cpu_seconds: float
    statuses: Mapping[str, int] | None = None
