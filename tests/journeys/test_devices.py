"""MQTT devices in a whole shop, some of whose parts die. The devices are Debian's mosquitto clients.

Runs: a shop with two replicas of orders and inventory; devices order, cancel and listen while parts are killed.
Success: what the bus acknowledged becomes one order, and its device hears the outcome; the audit is clean.
"""

import asyncio
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from markethall.cli.exits import Exit
from markethall.kit.crash_points import DEVICE_CRASH_POINTS
from markethall.local.credentials import DEVICE
from markethall.local.ports import bind_error, free_port
from tests.support.client import AdminClient, Client
from tests.support.devices import CANCEL, PLACE, STATUS, new_key, order, told
from tests.support.faults import ask
from tests.support.machine import eventually
from tests.support.mosquitto import REFUSED, Broker
from tests.support.shop import Shop, alive, running_shop

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    data = tmp_path_factory.mktemp("devices") / "data"
    port = str(free_port())
    with running_shop(data, "--no-demo", "--mqtt-port", port, "--replicas", "orders=2,inventory=2") as shop:
        yield shop
        audit = shop.audit()
    assert audit.returncode == 0, audit.stdout


@pytest.fixture
def device(shop: Shop) -> Broker:
    """As `markethall up` says it is reached."""
    password = json.loads((shop.data / "credentials.json").read_text())["bus"][DEVICE]
    return Broker(int(shop.arguments[2]), DEVICE, password)


async def test_a_device_buys_cancels_and_hears_of_stock(shop: Shop, device: Broker) -> None:
    async with AdminClient(shop) as shopkeeper, Client(shop.url) as buyer:
        [sku] = await shopkeeper.product(5)
        first, second, third = new_key(), new_key(), new_key()
        async with device.subscribed(STATUS + "#", f"markethall/stock/{sku}") as heard:
            assert await device.publish(PLACE, order(first, (sku, 3))) == 0
            placed = await told(heard, first, status="confirmed")
            await eventually(lambda: heard.last(f"markethall/stock/{sku}") == {"sku": sku, "available": 2})
            await device.publish(PLACE, order(second, (sku, 3)))
            assert (await told(heard, second, status="rejected"))["reason"] == "out_of_stock"
            await device.publish(CANCEL, {"order_id": placed["order_id"]})
            await told(heard, first, status="cancelled")
            await eventually(lambda: heard.last(f"markethall/stock/{sku}") == {"sku": sku, "available": 5})
            await device.publish(PLACE, order(third, (sku, 1)))
            confirmed = await told(heard, third, status="confirmed")
        repeated = (await buyer.order({sku: 1}, key=third)).ok(201)
        assert (repeated["id"], repeated["number"]) == (confirmed["order_id"], confirmed["number"])
        assert (await shopkeeper.stock(sku))["available"] == 4


async def test_strangers_stay_outside(shop: Shop, device: Broker) -> None:
    assert await Broker(device.port).publish(PLACE, {}) == REFUSED
    assert await Broker(device.port, DEVICE, "guess").publish(PLACE, {}) == REFUSED


async def test_the_commands_that_it_says_can_be_run(shop: Shop, device: Broker) -> None:
    assert f"Devices: mqtt://127.0.0.1:{device.port} (as whom: markethall devices)" in shop.tail()
    shown = await asyncio.to_thread(shop.run, "devices", "--data", str(shop.data))
    assert shown.returncode == 0, shown.stderr
    assert f"user {device.user}  password {device.password}" in shown.stdout
    [listen, place, cancel] = [line for line in shown.stdout.splitlines() if line.startswith("mosquitto_")]
    assert listen.startswith("mosquitto_sub")
    for command in (place, cancel):
        done = await asyncio.to_thread(subprocess.run, command, shell=True, timeout=30, check=False)
        assert done.returncode == 0
    nowhere = await asyncio.to_thread(shop.run, "devices", "--data", str(shop.data / "nowhere"))
    assert nowhere.returncode == Exit.UNREACHABLE


async def test_what_was_acknowledged_outlives_orders(shop: Shop, device: Broker) -> None:
    async with AdminClient(shop) as shopkeeper:
        [sku] = await shopkeeper.product(100)
        keys = [new_key() for _ in range(20)]
        async with device.subscribed(STATUS + "#") as heard:
            for entry in shop.processes("orders"):
                os.kill(entry["pid"], signal.SIGSTOP)
            for key in keys[:10]:
                assert await device.publish(PLACE, order(key, (sku, 1))) == 0
            for replica in (0, 1):
                await asyncio.to_thread(shop.kill, "orders", replica)
            for key in keys[10:]:
                assert await device.publish(PLACE, order(key, (sku, 1))) == 0
            for key in keys:
                await told(heard, key, status="confirmed", seconds=60)
        assert (await shopkeeper.stock(sku))["available"] == 80


async def test_a_hostile_message_is_seen_and_sent_again_by_the_operator(shop: Shop, device: Broker) -> None:
    async with AdminClient(shop) as shopkeeper:
        [sku] = await shopkeeper.product(1)
        await device.publish(PLACE, b"[" * 100_000)
        await eventually(lambda: "orders-devices" in dead_letters(shop, "list"), seconds=30)
        listed = await asyncio.to_thread(dead_letters, shop, "list", "--json")
        [*_, letter] = [one for one in json.loads(listed)["items"] if one["consumer"] == "orders-devices"]
        assert letter["reason"].startswith("unreadable: Nested too deeply")
        number = next(str(value) for name, value in letter.items() if name in ("number", "sequence"))
        assert "hex" in dead_letters(shop, "show", number)
        dead_letters(shop, "resend", number)
        # It comes back as another letter, and holds up nobody.
        key = new_key()
        async with device.subscribed(STATUS + key) as heard:
            await device.publish(PLACE, order(key, (sku, 1)))
            await told(heard, key, status="confirmed")
        again = json.loads(await asyncio.to_thread(dead_letters, shop, "list", "--json"))["items"]
        assert letter not in again
        assert any(one["reason"] == letter["reason"] for one in again)


def dead_letters(shop: Shop, *arguments: str) -> str:
    done = shop.run("dead-letters", *arguments, "--data", str(shop.data))
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("point", DEVICE_CRASH_POINTS)
async def test_a_replica_that_dies_in_the_middle_of_it_costs_nothing(shop: Shop, device: Broker, point: str) -> None:
    async with AdminClient(shop) as shopkeeper:
        [sku] = await shopkeeper.product(100)
        keys = [new_key() for _ in range(3)]
        # Both, so that whoever takes it dies of it.
        for replica in ("1", "2"):
            await ask(shop, "restart", service="orders", replica=replica, settings={"MARKETHALL_CRASH_POINTS": point})
        armed = {entry["pid"] for entry in shop.processes("orders")}
        async with device.subscribed(STATUS + "#") as heard:
            for key in keys:
                assert await device.publish(PLACE, order(key, (sku, 1))) == 0
            for key in keys:
                await told(heard, key, status="confirmed", seconds=90)
            assert not armed <= {entry["pid"] for entry in shop.processes("orders")}
            for key in keys:
                statuses = [document["status"] for document in heard.payloads(STATUS + key)]
                assert statuses == sorted(statuses, key=["pending", "confirmed"].index)
        assert (await shopkeeper.stock(sku))["available"] == 97


async def test_what_was_acknowledged_outlives_the_bus(shop: Shop, device: Broker) -> None:
    async with AdminClient(shop) as shopkeeper:
        [sku] = await shopkeeper.product(100)
        keys = [new_key() for _ in range(10)]
        # Stopped, so that nothing of it leaves the bus before the bus dies.
        processes = shop.processes("orders")
        for entry in processes:
            os.kill(entry["pid"], signal.SIGSTOP)
        for key in keys:
            assert await device.publish(PLACE, order(key, (sku, 1))) == 0
        await asyncio.to_thread(shop.kill, "nats")
        for entry in processes:
            os.kill(entry["pid"], signal.SIGCONT)
        await back(device)
        async with device.subscribed(STATUS + "#") as heard:
            for key in keys:
                await told(heard, key, status="confirmed", seconds=60)
        assert (await shopkeeper.stock(sku))["available"] == 90


async def test_devices_are_told_again_after_the_bus_lost_its_storage(shop: Shop, device: Broker) -> None:
    async with AdminClient(shop) as shopkeeper, Client(shop.url) as buyer:
        [sku] = await shopkeeper.product(100)
        ended, open_, reused, refused = new_key(), new_key(), new_key(), new_key()
        async with device.subscribed(STATUS + "#") as heard:
            for key in (ended, open_):
                await device.publish(PLACE, order(key, (sku, 1)))
                await told(heard, key, status="confirmed")
            await device.publish(CANCEL, {"order_id": heard.last(STATUS + ended)["order_id"]})
            await told(heard, ended, status="cancelled")
            (await buyer.order({sku: 1}, key=reused)).ok(201)
            await device.publish(PLACE, order(reused, (sku, 2)))
            await told(heard, reused, reason="idempotency_key_reused")
            await device.publish(PLACE, order(refused, (sku, 0)))
            await told(heard, refused, reason="invalid")
        [bus] = shop.processes("nats")
        os.kill(bus["pid"], signal.SIGSTOP)
        shutil.rmtree(shop.data / "nats" / "store")
        os.kill(bus["pid"], signal.SIGKILL)
        await eventually(lambda: not alive(bus["pid"]))
        await back(device)
        # Said while its refusal is told again.
        (await buyer.order({sku: 1}, key=refused)).ok(201, 202)
        async with device.subscribed(STATUS + "#") as later:
            await told(later, ended, status="cancelled", seconds=60)
            for key in (open_, reused, refused):
                await told(later, key, status="confirmed", seconds=60)
        async with device.subscribed(STATUS + "#") as later:
            for key in (open_, reused, refused):
                await told(later, key, status="confirmed")
                assert [document["status"] for document in later.payloads(STATUS + key)] == ["confirmed"]
        key = new_key()
        async with device.subscribed(STATUS + key) as heard:

            async def bought() -> bool:
                # As a device does that hears nothing: a store that was lost had nobody who kept messages for orders.
                await device.publish(PLACE, order(key, (sku, 1)))
                return heard.last(STATUS + key).get("status") == "confirmed"

            await eventually(bought, seconds=60)


async def back(device: Broker) -> None:
    """Wait until the bus takes devices again."""

    async def is_so() -> bool:
        return await device.publish("markethall/orders/none", {}) == 0

    await eventually(is_so, seconds=60)


async def test_the_port_is_kept_and_a_second_shop_does_without(shop: Shop, device: Broker, tmp_path: Path) -> None:
    second = Shop(tmp_path / "second", "--no-demo", "--mqtt-port", str(device.port))
    with pytest.raises(AssertionError, match=f"port {device.port} of 127.0.0.1 is taken"):
        await asyncio.to_thread(second.start)


async def test_a_bus_of_three_serves_devices_while_each_server_dies_once(tmp_path: Path) -> None:
    port = next(p for p in iter(free_port, 0) if all(bind_error("127.0.0.1", p + n) is None for n in range(3)))
    arguments = ("--no-demo", "--mqtt-port", str(port), "--bus-nodes", "3")
    with running_shop(tmp_path / "data", *arguments) as shop:
        password = json.loads((shop.data / "credentials.json").read_text())["bus"][DEVICE]
        devices = [Broker(port + number, DEVICE, password) for number in range(3)]
        async with AdminClient(shop) as shopkeeper:
            [sku] = await shopkeeper.product(50)
            keys = [new_key() for _ in range(6)]
            for number, key in enumerate(keys):
                if number < 3:
                    await asyncio.to_thread(shop.kill, "nats", number)
                await bought_through(devices[(number + 1) % 3], key, sku)
            assert (await shopkeeper.stock(sku))["available"] == 44
        audit = await asyncio.to_thread(shop.audit)
        assert audit.returncode == 0, audit.stdout


async def bought_through(device: Broker, key: str, sku: str) -> None:
    """As a device does that keeps its connection no longer than it must: publish until the receipt is there."""

    async def confirmed() -> bool:
        await device.publish(PLACE, order(key, (sku, 1)))
        async with device.subscribed(STATUS + key) as heard:
            with suppress(AssertionError):
                await eventually(lambda: heard.last(STATUS + key).get("status") == "confirmed", seconds=5)
        return heard.last(STATUS + key).get("status") == "confirmed"

    await eventually(confirmed, seconds=90)
