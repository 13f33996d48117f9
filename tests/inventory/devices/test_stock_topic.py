"""What devices hear of stock."""

import asyncio
import uuid
from pathlib import Path

import nats as nats_client
import pytest
from nats.aio.msg import Msg

from markethall.contracts.messages import VariantSnapshot
from markethall.inventory.stock_topic import SKUS_PER_TURN
from markethall.local.credentials import BUS_OPERATOR, DEVICE, Credentials
from markethall.local.mqtt import MqttListener
from markethall.local.ports import free_port
from tests.inventory.hall import Hall, open_hall
from tests.support.machine import Machine, eventually, nats_server
from tests.support.mosquitto import Broker

STOCK = "markethall/stock/"


async def test_nothing_is_said_before_the_first_device_comes_and_it_hears_what_changed(
    machine: Machine, tmp_path: Path, credentials: Credentials
) -> None:
    listener = MqttListener("127.0.0.1", free_port())
    said: list[str] = []

    async def note(message: Msg) -> None:
        said.append(message.subject)

    async with nats_server(tmp_path, credentials, listener) as server, open_hall(machine, server) as hall:
        operator = await nats_client.connect(server.url_for(BUS_OPERATOR))
        try:
            await operator.subscribe("markethall.stock.>", cb=note)
            sku = await hall.new_sku()
            await hall.receive(sku, 3)
            # Its fronts have heard of it, and a turn of the topic has passed.
            await asyncio.gather(*(hall.receive(sku, 1) for _ in range(10)))
            assert not said
            device = Broker(listener.port, DEVICE, credentials.bus[DEVICE])
            async with device.subscribed(STOCK + sku) as heard:
                await eventually(lambda: heard.last(STOCK + sku) == {"sku": sku, "available": 13})
        finally:
            await operator.close()


async def test_a_change_is_told_to_whoever_listens(hall: Hall, device: Broker) -> None:
    sku = await hall.new_sku()
    async with device.subscribed(STOCK + sku) as heard:
        await hall.receive(sku, 7)
        await eventually(lambda: heard.last(STOCK + sku) == {"sku": sku, "available": 7})
        await hall.receive(sku, -3, replica=1)
        await eventually(lambda: heard.last(STOCK + sku) == {"sku": sku, "available": 4})


async def test_many_changes_are_few_messages_and_the_last_value_is_among_them(hall: Hall, device: Broker) -> None:
    sku = await hall.new_sku()
    async with device.subscribed(STOCK + sku) as heard:
        for _ in range(20):
            await asyncio.gather(*(hall.receive(sku, 1, replica=replica) for replica in (0, 1)))
        await eventually(lambda: heard.last(STOCK + sku).get("available") == 40)
        values = [document["available"] for document in heard.payloads(STOCK + sku)]
        assert values == sorted(values)
        assert len(values) < 40


@pytest.mark.parametrize("name", ["{}.large", "{}..2", "{}.", "{}_-x"])
async def test_a_sku_is_the_last_level_of_the_topic_as_it_is(hall: Hall, device: Broker, name: str) -> None:
    sku = name.format(f"S{uuid.uuid4().hex[:12]}")
    await hall.catalog.tell(hall.catalog.make(VariantSnapshot(sku, {}, 100)))
    await eventually(lambda: hall.knows(sku))
    async with device.subscribed(STOCK + sku, STOCK + "+") as heard:
        await hall.receive(sku, 2)
        await eventually(lambda: heard.last(STOCK + sku) == {"sku": sku, "available": 2})


async def test_very_many_changes_are_told_in_turn(hall: Hall, device: Broker) -> None:
    skus = [f"M-{uuid.uuid4().hex[:12]}" for _ in range(SKUS_PER_TURN + 10)]
    await hall.catalog.tell(hall.catalog.make(*(VariantSnapshot(sku, {"no": sku}, 1) for sku in skus)))
    await eventually(lambda: hall.knows(skus[-1]))
    async with device.subscribed(STOCK + "#") as heard:
        for start in range(0, len(skus), 20):
            await asyncio.gather(*(hall.receive(sku, 1) for sku in skus[start : start + 20]))
        await eventually(lambda: all(heard.last(STOCK + sku).get("available") == 1 for sku in skus), seconds=30)
