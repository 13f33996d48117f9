"""Whether an order and its reservation agree. Pure; the two are read from two databases, one after the other."""

from enum import Enum
from uuid import UUID

import msgspec

from markethall.orders.fulfilment.status import Facts, status_of


class OrderSeen(msgspec.Struct, frozen=True):
    """What orders knows. `lines` is quantity by SKU."""

    id: UUID
    number: int
    facts: Facts
    lines: dict[str, int]


class ReservationSeen(msgspec.Struct, frozen=True):
    """What inventory decided. `lines` is what is, or was, held."""

    order_id: UUID
    state: str
    lines: dict[str, int]


class Rule(Enum):
    """Invariants that span both databases, in words for the report."""

    CONFIRMED_IS_HELD = "every confirmed order has exactly its reservation"
    FULFILLED_HAS_LEFT = "the goods of every fulfilled order have left, or are about to"
    OTHERS_HOLD_NOTHING = "no rejected or cancelled order holds stock"
    HELD_FOR_AN_ORDER = "every reservation belongs to an order"


def disagreement(order: OrderSeen | None, reservation: ReservationSeen | None) -> tuple[Rule, str] | None:
    """The rule that is broken and how, or None.

    A command that inventory has not answered yet (cancelled, no `released`; fulfilled, no
    `dispatched`) may still hold its stock. What both databases say may be moments apart: the
    caller asks again before it believes in a disagreement.
    """
    if order is None:
        if reservation is not None:
            return Rule.HELD_FOR_AN_ORDER, f"{reservation.state}, but there is no such order"
        return None
    state = reservation.state if reservation else "nothing"
    held = reservation.lines if reservation and reservation.state in ("reserved", "dispatched") else {}
    match status_of(order.facts):
        case "confirmed":
            if state != "reserved":
                return Rule.CONFIRMED_IS_HELD, f"confirmed, but inventory has {state}"
            if held != order.lines:
                return Rule.CONFIRMED_IS_HELD, f"{order.lines} was sold, {held} is held"
        case "fulfilled":
            expected = ("dispatched",) if order.facts.dispatched_at else ("dispatched", "reserved")
            if state not in expected:
                return Rule.FULFILLED_HAS_LEFT, f"fulfilled, but inventory has {state}"
            if held != order.lines:
                return Rule.FULFILLED_HAS_LEFT, f"{order.lines} was sold, {held} has left"
        case "rejected":
            if held:
                return Rule.OTHERS_HOLD_NOTHING, f"rejected, but {held} is held"
        case "cancelled":
            if held and order.facts.released_at is not None:
                return Rule.OTHERS_HOLD_NOTHING, f"cancelled and released, but {held} is held"
            if state == "dispatched":
                return Rule.OTHERS_HOLD_NOTHING, "cancelled, but its goods have left"
    return None
