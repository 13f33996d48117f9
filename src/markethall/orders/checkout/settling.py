"""Waiting for an order's outcome."""

import time

from markethall.kit.db import Database
from markethall.orders.fulfilment.live import StatusFeed
from markethall.orders.history.repository import find
from markethall.orders.order import Order

LOOK_AGAIN_SECONDS = 1.0
"""A notice may be lost: the order itself is looked at so often."""


async def settled(order: Order, feed: StatusFeed, database: Database, seconds: float) -> Order:
    """The order as it stands once it is settled, or when the time is over."""
    deadline = time.monotonic() + seconds
    with feed.subscribe(order.id) as news:
        while order.status == "pending" and not feed.draining.is_set() and (left := deadline - time.monotonic()) > 0:
            await news.next(min(left, LOOK_AGAIN_SECONDS))
            order = await find(database, order.id) or order
    return order
