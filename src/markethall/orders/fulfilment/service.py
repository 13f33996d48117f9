"""Cancelling and fulfilling: decided under the order's lock, told to inventory through the outbox."""

import asyncio
import time
from collections.abc import Callable
from uuid import UUID

import msgspec

from markethall.contracts.messages import OrdersCancelled, OrdersFulfilled
from markethall.contracts.topology import ORDERS_CANCELLED, ORDERS_FULFILLED
from markethall.kit.crash_points import crash_point
from markethall.kit.db import Database
from markethall.kit.identity import Identity
from markethall.kit.outbox import OutboxMessage, enqueue_hot
from markethall.kit.relay import Relay
from markethall.orders.errors import NotCancellable, NotFulfillable, OrderNotFound
from markethall.orders.fulfilment import repository
from markethall.orders.fulfilment.live import StatusChange, StatusFeed
from markethall.orders.fulfilment.status import Facts, may_cancel, may_fulfil
from markethall.orders.history.ownership import may_see
from markethall.orders.history.repository import find
from markethall.orders.order import Order, unix_microseconds

FIRST_LOOK_SECONDS = 0.01
LAST_LOOK_SECONDS = 0.25


class Fulfilment:
    """What can be asked of an order that was made."""

    def __init__(self, database: Database, relay: Relay, feed: StatusFeed) -> None:
        self._database = database
        self._relay = relay
        self._feed = feed

    async def cancel(self, order_id: UUID, identity: Identity | None) -> Order:
        """Repeating it changes nothing.

        Raises:
            OrderNotFound: it is not there, or belongs to somebody else.
            NotCancellable: it was rejected or fulfilled.
        """
        async with self._database.hot() as connection:
            order = await repository.lock(connection, order_id)
            if order is None or not may_see(order, identity):
                raise OrderNotFound()
            if order.facts.cancel_asked_at is not None:
                return order
            if not may_cancel(order.facts):
                raise NotCancellable(f"It is {order.status}.", order_id=str(order.id))
            at = await repository.ask_cancel(connection, order_id)
            message = msgspec.msgpack.encode(OrdersCancelled([order_id.bytes]))
            await enqueue_hot(connection, [OutboxMessage(ORDERS_CANCELLED, message)])
            crash_point("orders.cancel.before_commit")
        crash_point("orders.cancel.after_commit")
        self._relay.wake()
        await self._feed.announce([StatusChange(order_id, "cancelled", unix_microseconds(at))])
        return _with(order, msgspec.structs.replace(order.facts, cancel_asked_at=at))

    async def fulfil(self, order_id: UUID) -> Order:
        """Repeating it changes nothing.

        Raises:
            OrderNotFound: it is not there.
            NotFulfillable: it is not confirmed.
        """
        async with self._database.hot() as connection:
            order = await repository.lock(connection, order_id)
            if order is None:
                raise OrderNotFound()
            if order.facts.fulfil_asked_at is not None:
                return order
            if not may_fulfil(order.facts):
                raise NotFulfillable(f"It is {order.status}.", order_id=str(order.id))
            at = await repository.ask_fulfil(connection, order_id)
            message = msgspec.msgpack.encode(OrdersFulfilled([order_id.bytes]))
            await enqueue_hot(connection, [OutboxMessage(ORDERS_FULFILLED, message)])
            crash_point("orders.fulfil.before_commit")
        crash_point("orders.fulfil.after_commit")
        self._relay.wake()
        await self._feed.announce([StatusChange(order_id, "fulfilled", unix_microseconds(at))])
        return _with(order, msgspec.structs.replace(order.facts, fulfil_asked_at=at))

    async def until(self, order: Order, known: Callable[[Facts], object], seconds: float) -> bool:
        """Wait for a fact that inventory answers with; whether it came in time.

        Such facts change no status, so nobody announces them: the order is looked at again and again.
        """
        deadline = time.monotonic() + seconds
        pause = FIRST_LOOK_SECONDS
        found: Order | None = order
        while found is not None and not known(found.facts):
            if time.monotonic() + pause > deadline:
                return False
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, LAST_LOOK_SECONDS)
            found = await find(self._database, order.id)
        return found is not None


def _with(order: Order, facts: Facts) -> Order:
    return msgspec.structs.replace(order, facts=facts)
