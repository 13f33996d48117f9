"""The message that asks inventory to reserve. Said by the checkout, and said again by the reconciler."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol
from uuid import UUID

import msgspec

from markethall.contracts.messages import OrdersPlaced
from markethall.contracts.topology import ORDERS_PLACED
from markethall.kit.outbox import OutboxMessage

LINES_PER_MESSAGE = 10_000
"""Keeps a message below 1 MiB, the limit of a bus that nobody configured."""


class Goods(Protocol):
    """A line, as far as inventory is concerned."""

    @property
    def sku(self) -> str: ...

    @property
    def quantity(self) -> int: ...


class PlacedOrder(NamedTuple):
    order_id: UUID
    lines: Sequence[Goods]


def outbox_messages(orders: Sequence[PlacedOrder]) -> list[OutboxMessage]:
    """In the order in which they are to be served."""
    return [OutboxMessage(ORDERS_PLACED, msgspec.msgpack.encode(message)) for message in placed_messages(orders)]


def placed_messages(orders: Sequence[PlacedOrder]) -> list[OrdersPlaced]:
    """One message, or several where there are very many lines."""
    messages: list[OrdersPlaced] = []
    start = lines = 0
    for end, order in enumerate(orders):
        if lines and lines + len(order.lines) > LINES_PER_MESSAGE:
            messages.append(_message(orders[start:end]))
            start, lines = end, 0
        lines += len(order.lines)
    if orders:
        messages.append(_message(orders[start:]))
    return messages


def _message(orders: Sequence[PlacedOrder]) -> OrdersPlaced:
    return OrdersPlaced(
        order_ids=[order.order_id.bytes for order in orders],
        line_counts=[len(order.lines) for order in orders],
        skus=[line.sku for order in orders for line in order.lines],
        quantities=[line.quantity for order in orders for line in order.lines],
    )
