"""An order's status: a pure function of the facts known about it.

Facts are moments. Each is recorded once and never changed (the first record stays), may be
learned more than once, and in any order:

| fact | who says so | when |
|---|---|---|
| placed | buyer | the order was made |
| reserved, rejected | inventory | all its lines are held, or none are: at most one of both |
| cancel_asked | buyer | only while pending or confirmed |
| released | inventory | nothing is or will be held |
| fulfil_asked | admin | only while confirmed |
| dispatched | inventory | the goods have left |

| facts | status |
|---|---|
| fulfil_asked | fulfilled |
| else cancel_asked | cancelled |
| else rejected | rejected |
| else reserved | confirmed |
| else | pending |

So an outcome that comes after a cancellation changes nothing. Such an outcome is recorded as
later than the cancellation (`never_before`), so that the history only ever grows at its end.
"""

from datetime import datetime, timedelta
from typing import Literal

import msgspec

from markethall.contracts.public import OrderStatus

Reason = Literal["out_of_stock", "cancelled_on_request"]


class Facts(msgspec.Struct, frozen=True):
    """What is known about one order. Named as the columns of `orders`."""

    placed_at: datetime
    reserved_at: datetime | None = None
    rejected_at: datetime | None = None
    cancel_asked_at: datetime | None = None
    released_at: datetime | None = None
    fulfil_asked_at: datetime | None = None
    dispatched_at: datetime | None = None


class Step(msgspec.Struct, frozen=True):
    """One entry of an order's history."""

    status: OrderStatus
    at: datetime


def status_of(facts: Facts) -> OrderStatus:
    """See the table above."""
    if facts.fulfil_asked_at is not None:
        return "fulfilled"
    if facts.cancel_asked_at is not None:
        return "cancelled"
    if facts.rejected_at is not None:
        return "rejected"
    return "confirmed" if facts.reserved_at is not None else "pending"


def history_of(facts: Facts) -> list[Step]:
    """The statuses it had, oldest first; the last is its status."""
    steps = [Step("pending", facts.placed_at)]
    cancelled, fulfilled = facts.cancel_asked_at, facts.fulfil_asked_at
    if facts.reserved_at is not None and (cancelled is None or facts.reserved_at <= cancelled):
        steps.append(Step("confirmed", facts.reserved_at))
    if cancelled is not None:
        steps.append(Step("cancelled", cancelled))
    elif fulfilled is not None:
        steps.append(Step("fulfilled", fulfilled))
    elif facts.rejected_at is not None:
        steps.append(Step("rejected", facts.rejected_at))
    return steps


def reason_of(status: OrderStatus) -> Reason | None:
    """Why nothing was sold."""
    match status:
        case "rejected":
            return "out_of_stock"
        case "cancelled":
            return "cancelled_on_request"
        case _:
            return None


def never_before(at: datetime, facts: Facts) -> datetime:
    """The moment to record an outcome as: not before it was placed, and after a cancellation that came first."""
    earliest = facts.placed_at
    if facts.cancel_asked_at is not None:
        earliest = max(earliest, facts.cancel_asked_at + timedelta(microseconds=1))
    return max(at, earliest)


def may_cancel(facts: Facts) -> bool:
    """Repeating a cancellation is no new one: ask `facts.cancel_asked_at` first."""
    return status_of(facts) in ("pending", "confirmed")


def may_fulfil(facts: Facts) -> bool:
    return status_of(facts) == "confirmed"
