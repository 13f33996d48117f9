"""Nothing acknowledged is lost, nothing is there that nobody asked for, and the stock is what the answers come to."""

from collections import defaultdict

from markethall.chaos.history import Call, Event, History, Record
from markethall.chaos.judges.asked import judge_asked_at_end
from markethall.chaos.judges.final import Final, FinalOrder
from markethall.chaos.judges.keys import ONE_ORDER, by_key, lines_wanted
from markethall.chaos.judges.oversell import receipts_by_sku
from markethall.chaos.judges.rejections import judge_rejections
from markethall.chaos.judges.sightings import Sighting, sightings
from markethall.chaos.judges.steps import NEXT, may_become
from markethall.chaos.judges.verdict import Violation, violation

LOST = "nothing acknowledged lost"
STOCK = "stock at the end"


def judge_end(history: History, final: Final) -> list[Violation]:
    return [
        *_lost_orders(history, final),
        *_lost_receipts(history, final),
        *_strays(history, final),
        *_stock(final),
        *judge_asked_at_end(history, final),
        *judge_rejections(history, final),
    ]


def _lost_orders(history: History, final: Final) -> list[Violation]:
    found = []
    for order_id, seen in sightings(history).items():
        order = final.orders.get(order_id)
        if order is None:
            first = min(seen, key=lambda one: one.seen)
            found.append(violation(LOST, f"order {order_id} was answered and is not there", [first.record]))
        elif broken := _unfit(order, seen):
            found.append(broken)
    return found


def _unfit(order: FinalOrder, seen: list[Sighting]) -> Violation | None:
    for one in seen:
        if one.status in NEXT and not may_become(one.status, order.status):
            said = f"order {order.id} was seen {one.status} and is {order.status} at the end"
            return violation(LOST, said, [one.record])
        if differing := _differing(order, one.record):
            said = f"order {order.id} was answered with another {differing[0]} than it has at the end: {differing[1]}"
            return violation(LOST, said, [one.record])
    return None


def _differing(order: FinalOrder, record: Record) -> tuple[str, object] | None:
    """What was acknowledged stays to the letter."""
    if isinstance(record, Event):
        return None if record.number == order.number else ("number", order.number)
    if not isinstance(record, Call):
        return None
    has = {"number": order.number, "lines": order.lines, "total": order.total, "bought": order.bought}
    for name, value in has.items():
        if record.answer.get(name, value) != value:
            return name, value
    wanted = lines_wanted(record)
    return ("set of lines", dict(order.lines)) if wanted and wanted != order.lines else None


def _lost_receipts(history: History, final: Final) -> list[Violation]:
    found = []
    for sku, calls in receipts_by_sku(history).items():
        in_ledger = final.stock[sku].receipts if sku in final.stock else {}
        answered = {call.answer["id"]: call for call in calls if call.outcome == "ok" and "id" in call.answer}
        for movement_id, call in answered.items():
            if movement_id not in in_ledger:
                found.append(violation(LOST, f"a receipt of {sku} was answered and is not in the ledger", [call]))
        strays = len(in_ledger.keys() - answered.keys())
        if strays > sum(call.outcome == "unknown" for call in calls):
            said = f"{sku} has {strays} receipts that no answer names"
            found.append(violation(ONE_ORDER, said, [call for call in calls if len(call.attempts) > 1]))
    return found


def _strays(history: History, final: Final) -> list[Violation]:
    """Orders that no answer named. Each key that was never answered may have made one."""
    named = sightings(history)
    strays = [order for order_id, order in final.orders.items() if order_id not in named]
    keys = [calls for (kind, _, _), calls in by_key(history).items() if kind == "place"]
    unanswered = sum(all(call.outcome == "unknown" for call in calls) for calls in keys)
    if len(strays) <= unanswered:
        return []
    retried = [call for calls in keys for call in calls if len(call.attempts) > 1 or len(calls) > 1]
    found = []
    for stray in strays[:10]:
        same = [call for call in retried if lines_wanted(call) == stray.lines]
        said = f"order {stray.number} ({stray.id}, {stray.status}) is there, and no answer named it"
        found.append(violation(ONE_ORDER, said, same[:2]))
    return found


def _stock(final: Final) -> list[Violation]:
    held: dict[str, int] = defaultdict(int)
    left: dict[str, int] = defaultdict(int)
    for order in final.orders.values():
        taken = {"confirmed": held, "fulfilled": left}.get(order.status)
        for sku, quantity in order.lines.items() if taken is not None else ():
            assert taken is not None
            taken[sku] += quantity
    found = []
    for sku, stock in final.stock.items():
        received = sum(stock.receipts.values())
        if held[sku] + left[sku] > received:
            said = f"{held[sku] + left[sku]} of {sku} were sold, and {received} came in"
            found.append(violation(STOCK, said))
        elif stock.reserved != held[sku]:
            said = f"{stock.reserved} of {sku} are reserved, and confirmed orders hold {held[sku]}"
            found.append(violation(STOCK, said))
        elif stock.on_hand != received - left[sku]:
            said = f"{stock.on_hand} of {sku} are on hand; {received} came in and {left[sku]} were fulfilled"
            found.append(violation(STOCK, said))
    return found
