"""Public JSON shapes that more than one part reads or writes."""

from typing import Literal

import msgspec

OrderStatus = Literal["pending", "confirmed", "rejected", "cancelled", "fulfilled"]
FINAL_STATUSES: frozenset[OrderStatus] = frozenset({"rejected", "cancelled", "fulfilled"})
SETTLED_STATUSES: frozenset[OrderStatus] = frozenset({"confirmed", "rejected", "cancelled", "fulfilled"})


class Money(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An amount in whole minor units of `currency` (ISO 4217)."""

    amount: int
    currency: str


class HistoryEntry(msgspec.Struct, frozen=True):
    """When the order took on a status. RFC 3339, UTC."""

    status: OrderStatus
    at: str


class OrderedLine(msgspec.Struct, frozen=True):
    """A line as bought: name, options and price do not follow later changes of the product."""

    sku: str
    name: str
    options: dict[str, str]
    quantity: int
    unit_price: Money
    line_total: Money


class OrderView(msgspec.Struct, frozen=True):
    """`GET /api/orders/{id}`."""

    id: str
    number: int
    status: OrderStatus
    lines: list[OrderedLine]
    total: Money
    placed_at: str
    settled_at: str | None
    history: list[HistoryEntry]
    reason: str | None
