"""How long answers took, as Prometheus wants it: a histogram for each method, route and status.

The client library's own walks through its buckets under a lock for every answer. Here one place is counted, and the
sums are made when somebody asks.
"""

from bisect import bisect_left
from collections.abc import Iterable

from prometheus_client import REGISTRY
from prometheus_client.core import HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of the buckets, in seconds."""


class RequestTimes(Collector):
    """Written by one thread."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str, int], list[int]] = {}
        self._sums: dict[tuple[str, str, int], float] = {}

    def observe(self, method: str, route: str, status: int, seconds: float, count: int = 1) -> None:
        key = (method, route, status)
        counts = self._counts.get(key)
        if counts is None:
            counts = self._counts[key] = [0] * (len(BOUNDS) + 1)
            self._sums[key] = 0.0
        counts[bisect_left(BOUNDS, seconds)] += count
        self._sums[key] += seconds * count

    def collect(self) -> Iterable[Metric]:
        family = HistogramMetricFamily(
            "markethall_http_request_seconds", "Time to answer a request.", labels=["method", "route", "status"]
        )
        for (method, route, status), counts in self._counts.items():
            total, buckets = 0, []
            for bound, count in zip((*map(str, BOUNDS), "+Inf"), counts, strict=True):
                total += count
                buckets.append((bound, total))
            family.add_metric([method, route, str(status)], buckets, self._sums[method, route, status])
        yield family


REQUEST_TIMES = RequestTimes()
"""This process's."""
REGISTRY.register(REQUEST_TIMES)
