"""An order as it is stored, and as it is shown."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec

from markethall.contracts.messages import Shortage
from markethall.contracts.public import HistoryEntry, Money, OrderedLine, OrderStatus, OrderView
from markethall.orders.fulfilment.status import Facts, history_of, reason_of, status_of


class Line(msgspec.Struct, frozen=True):
    """A line as bought; stored as JSON. `unit_price` is in minor units of the order's currency."""

    sku: str
    name: str
    options: dict[str, str]
    quantity: int
    unit_price: int


class Order(msgspec.Struct, frozen=True):
    """One row of `orders`."""

    id: UUID
    number: int
    user_id: UUID | None
    fingerprint: bytes
    currency: str
    lines: list[Line]
    total: int
    facts: Facts
    shortages: list[Shortage] = []

    @property
    def status(self) -> OrderStatus:
        return status_of(self.facts)


SELECT = """
SELECT id, number, user_id, fingerprint, currency, lines, total, shortages, placed_at, reserved_at, rejected_at,
    cancel_asked_at, released_at, fulfil_asked_at, dispatched_at
FROM orders
"""
"""What `order_from` reads."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_lines = msgspec.json.Decoder(list[Line])
_shortages = msgspec.json.Decoder(list[Shortage])


def order_from(row: Any) -> Order:
    """From an asyncpg record of `SELECT`, whose JSON is still text."""
    return Order(
        id=row["id"],
        number=row["number"],
        user_id=row["user_id"],
        fingerprint=row["fingerprint"],
        currency=row["currency"],
        lines=_lines.decode(row["lines"]),
        total=row["total"],
        facts=facts_from(row),
        shortages=_shortages.decode(row["shortages"]) if row["shortages"] else [],
    )


def facts_from(row: Any) -> Facts:
    """From an asyncpg record that has all fact columns."""
    return Facts(
        row["placed_at"],
        row["reserved_at"],
        row["rejected_at"],
        row["cancel_asked_at"],
        row["released_at"],
        row["fulfil_asked_at"],
        row["dispatched_at"],
    )


def view_of(order: Order) -> OrderView:
    """As `GET /api/orders/{id}` shows it."""
    currency = order.currency
    steps = history_of(order.facts)
    return OrderView(
        id=str(order.id),
        number=order.number,
        status=steps[-1].status,
        lines=[
            OrderedLine(
                line.sku,
                line.name,
                line.options,
                line.quantity,
                Money(line.unit_price, currency),
                Money(line.unit_price * line.quantity, currency),
            )
            for line in order.lines
        ],
        total=Money(order.total, currency),
        placed_at=rfc3339(order.facts.placed_at),
        settled_at=rfc3339(steps[1].at) if len(steps) > 1 else None,
        history=[HistoryEntry(step.status, rfc3339(step.at)) for step in steps],
        reason=reason_of(steps[-1].status),
        shortages=order.shortages,
    )


def view_json(order: Order) -> bytes:
    return msgspec.json.encode(view_of(order))


def shortages_json(order: Order) -> list[dict[str, str | int]]:
    """As the problem `out_of_stock` shows them."""
    return [{"sku": s.sku, "requested": s.requested, "available": s.available} for s in order.shortages]


@lru_cache(maxsize=1024)
def rfc3339(moment: datetime) -> str:
    """Remembered, because orders that were committed together have their moments in common."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def unix_microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def from_unix_microseconds(at: int) -> datetime:
    return _EPOCH + timedelta(microseconds=at)
