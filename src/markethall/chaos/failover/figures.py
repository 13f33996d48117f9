"""What clients noticed: errors, repeats, and how long answers took, in calm and just after a kill."""

from collections.abc import Sequence
from typing import Any

import msgspec

from markethall.chaos.history import Call, FaultRecord, History
from markethall.chaos.judges.figures import is_served

AFTERMATH_SECONDS = 5.0
PERCENTILES = (50, 95, 99)


class Spell(msgspec.Struct, frozen=True):
    """Answers to orders that began in one kind of time. Seconds, all retries included."""

    orders: int
    percentiles: dict[str, float]
    slowest: float


class Kill(msgspec.Struct, frozen=True):
    """One kill and its traces in the 5 s after it. `back_after` is until the replica was ready again."""

    target: str
    at: float
    back_after: float
    repeated: int
    slowest: float


class Figures(msgspec.Struct, frozen=True):
    """All calls of the run. `errors` had no success after all retries; `repeated` needed more than one attempt."""

    orders: int
    lookups: int
    errors: int
    repeated: int
    calm: Spell
    after_kills: Spell
    kills: list[Kill]


def figures_of(history: History) -> Figures:
    """Times in `kills` are of the monotonic clock."""
    orders = history.of_kind("place")
    struck = [call for call in orders if any(_follows(call, fault) for fault in history.faults)]
    calm = [call for call in orders if not any(_follows(call, fault) for fault in history.faults)]
    return Figures(
        orders=len(orders),
        lookups=len(history.of_kind("read_order")),
        errors=sum(not is_served(call) for call in history.calls),
        repeated=sum(len(call.attempts) > 1 for call in history.calls),
        calm=_spell(calm),
        after_kills=_spell(struck),
        kills=[_kill(fault, orders) for fault in history.faults],
    )


def samples(history: History, began: float) -> list[dict[str, Any]]:
    """Each order as the plot shows it."""
    return [
        {
            "at": round(call.started - began, 4),
            "seconds": round(call.seconds, 5),
            "attempts": len(call.attempts),
            "status": call.status,
        }
        for call in history.of_kind("place")
    ]


def _follows(call: Call, fault: FaultRecord) -> bool:
    """Whether any of it falls into the 5 s after the kill."""
    return call.ended >= fault.injected_at and call.started <= fault.injected_at + AFTERMATH_SECONDS


def _kill(fault: FaultRecord, orders: Sequence[Call]) -> Kill:
    struck = [call for call in orders if _follows(call, fault)]
    return Kill(
        target=fault.target,
        at=fault.injected_at,
        back_after=round((fault.healed_at or fault.injected_at) - fault.injected_at, 3),
        repeated=sum(len(call.attempts) > 1 for call in struck),
        slowest=round(max((call.seconds for call in struck), default=0.0), 4),
    )


def _spell(orders: Sequence[Call]) -> Spell:
    seconds = sorted(call.seconds for call in orders)
    if not seconds:
        return Spell(0, {}, 0.0)
    percentiles = {f"p{p}": round(seconds[min(len(seconds) * p // 100, len(seconds) - 1)], 4) for p in PERCENTILES}
    return Spell(len(seconds), percentiles, round(seconds[-1], 4))
