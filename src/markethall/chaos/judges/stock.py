"""Conservation at every read of stock: it adds up, is never older than what was known, never less than what is held."""

from collections import defaultdict
from collections.abc import Sequence

from markethall.chaos.history import Call, History, Record
from markethall.chaos.judges.keys import by_key
from markethall.chaos.judges.oversell import quantity_of, receipts_by_sku
from markethall.chaos.judges.real_time import Reading, older_than_seen, two_of_one_version
from markethall.chaos.judges.sightings import Leaving, Sale, asked_at, departures, sales
from markethall.chaos.judges.verdict import Violation, violation

RULE = "conservation"


def judge_stock(history: History) -> list[Violation]:
    """At most one violation a SKU."""
    receipts = receipts_by_sku(history)
    sold: dict[str, list[Sale]] = defaultdict(list)
    leaving: dict[str, list[Leaving]] = defaultdict(list)
    for sale in sales(history):
        for sku in sale.lines:
            sold[sku].append(sale)
    for one in departures(history):
        for sku in one.lines:
            leaving[sku].append(one)
    found = []
    for sku, readings in _readings(history).items():
        broken = (
            _adds_up(readings)
            or _goes_back(readings)
            or _holds_what_is_sold(sku, readings, sold[sku])
            or _has_what_came_in(sku, readings, receipts.get(sku, []), leaving[sku])
        )
        if broken is not None:
            said, records = broken
            found.append(violation(RULE, f"{sku}: {said}", records))
    return found


_Broken = tuple[str, Sequence[Record]]


def _readings(history: History) -> dict[str, list[Reading]]:
    """What was told of each SKU's stock, receipts' answers included."""
    found: dict[str, list[Reading]] = defaultdict(list)
    # A receipt that is repeated is answered as the first time: an old number, and meant to be.
    firsts = [calls[0] for (kind, _, _), calls in by_key(history).items() if kind == "receipt"]
    once = [call for call in firsts if len(call.attempts) == 1]
    for call in [*history.of_kind("read_stock"), *once]:
        stock = call.answer.get("stock") if call.kind == "receipt" else call.answer
        if call.outcome != "ok" or not stock or "version" not in stock:
            continue
        found[stock["sku"]].append(Reading(stock["version"], asked_at(call), call.ended, stock, call))
    return found


def _numbers(reading: Reading) -> tuple[int, int, int]:
    stock = reading.said
    assert isinstance(stock, dict)
    return stock["on_hand"], stock["reserved"], stock["available"]


def _adds_up(readings: Sequence[Reading]) -> _Broken | None:
    for reading in readings:
        on_hand, reserved, available = _numbers(reading)
        if not 0 <= reserved <= on_hand or available != on_hand - reserved:
            return f"on hand {on_hand}, reserved {reserved}, available {available}", [reading.record]
    return None


def _goes_back(readings: Sequence[Reading]) -> _Broken | None:
    if pair := older_than_seen(readings):
        newer, older = pair
        return f"version {older.version} was told after version {newer.version}", [newer.record, older.record]
    if pair := two_of_one_version(readings):
        return f"version {pair[0].version} was told in two ways", [pair[0].record, pair[1].record]
    return None


def _holds_what_is_sold(sku: str, readings: Sequence[Reading], sold: Sequence[Sale]) -> _Broken | None:
    for reading in readings:
        held = [sale for sale in sold if sale.since < reading.asked and reading.seen < sale.until]
        total = sum(sale.lines[sku] for sale in held)
        if total > _numbers(reading)[1]:
            said = f"{_numbers(reading)[1]} reserved, while confirmed orders hold {total}"
            return said, [*(sale.record for sale in held), reading.record]
    return None


def _has_what_came_in(
    sku: str, readings: Sequence[Reading], receipts: Sequence[Call], leaving: Sequence[Leaving]
) -> _Broken | None:
    """On hand is what came in less what was fulfilled, as far as is known at the moment of the reading."""
    for reading in readings:
        least = most = 0
        for call in receipts:
            quantity = quantity_of(call)
            surely = call.outcome == "ok" and call.ended < reading.asked
            maybe = call.started < reading.seen
            least += quantity if (surely if quantity > 0 else maybe) else 0
            most += quantity if (maybe if quantity > 0 else surely) else 0
        least -= sum(one.lines[sku] for one in leaving if one.since < reading.seen)
        on_hand = _numbers(reading)[0]
        if not least <= on_hand <= most:
            came = [call for call in receipts if call.started < reading.seen]
            return f"{on_hand} on hand, where {least} to {most} should be", [*came, reading.record]
    return None
