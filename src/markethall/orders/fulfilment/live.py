"""Who waits for an order's status hears of it at once, on every replica. Notices may be lost: readers look again."""

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Self
from uuid import UUID

import msgspec
import structlog
from nats.aio.msg import Msg

from markethall.contracts.messages import OrderStatusChanged, Shortage
from markethall.contracts.public import OrderStatus
from markethall.contracts.topology import LIVE_ORDERS_STATUS
from markethall.kit.bus import Bus
from markethall.kit.tasks import cancel
from markethall.kit.waiters import Subscription, Waiters

log = structlog.get_logger(__name__)

ORDERS_PER_MESSAGE = 1000
SHORTAGES_PER_MESSAGE = 5000
PUBLISH_SECONDS = 2.0

_decoder = msgspec.msgpack.Decoder(OrderStatusChanged)


class StatusChange(msgspec.Struct, frozen=True):
    """An order took on a status. `at` in Unix microseconds."""

    order_id: UUID
    status: OrderStatus
    at: int
    shortages: list[Shortage] = []


class StatusFeed:
    """Says and hears `live.orders.status`. Once `draining` is set, nobody waits any longer."""

    def __init__(self, bus: Bus, draining: asyncio.Event) -> None:
        self._bus = bus
        self.draining = draining
        self._waiters: Waiters[str] = Waiters()
        self._listening: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._listening = asyncio.create_task(self._bus.listen(LIVE_ORDERS_STATUS, self._hear), name="status feed")
        self._ending = asyncio.create_task(self._end_waits(), name="status feed's end")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await cancel(self._listening)
        await cancel(self._ending)

    def subscribe(self, order_id: UUID, *, with_latest: bool = True) -> Subscription[str]:
        """Statuses as they are said; the same one may come twice."""
        return self._waiters.subscribe(order_id.bytes, with_latest=with_latest)

    async def announce(self, changes: Sequence[StatusChange]) -> None:
        """After the commit. Whether anyone hears it does not decide anything."""
        for change in changes:
            self._waiters.tell(change.order_id.bytes, change.status)
        try:
            async with asyncio.timeout(PUBLISH_SECONDS):
                for message in messages_of(changes):
                    await self._bus.publish_live(LIVE_ORDERS_STATUS, msgspec.msgpack.encode(message))
        except Exception as error:
            log.info("status not announced", orders=len(changes), reason=repr(error))

    async def _end_waits(self) -> None:
        await self.draining.wait()
        self._waiters.interrupt()

    async def _hear(self, message: Msg) -> None:
        try:
            changed = _decoder.decode(message.data)
        except msgspec.MsgspecError as error:
            log.warning("unreadable status message", reason=str(error))
            return
        for order_id, status in zip(changed.order_ids, changed.statuses, strict=False):
            self._waiters.tell(order_id, status)


def messages_of(changes: Sequence[StatusChange]) -> list[OrderStatusChanged]:
    """In messages that the bus takes."""
    messages: list[OrderStatusChanged] = []
    group: list[StatusChange] = []
    shortages = 0
    for change in changes:
        if group and (len(group) >= ORDERS_PER_MESSAGE or shortages + len(change.shortages) > SHORTAGES_PER_MESSAGE):
            messages.append(_message(group))
            group, shortages = [], 0
        group.append(change)
        shortages += len(change.shortages)
    if group:
        messages.append(_message(group))
    return messages


def _message(changes: Sequence[StatusChange]) -> OrderStatusChanged:
    return OrderStatusChanged(
        order_ids=[change.order_id.bytes for change in changes],
        statuses=[change.status for change in changes],
        at=[change.at for change in changes],
        shortages={index: change.shortages for index, change in enumerate(changes) if change.shortages},
    )
