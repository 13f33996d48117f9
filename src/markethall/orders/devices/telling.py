"""Tells each device what became of its order: whatever differs from what was last told, until the broker has it."""

import asyncio
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self
from uuid import UUID

import msgspec
import structlog

from markethall.contracts.topology import DEVICE_STATUS_TOPIC, MQTT_STREAMS
from markethall.kit.bus import Bus
from markethall.kit.crash_points import crash_point
from markethall.kit.db import Database
from markethall.kit.mqtt import MqttPublisher, Outcome, Retained
from markethall.kit.tasks import Periodic, cancel
from markethall.orders.checkout.repository import orders_by_id
from markethall.orders.checkout.wanted import OrderIds
from markethall.orders.connection import Connection
from markethall.orders.devices import repository
from markethall.orders.devices.documents import refusal_document, status_document
from markethall.orders.devices.repository import Taken
from markethall.orders.order import Order

log = structlog.get_logger(__name__)

BATCH = 100
WALK = 1000
"""Confirmed orders looked at in one go."""
BUSY_SECONDS = 0.25
IDLE_SECONDS = 1.0
BACKOFF_SECONDS = (0.25, 0.5, 1.0, 2.0)
STORAGE_SECONDS = 5.0
"""How often it is asked whether the broker's storage is still the same."""
RETAINED_STREAM = MQTT_STREAMS[1].name
REFUSED = "refused"


class Teller:
    """Any replica may tell any device. Whoever has leased a key reads the order and tells it; so a topic never
    goes back to an earlier status. A lease is kept where what was sent may still arrive.

    Whether a refused key has an order is asked of the orders, by the id that an order with this key has, each time
    before the refusal is told, and again and again while it is retained: the order may come later, over HTTP."""

    def __init__(self, database: Database, bus: Bus, publisher: MqttPublisher, order_ids: OrderIds) -> None:
        self._database = database
        self._bus = bus
        self._publisher = publisher
        self._order_ids = order_ids
        self._walked_to = ""
        self._walked_refused_to = ""
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._storage = Periodic("device storage", self._look_at_storage, STORAGE_SECONDS)

    def wake(self) -> None:
        """Say after a commit that there is something to tell."""
        self._wake.set()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="teller")
        await self._storage.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._storage.__aexit__(kind, error, trace)
        await cancel(self._task)
        await self._publisher.close()

    async def _run(self) -> None:
        failures = 0
        while True:
            try:
                pause = await self.tell()
                failures = 0
            except Exception as error:
                pause = BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)]
                failures += 1
                if failures in (1, 10) or failures % 100 == 0:
                    log.warning("devices are told later", failures=failures, reason=str(error) or type(error).__name__)
            try:
                async with asyncio.timeout(pause):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()

    async def tell(self) -> float:
        """One round; after how many seconds another should follow."""
        async with self._database.hot() as connection:
            due = await repository.take_due(connection, BATCH)
            changed, self._walked_to = await repository.take_changed(connection, self._walked_to, WALK)
            changed += await self._take_ordered(connection)
            ended = await repository.take_ended(connection, BATCH)
            waiting = bool(due) or await repository.some_are_waiting(connection)
        if due or changed:
            await self._tell([*due, *changed])
        if ended:
            await self._end(ended)
        if BATCH in (len(due), len(ended)):
            return 0.0
        return BUSY_SECONDS if waiting or changed else IDLE_SECONDS

    async def _take_ordered(self, connection: Connection) -> list[Taken]:
        keys = await repository.refused_keys(connection, self._walked_refused_to, WALK)
        self._walked_refused_to = keys[-1] if len(keys) == WALK else ""
        return await repository.take_ordered(connection, {key: self._id_for(key) for key in keys}) if keys else []

    def _id_for(self, key: str) -> UUID:
        """Devices order as guests: so does whoever orders over HTTP with the same key and no token."""
        return self._order_ids.id_for(None, key)

    async def _with_orders(self, leased: Sequence[Taken]) -> tuple[list[Taken], dict[UUID, Order]]:
        """What was leased, each with its order if there is one, and those orders."""
        ids = [one.order_id or self._id_for(one.key) for one in leased]
        # Read after the lease: what another replica told before is not newer than this.
        async with self._database.hot() as connection:
            orders = await orders_by_id(connection, ids)
        found = [
            msgspec.structs.replace(one, order_id=order_id if order_id in orders else one.order_id)
            for one, order_id in zip(leased, ids, strict=True)
        ]
        return found, orders

    async def _tell(self, leased: Sequence[Taken]) -> None:
        taken, orders = await self._with_orders(leased)
        said = [messages_for(one, orders) for one in taken]
        crash_point("devices.tell.before_publish")
        outcomes = iter(await self._publish([message for messages in said for message in messages], taken))
        crash_point("devices.tell.after_publish")
        told: list[tuple[Taken, str]] = []
        failed: list[str] = []
        for one, messages in zip(taken, said, strict=True):
            results = [next(outcomes) for _ in messages]
            if all(result.acknowledged for result in results):
                told.append((one, status_after(one, orders)))
            elif not any(result.doubtful for result in results):
                failed.append(one.key)
        async with self._database.hot() as connection:
            await repository.mark_told(connection, told)
            await repository.release(connection, failed)
        if len(told) < len(taken):
            raise ConnectionError(f"{len(taken) - len(told)} of {len(taken)} not acknowledged")

    async def _end(self, ended: Sequence[Taken]) -> None:
        """What is retained for them goes, but for a refusal that an order has overtaken."""
        taken, orders = await self._with_orders(ended)
        overtaken = [one.key for one in taken if one.told == REFUSED and one.order_id in orders]
        over = [one for one in ended if one.key not in overtaken]
        outcomes = await self._publish([Retained(_topic(one), b"") for one in over], over)
        gone = [one for one, outcome in zip(over, outcomes, strict=True) if outcome.acknowledged]
        async with self._database.hot() as connection:
            await repository.forget(connection, gone)
            await repository.release(connection, overtaken)

    async def _publish(self, messages: Sequence[Retained], taken: Sequence[Taken]) -> list[Outcome]:
        try:
            return await self._publisher.publish(messages)
        except OSError:
            async with self._database.hot() as connection:
                await repository.release(connection, [one.key for one in taken])
            raise

    async def _look_at_storage(self) -> None:
        identity = await self._bus.stream_identity(RETAINED_STREAM) if self._bus.connected else None
        if identity is None:
            return
        async with self._database.hot() as connection:
            again = await repository.tell_again_if_new(connection, identity)
        if again:
            log.info("the bus has another storage: devices are told again")
            self.wake()


def messages_for(taken: Taken, orders: Mapping[UUID, Order]) -> list[Retained]:
    """The order's status is retained. A refusal is too, where there is no order whose status it would hide; one that
    was told before the order was there is not told again."""
    order = orders.get(taken.order_id) if taken.order_id else None
    messages = []
    if order is not None and taken.told != order.status:
        messages.append(Retained(_topic(taken), msgspec.json.encode(status_document(taken.key, order))))
    if taken.refusal is not None and (order is None or taken.told != REFUSED):
        refused = refusal_document(taken.key, taken.refusal, order)
        messages.append(Retained(_topic(taken), msgspec.json.encode(refused), kept=order is None))
    return messages


def status_after(taken: Taken, orders: Mapping[UUID, Order]) -> str:
    order = orders.get(taken.order_id) if taken.order_id else None
    return order.status if order is not None else REFUSED


def _topic(taken: Taken) -> str:
    return DEVICE_STATUS_TOPIC + taken.key
