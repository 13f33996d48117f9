"""An order's facts in the order in which they happened. Pure."""

from collections.abc import Sequence

from markethall.contracts.messages import Shortage
from markethall.orders.back_office.schemas import TimelineEntry
from markethall.orders.fulfilment.status import Facts
from markethall.orders.order import rfc3339


def timeline_of(facts: Facts, shortages: Sequence[Shortage]) -> list[TimelineEntry]:
    """Of two facts of the same moment, the one that leads to the other comes first."""
    happened = [
        ("placed", facts.placed_at, "buyer"),
        ("reserved", facts.reserved_at, "inventory"),
        ("rejected", facts.rejected_at, "inventory"),
        ("cancel_asked", facts.cancel_asked_at, "buyer"),
        ("released", facts.released_at, "inventory"),
        ("fulfil_asked", facts.fulfil_asked_at, "admin"),
        ("dispatched", facts.dispatched_at, "inventory"),
    ]
    known = sorted(((fact, at, by) for fact, at, by in happened if at is not None), key=lambda each: each[1])
    return [
        TimelineEntry(fact, rfc3339(at), by, list(shortages) if fact == "rejected" else [])  # type: ignore[arg-type]
        for fact, at, by in known
    ]
