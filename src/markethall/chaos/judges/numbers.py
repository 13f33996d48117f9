"""Order numbers: each order has one, no two have the same, and they rise with time."""

from typing import NamedTuple

from markethall.chaos.history import Call, Event, History, Record
from markethall.chaos.judges.keys import first_placed
from markethall.chaos.judges.sightings import sightings
from markethall.chaos.judges.verdict import Violation, violation

RULE = "order numbers"


class _Numbered(NamedTuple):
    number: int
    not_before: float
    """It was asked for no earlier."""
    there_by: float
    """Somebody had seen it by then."""
    record: Record


def judge_numbers(history: History) -> list[Violation]:
    found: list[Violation] = []
    owners: dict[int, tuple[str, Record]] = {}
    orders = _numbered(history, found)
    for order_id, one in orders.items():
        owner = owners.setdefault(one.number, (order_id, one.record))
        if owner[0] != order_id:
            said = f"orders {owner[0]} and {order_id} both have number {one.number}"
            found.append(violation(RULE, said, [owner[1], one.record]))
    highest: _Numbered | None = None
    by_there = sorted(orders.values(), key=lambda one: one.there_by)
    position = 0
    for one in sorted(orders.values(), key=lambda one: one.not_before):
        while position < len(by_there) and by_there[position].there_by < one.not_before:
            if highest is None or by_there[position].number > highest.number:
                highest = by_there[position]
            position += 1
        if highest is not None and one.number < highest.number:
            said = f"number {one.number} was given after {highest.number} was there"
            found.append(violation(RULE, said, [highest.record, one.record]))
            break
    return found


def _numbered(history: History, found: list[Violation]) -> dict[str, _Numbered]:
    asked = first_placed(history)
    orders = {}
    for order_id, seen in sightings(history).items():
        numbers: dict[int, Record] = {}
        for one in seen:
            if (number := _number(one.record)) is not None:
                numbers.setdefault(number, one.record)
        if len(numbers) > 1:
            said = f"order {order_id} has the numbers {', '.join(map(str, numbers))}"
            found.append(violation(RULE, said, numbers.values()))
        for number, record in list(numbers.items())[:1]:
            there_by = min(one.seen for one in seen)
            orders[order_id] = _Numbered(number, asked.get(order_id, float("-inf")), there_by, record)
    return orders


def _number(record: Record) -> int | None:
    if isinstance(record, Event):
        return record.number
    return record.answer.get("number") if isinstance(record, Call) else None
