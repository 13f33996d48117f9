"""Statuses move along legal steps only, for all readers and streams together, in real time."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from markethall.chaos.history import Call, History, Record
from markethall.chaos.judges.sightings import Sighting, sightings, streams
from markethall.chaos.judges.verdict import Violation, violation

RULE = "legal steps"

NEXT: dict[str, frozenset[str]] = {
    "pending": frozenset({"confirmed", "rejected", "cancelled"}),
    "confirmed": frozenset({"fulfilled", "cancelled"}),
    "rejected": frozenset(),
    "cancelled": frozenset(),
    "fulfilled": frozenset(),
}
_DISTANCE = {"pending": 0, "confirmed": 1, "rejected": 2, "cancelled": 2, "fulfilled": 2}
_PARTED = (("rejected", "confirmed"), ("rejected", "fulfilled"), ("rejected", "cancelled"), ("cancelled", "fulfilled"))
"""No order is ever both."""


def judge_steps(history: History) -> list[Violation]:
    """At most one violation an order."""
    found = []
    for order_id, seen in sightings(history).items():
        broken = _unknown_status(seen) or _parted(seen) or _backwards(seen) or _own_history(seen)
        if broken is not None:
            said, records = broken
            found.append(violation(RULE, f"order {order_id} {said}", records))
    for stream in streams(history.events):
        for earlier, later in pairwise(stream):
            if later.status not in NEXT.get(earlier.status, frozenset()):
                said = f"order {later.order_id} went from {earlier.status} to {later.status} in one stream"
                found.append(violation(RULE, said, [earlier, later]))
                break
    return found


def may_become(earlier: str, later: str) -> bool:
    """Whether an order that had one status can have the other afterwards, by whatever steps."""
    return earlier == later or any(may_become(step, later) for step in NEXT[earlier])


_Broken = tuple[str, Iterable[Record]]


def _unknown_status(seen: Sequence[Sighting]) -> _Broken | None:
    for one in seen:
        if one.status not in NEXT:
            return f"has a status that there is not: {one.status}", [one.record]
    return None


def _parted(seen: Sequence[Sighting]) -> _Broken | None:
    first = {one.status: one for one in reversed(seen)}
    for one, other in _PARTED:
        if one in first and other in first:
            return f"was {one} and {other}", [first[one].record, first[other].record]
    return None


def _backwards(seen: Sequence[Sighting]) -> _Broken | None:
    """A sighting that was asked for after a later status had been seen."""
    by_seen = sorted(seen, key=lambda one: one.seen)
    farthest: Sighting | None = None
    position = 0
    for one in sorted(seen, key=lambda one: one.asked):
        while position < len(by_seen) and by_seen[position].seen < one.asked:
            if farthest is None or _DISTANCE[by_seen[position].status] > _DISTANCE[farthest.status]:
                farthest = by_seen[position]
            position += 1
        if farthest is not None and not may_become(farthest.status, one.status):
            return f"was seen {farthest.status} and after that {one.status}", [farthest.record, one.record]
    return None


def _own_history(seen: Sequence[Sighting]) -> _Broken | None:
    """The history that an answer itself tells."""
    for one in seen:
        steps = one.record.answer.get("history", []) if isinstance(one.record, Call) else []
        for earlier, later in pairwise(steps):
            if later not in NEXT.get(earlier, frozenset()):
                return f"tells of a step from {earlier} to {later}", [one.record]
        if steps and steps[-1] != one.status:
            return f"is {one.status}, but its history ends with {steps[-1]}", [one.record]
    return None
