"""What orders says about orders, as it happens: `live.orders.status`, which may be lost."""

from collections.abc import Sequence
from sys import intern
from typing import NamedTuple

from markethall.contracts.messages import OrderStatusChanged, Shortage
from markethall.kit.waiters import Waiters


class StatusEvent(NamedTuple):
    """A new status; `at` in Unix microseconds."""

    status: str
    at: int
    shortages: Sequence[Shortage]


Statuses = Waiters[StatusEvent]

_NONE: Sequence[Shortage] = ()


def tell_statuses(statuses: Statuses, changed: OrderStatusChanged) -> None:
    """Hand one message's news to those who wait."""
    columns = zip(changed.order_ids, changed.statuses, changed.at, strict=True)
    for index, (order_id, status, at) in enumerate(columns):
        statuses.tell(order_id, StatusEvent(intern(status), at, changed.shortages.get(index, _NONE)))
