"""How clients fare just now: what is shown while a run goes on."""

from collections.abc import Sequence
from dataclasses import dataclass

from markethall.chaos.history import Call
from markethall.chaos.judges.figures import is_served


@dataclass(frozen=True)
class Fares:
    """Of the calls that ended in one span of time."""

    calls_per_second: float
    not_served: int
    """Neither success nor a refusal that the shop is right in, after all retries."""
    retried: int
    median_ms: float
    slowest_ms: float


def fares_of(calls: Sequence[Call], seconds: float) -> Fares:
    times = sorted(call.seconds for call in calls)
    return Fares(
        len(calls) / seconds,
        sum(not is_served(call) for call in calls),
        sum(len(call.attempts) > 1 for call in calls),
        1000 * times[len(times) // 2] if times else 0.0,
        1000 * times[-1] if times else 0.0,
    )
