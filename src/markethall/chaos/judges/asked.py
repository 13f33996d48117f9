"""Nothing happens to an order that nobody asked for: it is cancelled or fulfilled by a client's call, or not at all."""

from collections.abc import Mapping

from markethall.chaos.history import History, Kind
from markethall.chaos.judges.final import Final
from markethall.chaos.judges.sightings import NEVER, first_asked, sightings
from markethall.chaos.judges.verdict import Violation, violation

RULE = "only what was asked for"
ASKED_BY: Mapping[str, Kind] = {"cancelled": "cancel", "fulfilled": "fulfil"}
"""The calls that alone bring about a status."""


def judge_asked(history: History) -> list[Violation]:
    """At most one violation an order: the first sight of what had not been asked for by then."""
    asked = _asked(history)
    found = []
    for order_id, seen in sightings(history).items():
        for one in sorted(seen, key=lambda one: one.seen):
            if one.status in asked and asked[one.status].get(order_id, NEVER) >= one.seen:
                said = f"order {order_id} was {one.status} before anybody had asked for it"
                found.append(violation(RULE, said, [*(first.record for first in seen[:1]), one.record]))
                break
    return found


def judge_asked_at_end(history: History, final: Final) -> list[Violation]:
    """What no answer has shown."""
    asked, seen = _asked(history), sightings(history)
    found = []
    for order_id, order in final.orders.items():
        shown = any(one.status == order.status for one in seen.get(order_id, ()))
        if order.status in asked and order_id not in asked[order.status] and not shown:
            said = f"order {order_id} is {order.status} at the end, and nobody asked for it"
            found.append(violation(RULE, said, [one.record for one in seen.get(order_id, ())]))
    return found


def _asked(history: History) -> dict[str, dict[str, float]]:
    return {status: first_asked(history, kind) for status, kind in ASKED_BY.items()}
