"""What is reported and not judged: how long things took, how often the answer was neither yes nor sold out."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from markethall.chaos.history import Call, FaultRecord, History

DEFINITE = frozenset(
    {"out_of_stock", "order_cancelled", "not_cancellable", "not_fulfillable", "below_reserved", "version_mismatch"}
)
"""Refusals that say how things are in the shop: success, from where the buyer stands, is to be told so."""
SLOWEST = 5


def figures_of(history: History) -> dict[str, Any]:
    calls: dict[str, list[Call]] = defaultdict(list)
    for call in history.calls:
        calls[call.kind].append(call)
    failed = [call for call in history.calls if not is_served(call)]
    return {
        "calls": len(history.calls),
        "events": len(history.events),
        "attempts": sum(len(call.attempts) for call in history.calls),
        "not_served": len(failed),
        "not_served_share": len(failed) / max(len(history.calls), 1),
        "kinds": {kind: _of_kind(of_kind) for kind, of_kind in sorted(calls.items())},
        "slowest": [_told(call) for call in sorted(history.calls, key=lambda call: -call.seconds)[:SLOWEST]],
        "faults": [_recovery(fault, calls) for fault in history.faults],
    }


def is_served(call: Call) -> bool:
    """Success, or a definite word about the goods."""
    return call.outcome == "ok" or (call.outcome == "refused" and call.answer.get("code") in DEFINITE)


def seconds_to_success(fault: FaultRecord, calls: Sequence[Call]) -> float | None:
    """From the fault to the first success among the calls that began after it. None: there was none."""
    ended = [call.ended for call in calls if call.started >= fault.injected_at and is_served(call)]
    return min(ended) - fault.injected_at if ended else None


def _of_kind(calls: Sequence[Call]) -> dict[str, Any]:
    seconds = sorted(call.seconds for call in calls)
    return {
        "calls": len(calls),
        "not_served": sum(not is_served(call) for call in calls),
        "unknown": sum(call.outcome == "unknown" for call in calls),
        "p50_seconds": _share(seconds, 0.50),
        "p99_seconds": _share(seconds, 0.99),
        "longest_seconds": round(seconds[-1], 4),
    }


def _share(ordered: Sequence[float], share: float) -> float:
    return round(ordered[min(int(len(ordered) * share), len(ordered) - 1)], 4)


def _recovery(fault: FaultRecord, calls: dict[str, list[Call]]) -> dict[str, Any]:
    lasted = fault.healed_at - fault.injected_at if fault.healed_at is not None else None
    first = {kind: seconds_to_success(fault, of_kind) for kind, of_kind in sorted(calls.items())}
    told = {kind: round(seconds, 4) if seconds is not None else None for kind, seconds in first.items()}
    return {"name": fault.name, "target": fault.target, "lasted_seconds": lasted, "first_success_seconds": told}


def _told(call: Call) -> dict[str, Any]:
    tries = [attempt.status or attempt.reason for attempt in call.attempts]
    return {"kind": call.kind, "client": call.client, "seconds": round(call.seconds, 3), "attempts": tries}
