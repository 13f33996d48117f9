"""What orders says about orders, as it happens: `live.orders.status`, which may be lost."""

from typing import NamedTuple

import msgspec
import structlog
from nats.aio.msg import Msg

from markethall.contracts.messages import OrderStatusChanged, Shortage
from markethall.kit.waiters import Subscription, Waiters

log = structlog.get_logger(__name__)

_decoder = msgspec.msgpack.Decoder(OrderStatusChanged)


class StatusEvent(NamedTuple):
    """A new status; `at` in Unix microseconds."""

    status: str
    at: int
    shortages: list[Shortage]


Statuses = Waiters[StatusEvent]
StatusSubscription = Subscription[StatusEvent]


def hear_statuses(statuses: Statuses, message: Msg) -> None:
    """Hand one message's news to those who wait."""
    try:
        changed = _decoder.decode(message.data)
    except msgspec.MsgspecError as error:
        log.error("unreadable order statuses", reason=str(error))
        return
    for index, (order_id, status, at) in enumerate(
        zip(changed.order_ids, changed.statuses, changed.at, strict=True),
    ):
        statuses.tell(order_id, StatusEvent(status, at, changed.shortages.get(index, [])))
