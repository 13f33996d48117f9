"""The figures of `markethall evaluate cache`, as tables."""

from collections.abc import Sequence

from rich.table import Column, Table

from markethall.chaos.cache.figures import KINDS, Latency
from markethall.chaos.cache.use import CACHES, CacheUse


def latency(latencies: Sequence[Latency]) -> Table:
    """Cache on and off side by side. Milliseconds."""
    caches = [cache for cache in CACHES if any(each.cache == cache for each in latencies)]
    names = [f"{name}, cache {cache}" for name in ("answers", "median ms", "95th percentile ms") for cache in caches]
    table = Table("request", Column("buys %", justify="right"), *(Column(name, justify="right") for name in names))
    found = {(each.kind, each.percent, each.cache): each for each in latencies}
    for kind in KINDS:
        for percent in sorted({each.percent for each in latencies if each.kind == kind}):
            row = [found.get((kind, percent, cache)) for cache in caches]
            table.add_row(
                kind,
                f"{percent}",
                *(f"{each.answers:,}" if each else "" for each in row),
                *(f"{each.median_ms:,.1f}" if each else "" for each in row),
                *(f"{each.p95_ms:,.1f}" if each else "" for each in row),
            )
        table.add_section()
    return table


def caches(uses: Sequence[CacheUse]) -> Table:
    right = [Column(name, justify="right") for name in ("entries at most", "hits", "misses", "past the cache")]
    table = Table("cache", *right)
    for use in uses:
        numbers = (use.capacity, use.hits, use.misses, use.bypassed)
        table.add_row(use.cache, *("" if number is None else f"{number:,}" for number in numbers))
    return table
