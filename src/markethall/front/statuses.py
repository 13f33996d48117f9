"""What orders says about orders, as it happens: `live.orders.status`, which may be lost."""

from typing import NamedTuple

from markethall.contracts.messages import OrderStatusChanged, Shortage
from markethall.kit.waiters import Waiters


class StatusEvent(NamedTuple):
    """A new status; `at` in Unix microseconds."""

    status: str
    at: int
    shortages: list[Shortage]


Statuses = Waiters[StatusEvent]


def tell_statuses(statuses: Statuses, changed: OrderStatusChanged) -> None:
    """Hand one message's news to those who wait."""
    columns = zip(changed.order_ids, changed.statuses, changed.at, strict=True)
    for index, (order_id, status, at) in enumerate(columns):
        statuses.tell(order_id, StatusEvent(status, at, changed.shortages.get(index, [])))
