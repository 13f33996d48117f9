"""Lists of orders and events about them, on the wire."""

import msgspec

from markethall.contracts.public import OrderStatus, OrderView


class OrderPage(msgspec.Struct, frozen=True):
    """Newest first."""

    items: list[OrderView]
    next_cursor: str | None


class StatusEvent(msgspec.Struct, frozen=True):
    """The data of an event `status`."""

    order_id: str
    number: int
    status: OrderStatus
    at: str
    reason: str | None
