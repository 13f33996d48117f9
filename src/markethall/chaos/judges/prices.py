"""An order is charged what its goods cost when it was placed: a price that they had between request and answer.

An answered change is in force for whoever orders after it (contract). While parts die it may come to orders late, so
there it counts from when an order was charged it, or from when it had `LATE_SECONDS` free of faults to arrive. A
change whose outcome is unknown may be in force from its start, and until a later one is.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from markethall.chaos.history import Call, FaultRecord, History
from markethall.chaos.judges.keys import first_placed
from markethall.chaos.judges.sightings import NEVER, may_have_worked
from markethall.chaos.judges.verdict import AFTERMATH_SECONDS, Violation, violation

RULE = "prices as they were"
PROMPT_SECONDS = 2.5
"""Catalog waits 3 s for those who keep copies (`markethall.kit.applied`), and then answers all the same."""
SETTLED_SECONDS = 5.0
"""After a fault is over and all is well."""
LATE_SECONDS = 60.0


class _Price(NamedTuple):
    """One entry of a SKU's price history, in order of time."""

    amount: int
    call: Call
    in_force: float
    """Whoever orders later is charged this or a newer one."""


class _Charged(NamedTuple):
    amount: int
    placed: float
    seen: float
    call: Call


def judge_prices(history: History) -> list[Violation]:
    """At most one violation a SKU."""
    prices = _prices(history)
    found = []
    for sku, charged in _charged(history).items():
        if sku in prices and (broken := _wrong(sku, prices[sku], charged)):
            found.append(broken)
    return found


def _wrong(sku: str, prices: Sequence[_Price], charged: Sequence[_Charged]) -> Violation | None:
    of_amount: dict[int, list[int]] = defaultdict(list)
    for index, price in enumerate(prices):
        of_amount[price.amount].append(index)
    by_seen = sorted(charged, key=lambda one: one.seen)
    in_force = sorted(range(len(prices)), key=lambda index: prices[index].in_force)
    newest = seen = forced = 0
    for one in sorted(charged, key=lambda one: one.placed):
        while seen < len(by_seen) and by_seen[seen].seen < one.placed:
            newest = max(newest, min(of_amount.get(by_seen[seen].amount, [0])))
            seen += 1
        while forced < len(prices) and prices[in_force[forced]].in_force < one.placed:
            newest = max(newest, in_force[forced])
            forced += 1
        if not any(_possible(prices, index, newest, one) for index in of_amount.get(one.amount, ())):
            possible = [price for index, price in enumerate(prices) if _possible(prices, index, newest, one)]
            could = ", ".join(str(price.amount) for price in possible)
            said = f"{sku} was charged at {one.amount}, and cost {could} when it was ordered"
            return violation(RULE, said, [*(price.call for price in possible[:2]), one.call])
    return None


def _possible(prices: Sequence[_Price], index: int, newest: int, one: _Charged) -> bool:
    """Whether the order may have been charged it, `newest` being in force for sure."""
    call = prices[index].call
    return call.started < one.seen and (index >= newest or call.ended >= prices[newest].call.started)


def _prices(history: History) -> Mapping[str, Sequence[_Price]]:
    found: dict[str, list[_Price]] = defaultdict(list)
    for call in sorted(history.of_kind("make_product", "change_product"), key=lambda call: call.started):
        if may_have_worked(call):
            in_force = _in_force(call, history.faults)
            for variant in (call.request.body or {}).get("variants", ()):
                found[variant["sku"]].append(_Price(variant["price"]["amount"], call, in_force))
    return found


def _charged(history: History) -> Mapping[str, Sequence[_Charged]]:
    """By SKU, what each order was charged, as its first answer has it."""
    placed = first_placed(history)
    first: dict[str, Call] = {}
    for call in sorted(history.of_kind("place", "read_order", "cancel", "fulfil"), key=lambda call: call.ended):
        if call.outcome == "ok" and "bought" in call.answer:
            first.setdefault(call.answer["id"], call)
    found: dict[str, list[_Charged]] = defaultdict(list)
    for order_id, call in first.items():
        for sku, (amount, _, _) in call.answer["bought"].items() if order_id in placed else ():
            found[sku].append(_Charged(amount, placed[order_id], call.ended, call))
    return found


def _in_force(call: Call, faults: Sequence[FaultRecord]) -> float:
    """When it surely is; NEVER where its outcome is not known."""
    if call.outcome != "ok":
        return NEVER
    spells = sorted((fault.injected_at, _over(fault)) for fault in faults)
    disturbed = any(begin <= call.ended and call.started <= end + SETTLED_SECONDS for begin, end in spells)
    if not disturbed and call.seconds < PROMPT_SECONDS:
        return call.ended
    at, left = call.ended, LATE_SECONDS
    for begin, end in spells:
        if end > at:
            if begin - at >= left:
                break
            left -= max(begin - at, 0.0)
            at = end
    return at + left


def _over(fault: FaultRecord) -> float:
    """When nothing of it was left."""
    if fault.well_at is not None:
        return fault.well_at
    return fault.healed_at + AFTERMATH_SECONDS if fault.healed_at is not None else NEVER
