"""No order is rejected while there was surely enough, and what is said to have been short fits what was there.

What an order found is between two bounds: at least what had surely come in before it was placed, less all that any
other order may have held by the time it was seen rejected; at most what may have come in by then, less what confirmed
orders surely held all the while.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from markethall.chaos.history import Call, History
from markethall.chaos.judges.final import Final
from markethall.chaos.judges.keys import first_placed
from markethall.chaos.judges.oversell import quantity_of, receipts_by_sku
from markethall.chaos.judges.sightings import LONG_AGO, NEVER, Sighting, sales, sightings
from markethall.chaos.judges.verdict import Violation, violation

RULE = "rejected only for want of stock"


class _Held(NamedTuple):
    """What one order held of a SKU, from `since` until `until`."""

    order_id: str
    quantity: int
    since: float
    until: float


class _Goods:
    """What there was of one SKU."""

    def __init__(self) -> None:
        self.receipts: Sequence[Call] = ()
        self.perhaps: list[_Held] = []
        self.surely: list[_Held] = []

    def least(self, begin: float, end: float) -> int:
        held = sum(one.quantity for one in self.perhaps if one.since < end and one.until > begin)
        return sum(self._came(begin, end)[0]) - held

    def most(self, begin: float, end: float) -> int:
        held = sum(one.quantity for one in self.surely if one.since < begin and one.until > end)
        return sum(self._came(begin, end)[1]) - held

    def _came(self, begin: float, end: float) -> tuple[list[int], list[int]]:
        """The receipts and corrections that make it least, and those that make it most."""
        least, most = [], []
        for call in self.receipts:
            quantity = quantity_of(call)
            surely, perhaps = call.outcome == "ok" and call.ended < begin, call.started < end
            if surely if quantity > 0 else perhaps:
                least.append(quantity)
            if perhaps if quantity > 0 else surely:
                most.append(quantity)
        return least, most


def judge_rejections(history: History, final: Final) -> list[Violation]:
    """Of the orders that were seen rejected, and whose lines are known. At most one violation an order."""
    goods = _goods(history, final)
    placed = first_placed(history)
    found = []
    for order_id, seen in sightings(history).items():
        rejected = [one for one in seen if one.status == "rejected"]
        order = final.orders.get(order_id)
        if rejected and order is not None and order_id in placed:
            end = min(one.seen for one in rejected)
            if (wrong := _wrong(rejected, order.lines, goods, placed[order_id], end)) is not None:
                records = [one.record for one in rejected[:2]]
                found.append(violation(RULE, f"order {order_id} was rejected, {wrong}", records))
    return found


def _wrong(
    rejected: Iterable[Sighting], lines: Mapping[str, int], goods: Mapping[str, _Goods], begin: float, end: float
) -> str | None:
    named = [one for one in map(_shortages, rejected) if one is not None]
    if any(shortages != named[0] for shortages in named):
        return "and told in two ways what was short"
    if not named:
        there = {sku: goods[sku].least(begin, end) for sku in lines}
        if all(there[sku] >= quantity for sku, quantity in lines.items()):
            return f"while there were at least {there} for its {dict(lines)}"
        return None
    if not named[0]:
        return "and nothing is said to have been short"
    for shortage in named[0]:
        sku, requested, available = shortage["sku"], shortage["requested"], shortage["available"]
        if lines.get(sku) != requested or not 0 <= available < requested:
            return f"for a shortage that its lines {dict(lines)} do not have: {shortage}"
        least, most = max(goods[sku].least(begin, end), 0), goods[sku].most(begin, end)
        if not least <= available <= most:
            return f"because {available} of {sku} were there, where {least} to {most} must have been"
    return None


def _shortages(one: Sighting) -> list[dict[str, Any]] | None:
    """None: this answer does not speak of them."""
    if not isinstance(one.record, Call):
        return None
    told = one.record.answer.get("shortages", [] if one.record.kind == "place" else None)
    return told if told is None else sorted(told, key=lambda shortage: str(shortage["sku"]))


def _goods(history: History, final: Final) -> Mapping[str, _Goods]:
    goods: dict[str, _Goods] = defaultdict(_Goods)
    for sku, receipts in receipts_by_sku(history).items():
        goods[sku].receipts = receipts
    placed, released = first_placed(history), _released(history)
    for order_id, order in final.orders.items():
        since, until = placed.get(order_id, LONG_AGO), released.get(order_id, NEVER)
        for sku, quantity in order.lines.items() if order.status != "rejected" else ():
            goods[sku].perhaps.append(_Held(order_id, quantity, since, until))
    for sale in sales(history):
        for sku, quantity in sale.lines.items():
            goods[sku].surely.append(_Held(sale.order_id, quantity, sale.since, sale.cancelled_from))
    return goods


def _released(history: History) -> dict[str, float]:
    """By order: 200 to a cancellation says that its stock is back."""
    back: dict[str, float] = {}
    for call in history.of_kind("cancel"):
        if call.outcome == "ok" and call.status == 200:
            order_id = call.request.path.split("/")[3]
            back[order_id] = min(call.ended, back.get(order_id, NEVER))
    return back
