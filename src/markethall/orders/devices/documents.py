"""What a device is told on `markethall/orders/status/<key>`. Pure."""

import msgspec

from markethall.contracts.public import Money
from markethall.orders.errors import NotCancellable
from markethall.orders.fulfilment.status import reason_of
from markethall.orders.order import Order


class StatusDocument(msgspec.Struct, frozen=True):
    """`order_id`, `number` and `total` are null where a request was refused: it has made no order."""

    key: str
    order_id: str | None
    number: int | None
    status: str
    total: Money | None
    reason: str | None


def status_document(key: str, order: Order, reason: str | None = None) -> StatusDocument:
    """Of an order as it stands. `reason`: why a request concerning it was refused."""
    return StatusDocument(
        key=key,
        order_id=str(order.id),
        number=order.number,
        status=order.status,
        total=Money(order.total, order.currency),
        reason=reason or reason_of(order.status),
    )


def refusal_document(key: str, code: str, order: Order | None) -> StatusDocument:
    """Of a request. One to cancel names the order that stays; one to order has made none."""
    if order is not None and code == NotCancellable.code:
        return status_document(key, order, code)
    return StatusDocument(key=key, order_id=None, number=None, status="rejected", total=None, reason=code)
