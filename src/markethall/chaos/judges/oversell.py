"""Never oversold, at any moment: what is confirmed had come in before.

Judged by answers alone. To be safe against false alarms, a receipt counts from when it was sent (it may
have worked before it was answered), a sale from when it was answered, until a cancellation is sent.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from markethall.chaos.history import Call, History, Record
from markethall.chaos.judges.sightings import NEVER, Sale, sales
from markethall.chaos.judges.verdict import Violation, violation

RULE = "no oversell"


class _Step(NamedTuple):
    at: float
    # At the same moment goods come in first.
    turn: int
    received: int
    sold: int
    sale: Sale | None


def judge_oversell(history: History) -> list[Violation]:
    """At most one violation a SKU: the first moment at which more was sold than had come in."""
    receipts = receipts_by_sku(history)
    sold: dict[str, list[Sale]] = defaultdict(list)
    for sale in sales(history):
        if sale.since < sale.cancelled_from:
            for sku in sale.lines:
                sold[sku].append(sale)
    found = []
    for sku, sold_of_sku in sold.items():
        broken = _first_oversell(sku, receipts.get(sku, []), sold_of_sku)
        if broken is not None:
            found.append(broken)
    return found


def receipts_by_sku(history: History) -> dict[str, list[Call]]:
    """Each key once, by its best answer; those that were refused moved nothing."""
    best: dict[tuple[str, str | None], Call] = {}
    for call in history.of_kind("receipt"):
        if call.outcome == "refused":
            continue
        name = (call.request.path, call.request.key)
        known = best.get(name)
        if known is None:
            best[name] = call
        elif known.outcome == "unknown" and call.outcome == "ok":
            # It may have been done by the first of them already.
            best[name] = msgspec.structs.replace(call, started=known.started)
    receipts: dict[str, list[Call]] = defaultdict(list)
    for call in best.values():
        receipts[call.request.path.split("/")[3]].append(call)
    return receipts


def quantity_of(receipt: Call) -> int:
    return int((receipt.request.body or {})["quantity"])


def _first_oversell(sku: str, receipts: Iterable[Call], sold: Iterable[Sale]) -> Violation | None:
    steps = []
    for call in receipts:
        quantity = quantity_of(call)
        if quantity > 0:
            steps.append(_Step(call.started, 0, quantity, 0, None))
        elif call.outcome == "ok":
            steps.append(_Step(call.ended, 2, quantity, 0, None))
    for sale in sold:
        steps.append(_Step(sale.since, 3, 0, sale.lines[sku], sale))
        if sale.cancelled_from < NEVER:
            steps.append(_Step(sale.cancelled_from, 1, 0, -sale.lines[sku], sale))
    received = total = 0
    held: dict[str, Sale] = {}
    for step in sorted(steps, key=lambda step: (step.at, step.turn)):
        received += step.received
        total += step.sold
        if step.sale is not None and step.sold < 0:
            held.pop(step.sale.order_id, None)
        elif step.sale is not None:
            held[step.sale.order_id] = step.sale
            if total > received:
                came = [call for call in receipts if call.started <= step.at]
                said = f"{total} of {sku} were sold when at most {received} had come in"
                return violation(RULE, said, [*came, *_enough(sku, held.values(), received)])
    return None


def _enough(sku: str, held: Iterable[Sale], received: int) -> list[Record]:
    """The fewest sales that are too many."""
    taken: list[Record] = []
    total = 0
    for sale in sorted(held, key=lambda sale: -sale.lines[sku]):
        taken.append(sale.record)
        total += sale.lines[sku]
        if total > received:
            break
    return taken
