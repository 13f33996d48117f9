"""One order a key, whatever was retried; and what was unknown is known at the end."""

from collections import defaultdict

from markethall.chaos.history import Call, History
from markethall.chaos.judges.sightings import order_id_of
from markethall.chaos.judges.verdict import Violation, violation

ONE_ORDER = "one order a key"
RESOLVES = "unknown outcomes resolve"

Asked = tuple[str, str | None, str | None]
"""Kind, user and key: what makes two requests the same."""


def by_key(history: History) -> dict[Asked, list[Call]]:
    """All calls with a key, in order of time."""
    calls: dict[Asked, list[Call]] = defaultdict(list)
    for call in sorted(history.of_kind("place", "receipt"), key=lambda call: call.started):
        calls[call.kind, call.request.user, call.request.key].append(call)
    return calls


def first_placed(history: History) -> dict[str, float]:
    """When each order was first asked for, by any call with its key."""
    asked: dict[str, float] = {}
    for (kind, _, _), calls in by_key(history).items():
        for order_id in filter(None, map(order_id_of, calls)):
            if kind == "place":
                asked[order_id] = min(calls[0].started, asked.get(order_id, calls[0].started))
    return asked


def judge_keys(history: History) -> list[Violation]:
    found = []
    for (kind, _, key), calls in by_key(history).items():
        named: dict[object, Call] = {}
        for call in calls:
            name = order_id_of(call) if kind == "place" else call.answer.get("id")
            if name is not None:
                named.setdefault(name, call)
            elif call.outcome == "ok":
                found.append(violation(RESOLVES, f"key {key} was answered with what cannot be read", [call]))
        if len(named) > 1:
            found.append(violation(ONE_ORDER, f"key {key} made {len(named)}: {', '.join(map(str, named))}", calls))
        elif named and any(call.outcome == "refused" and not order_id_of(call) for call in calls):
            found.append(violation(ONE_ORDER, f"key {key} was refused without an order, and has one", calls))
        if others := [call for call in calls if _is_anothers(call)]:
            found.append(violation(ONE_ORDER, f"key {key} was answered with an order for other lines", others[:1]))
        if all(call.outcome == "unknown" for call in calls):
            found.append(violation(RESOLVES, f"what became of key {key} was never said", calls[-1:]))
    return found


def lines_wanted(call: Call) -> dict[str, int]:
    """SKU → quantity, of an order that named its lines."""
    asked: dict[str, int] = defaultdict(int)
    for line in (call.request.body or {}).get("lines", []):
        asked[line["sku"]] += line["quantity"]
    return dict(asked)


def _is_anothers(call: Call) -> bool:
    """Whether the order that was answered is not what was asked for."""
    asked = lines_wanted(call)
    return bool(asked) and call.outcome == "ok" and call.answer.get("lines", asked) != asked
