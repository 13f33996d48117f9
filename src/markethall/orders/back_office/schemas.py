"""Orders as the back office sees them, on the wire."""

from typing import Any, Literal

import msgspec

from markethall.contracts.messages import Shortage
from markethall.contracts.public import Money, OrderStatus, OrderView

Fact = Literal["placed", "reserved", "rejected", "cancel_asked", "released", "fulfil_asked", "dispatched"]


class OrderRow(msgspec.Struct, frozen=True):
    """An order in the list. `units` is the sum of its quantities; `user_id` is null for a guest."""

    id: str
    number: int
    status: OrderStatus
    total: Money
    lines: int
    units: int
    placed_at: str
    settled_at: str | None
    email: str | None
    name: str | None
    """Of the shipping address."""
    user_id: str | None


class OrderRows(msgspec.Struct, frozen=True):
    """Newest first. May be short, or empty, and yet not the last: `next_cursor` is null on the last only."""

    items: list[OrderRow]
    next_cursor: str | None


class TimelineEntry(msgspec.Struct, frozen=True):
    """A fact of the order, when it happened, and who said so. `shortages`: of `rejected`, what was short."""

    fact: Fact
    at: str
    by: Literal["buyer", "inventory", "admin"]
    shortages: list[Shortage] = []


class OrderFile(msgspec.Struct, frozen=True):
    """All that is known of an order. `timeline`: oldest first; it grows at any place, for facts may arrive late."""

    order: OrderView
    email: str | None
    shipping_address: dict[str, Any] | None
    user_id: str | None
    timeline: list[TimelineEntry]
