"""Whoever did something sees it: in the cart, in the product that was changed, in the order that was placed."""

from collections import defaultdict

from markethall.chaos.history import Call, History
from markethall.chaos.judges.real_time import Reading, older_than_seen, two_of_one_version
from markethall.chaos.judges.sightings import asked_at
from markethall.chaos.judges.verdict import Violation, violation

RULE = "own writes"


def judge_sessions(history: History) -> list[Violation]:
    return [*_carts(history), *_products(history), *_orders(history)]


def _carts(history: History) -> list[Violation]:
    readings: dict[str, list[Reading]] = defaultdict(list)
    for call in history.of_kind("open_cart", "put_cart_line", "read_cart"):
        if call.outcome == "ok" and "version" in call.answer:
            said = call.answer["lines"]
            readings[call.answer["id"]].append(Reading(call.answer["version"], asked_at(call), call.ended, said, call))
    found = []
    for cart_id, of_cart in readings.items():
        if pair := older_than_seen(of_cart) or two_of_one_version(of_cart):
            said = f"cart {cart_id} was at version {pair[0].version}, and after that at {pair[1].version}"
            found.append(violation(RULE, said, [pair[0].record, pair[1].record]))
    return found


def _products(history: History) -> list[Violation]:
    """Each client's own changes and reads. An answer that calls itself stale claims nothing."""
    readings: dict[tuple[str, str], list[Reading]] = defaultdict(list)
    for call in history.of_kind("change_product", "read_product"):
        if call.outcome == "ok" and "version" in call.answer and not call.answer.get("stale"):
            answer = call.answer
            reading = Reading(answer["version"], asked_at(call), call.ended, answer["prices"], call)
            readings[call.client, answer["slug"]].append(reading)
    found = []
    for (client, slug), of_product in readings.items():
        changes = [reading for reading in of_product if _is_change(reading)]
        newest: Reading | None = None
        for reading in sorted(of_product, key=lambda reading: reading.asked):
            own = [change for change in changes if change.seen < reading.asked]
            newest = max(own, key=lambda change: change.version, default=None)
            if newest is not None and reading.version < newest.version:
                said = f"{client} changed {slug} to version {newest.version} and then read version {reading.version}"
                found.append(violation(RULE, said, [newest.record, reading.record]))
                break
    return found


def _is_change(reading: Reading) -> bool:
    return isinstance(reading.record, Call) and reading.record.kind == "change_product"


def _orders(history: History) -> list[Violation]:
    """An order that was answered is there. Its id is known from that answer alone."""
    made = {
        call.answer["id"]: call for call in history.of_kind("place") if call.outcome == "ok" and "id" in call.answer
    }
    found = []
    for call in history.of_kind("read_order", "cancel", "fulfil"):
        placed = made.get(call.request.path.split("/")[3])
        if call.status == 404 and placed is not None and placed.ended < call.started:
            found.append(violation(RULE, f"order {placed.answer['id']} is not found", [placed, call]))
    return found
