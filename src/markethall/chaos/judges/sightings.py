"""What was seen of each order: by whoever placed, read, cancelled or fulfilled it, and by event streams."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from markethall.chaos.history import Call, Event, History, Kind, Record

LONG_AGO = float("-inf")
NEVER = float("inf")
STATUS_OF_REFUSAL = {"out_of_stock": "rejected", "order_cancelled": "cancelled"}


class Sighting(NamedTuple):
    """The order had `status` at a moment between `asked` and `seen`."""

    status: str
    asked: float
    seen: float
    record: Record


def asked_at(call: Call) -> float:
    """When the attempt that was answered was sent: the answer is no older than that."""
    return call.attempts[-1].started if call.attempts else call.started


def order_id_of(call: Call) -> str | None:
    """Of the order that an answer names."""
    found = call.answer.get("id") if call.outcome == "ok" else call.answer.get("order_id")
    return str(found) if found else None


def sightings(history: History) -> dict[str, list[Sighting]]:
    """By order id."""
    seen: dict[str, list[Sighting]] = defaultdict(list)
    for call in history.of_kind("place", "read_order", "cancel", "fulfil"):
        order_id = order_id_of(call)
        status = call.answer.get("status") if call.outcome == "ok" else _refused_with(call)
        if order_id is not None and status is not None:
            seen[order_id].append(Sighting(status, asked_at(call), call.ended, call))
    for stream in streams(history.events):
        for place, event in enumerate(stream):
            # A stream opens with the status of now. What follows may have been on its way for a while.
            asked = event.opened if place == 0 else LONG_AGO
            seen[event.order_id].append(Sighting(event.status, asked, event.at, event))
    return seen


def streams(events: Iterable[Event]) -> list[list[Event]]:
    """What each client saw of an order, in the order of arrival, over all its connections."""
    found: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in events:
        found[event.client, event.order_id].append(event)
    return [sorted(stream, key=lambda event: event.at) for stream in found.values()]


def _refused_with(call: Call) -> str | None:
    return STATUS_OF_REFUSAL.get(call.answer.get("code", "")) if call.kind == "place" else None


@dataclass(frozen=True)
class Sale:
    """An order that was confirmed: it held its lines for certain from `since` until it might be over at `until`."""

    order_id: str
    lines: dict[str, int]
    since: float
    until: float
    cancelled_from: float
    """When somebody first asked for it to be cancelled."""
    record: Record


class Leaving(NamedTuple):
    """The goods of an order that may have left since somebody asked for it to be fulfilled."""

    lines: dict[str, int]
    since: float


def sales(history: History) -> list[Sale]:
    """Of all orders that anybody saw confirmed or fulfilled."""
    lines = _lines(history)
    first_cancelled, first_fulfilled = first_asked(history, "cancel"), first_asked(history, "fulfil")
    found = []
    for order_id, seen in sightings(history).items():
        held = [one for one in seen if one.status in ("confirmed", "fulfilled")]
        if not held or order_id not in lines:
            continue
        first = min(held, key=lambda one: one.seen)
        cancelled = first_cancelled.get(order_id, NEVER)
        until = min(cancelled, first_fulfilled.get(order_id, NEVER))
        found.append(Sale(order_id, lines[order_id], first.seen, until, cancelled, first.record))
    return found


def departures(history: History) -> list[Leaving]:
    """Of every order that may have been fulfilled."""
    lines = _lines(history)
    asked = first_asked(history, "fulfil")
    return [Leaving(lines[order_id], since) for order_id, since in asked.items() if order_id in lines]


def may_have_worked(call: Call) -> bool:
    """Unless its one answer said no: a try that was not answered may have done what a later one is refused."""
    return call.outcome != "refused" or len(call.attempts) > 1


def first_asked(history: History, kind: Kind) -> dict[str, float]:
    """When an order was first asked to be cancelled, or fulfilled, by a call that may have done it."""
    first: dict[str, float] = {}
    for call in history.of_kind(kind):
        if may_have_worked(call):
            order_id = call.request.path.split("/")[3]
            first[order_id] = min(call.started, first.get(order_id, NEVER))
    return first


def _lines(history: History) -> dict[str, dict[str, int]]:
    """What each order is about: SKU → quantity."""
    found: dict[str, dict[str, int]] = {}
    for call in history.of_kind("place", "read_order", "fulfil", "cancel"):
        if call.outcome == "ok" and "lines" in call.answer:
            found.setdefault(call.answer["id"], call.answer["lines"])
    return found
