"""What inventory hears and says on the bus."""

import asyncio
from typing import Any

import msgspec
from nats.aio.msg import Msg

from markethall.contracts.messages import OrdersCancelled, OrdersPlaced, Pulse, Replica, StockChanged, StockSettled
from markethall.contracts.topology import (
    LIVE_PULSE,
    LIVE_STOCK_CHANGED,
    ORDERS_CANCELLED,
    ORDERS_PLACED,
    ORDERS_STOCK,
    STOCK_SETTLED,
)
from markethall.kit.applied import front_name
from markethall.kit.bus import APPLIED_TO
from markethall.kit.consumer import Consumer
from markethall.kit.registry import Registration
from tests.inventory.hall import Hall
from tests.inventory.warehouse import new_id
from tests.orders.neighbours import publish
from tests.support.machine import eventually


async def test_an_order_travels_over_the_bus_and_is_answered(hall: Hall) -> None:
    sku = await hall.new_sku()
    await hall.receive(sku, 1)
    first, second = new_id(), new_id()
    settled: dict[bytes, bool] = {}

    async def hear(messages: Any) -> None:
        for message in messages:
            if isinstance(message, StockSettled):
                settled.update(zip(message.order_ids, message.reserved, strict=True))

    types: dict[str, type[Any]] = {STOCK_SETTLED: StockSettled, "stock.released": Any, "stock.dispatched": Any}
    async with Consumer(hall.orders, ORDERS_STOCK, types, hear):
        message = OrdersPlaced([first, second], [1, 1], [sku, sku], [1, 1])
        await publish(hall.orders, ORDERS_PLACED, message)
        await eventually(lambda: {first, second} <= settled.keys())
        assert (settled[first], settled[second]) == (True, False)
        await publish(hall.orders, ORDERS_CANCELLED, OrdersCancelled([first]))
        await eventually(lambda: hall.has_level(sku, (1, 0, 1)))


async def test_a_receipt_is_answered_after_every_front_has_applied_it(hall: Hall) -> None:
    sku = await hall.new_sku()
    applied: list[tuple[str, int]] = []
    release = asyncio.Event()

    async def hear(message: Msg) -> None:
        changed = msgspec.msgpack.decode(message.data, type=StockChanged)
        if sku in changed.skus:
            await release.wait()
            applied.append((sku, changed.available[0]))
            assert message.headers is not None
            await hall.front.publish_live(message.headers[APPLIED_TO], front_name("f1").encode())

    await hall.front.listen(LIVE_STOCK_CHANGED, hear)
    front = Replica(service="front", id="f1", address="http://127.0.0.1:1", version="", since="")
    async with Registration(hall.front, front):
        received = asyncio.create_task(hall.receive(sku, 3))
        await eventually(lambda: hall.has_level(sku, (3, 0, 3)))
        assert not received.done()
        release.set()
        assert (await received).status == 201
        assert applied == [(sku, 3)]


async def test_a_receipt_that_a_front_does_not_confirm_is_said_again_and_answered(hall: Hall) -> None:
    sku = await hall.new_sku()
    heard: list[int] = []

    async def hear(message: Msg) -> None:
        changed = msgspec.msgpack.decode(message.data, type=StockChanged)
        if sku in changed.skus:
            heard.append(changed.versions[0])

    await hall.front.listen(LIVE_STOCK_CHANGED, hear)
    silent = Replica(service="front", id="f2", address="http://127.0.0.1:1", version="", since="")
    async with Registration(hall.front, silent):
        await eventually(lambda: f2_is_live(hall))
        assert (await hall.receive(sku, 3)).status == 201
        # By the relay, and by the replica that answered.
        await eventually(lambda: heard == [2, 2])


async def test_each_replica_pulses(hall: Hall) -> None:
    heard: set[str] = set()

    async def hear(message: Msg) -> None:
        heard.add(msgspec.msgpack.decode(message.data, type=Pulse).replica)

    await hall.front.listen(LIVE_PULSE, hear)
    await eventually(lambda: heard == {"one", "two"})


async def f2_is_live(hall: Hall) -> bool:
    """Inventory hears of it no later than we do: registrations reach all listeners in one go."""
    entries = await (await hall.front.jetstream.key_value("replicas")).keys()
    return "front.f2" in entries
