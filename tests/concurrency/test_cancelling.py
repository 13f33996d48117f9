"""Cancellations at the same time as the reservation, twice, and before inventory has seen the order: real processes.

Success: whatever came first, each cancelled order holds nothing, each other one is confirmed or
refused, and the stock adds up to the unit.
"""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.client import AdminClient, Client
from tests.support.machine import eventually
from tests.support.shop import Shop, running_shop

pytestmark = pytest.mark.journey

IN_STOCK = 150


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    data = Path(tmp_path_factory.mktemp("cancelling")) / "data"
    with running_shop(data, "--no-demo", "--replicas", "orders=2,inventory=2") as shop:
        yield shop


async def returned(shopkeeper: AdminClient, sku: str, reserved: int) -> None:
    async def is_so() -> bool:
        stock = await shopkeeper.stock(sku)
        return (stock["on_hand"], stock["reserved"]) == (IN_STOCK, reserved)

    await eventually(is_so, seconds=30)


async def cancel_twice(buyer: Client, order_id: str) -> list[int]:
    path = f"/api/orders/{order_id}/cancellation"
    replies = await asyncio.gather(*(buyer.insist("POST", path, Prefer="wait=0") for _ in range(2)))
    return [reply.status for reply in replies]


async def test_cancelling_while_inventory_reserves(hall: Shop) -> None:
    async with AdminClient(hall) as shopkeeper, Client(hall.url) as buyer:
        [sku] = await shopkeeper.product(IN_STOCK)

        async def order_and_cancel(number: int) -> str:
            order = (await buyer.order({sku: 1}, Prefer="respond-async")).body
            order_id = order.get("id") or order["order_id"]
            if number % 2:
                # Refused ones (409) had nothing to cancel.
                assert set(await cancel_twice(buyer, order_id)) <= {200, 202, 409}
            return str(order_id)

        ids = await asyncio.gather(*(order_and_cancel(number) for number in range(200)))
        settled = [await shopkeeper.settled(order_id) for order_id in ids]
        confirmed = sum(order["status"] == "confirmed" for order in settled)
        assert {order["status"] for order in settled} <= {"confirmed", "cancelled", "rejected"}
        assert sum(order["status"] == "cancelled" for order in settled) > 0
        await returned(shopkeeper, sku, confirmed)
    audit = await asyncio.to_thread(hall.audit)
    assert audit.returncode == 0, audit.stdout


async def test_cancelling_before_inventory_has_seen_the_order(hall: Shop) -> None:
    async with AdminClient(hall) as shopkeeper, Client(hall.url) as buyer:
        [sku] = await shopkeeper.product(IN_STOCK)
        pids = [entry["pid"] for entry in hall.processes("inventory")]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            orders = await asyncio.gather(*(buyer.order({sku: 1}, Prefer="respond-async") for _ in range(60)))
            ids = [reply.ok(202)["id"] for reply in orders]
            answers = await asyncio.gather(*(cancel_twice(buyer, order_id) for order_id in ids[:40]))
            assert {status for both in answers for status in both} == {202}
            for order_id in ids[:40]:
                assert (await buyer.get(f"/api/orders/{order_id}")).ok(200)["status"] == "cancelled"
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
        for order_id in ids[40:]:
            assert (await shopkeeper.settled(order_id))["status"] == "confirmed"
        await returned(shopkeeper, sku, 20)
        assert {status for order_id in ids[:40] for status in await cancel_twice(buyer, order_id)} <= {200, 202}
        await returned(shopkeeper, sku, 20)
    audit = await asyncio.to_thread(hall.audit)
    assert audit.returncode == 0, audit.stdout
