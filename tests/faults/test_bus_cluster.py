"""A bus of three servers: any of them dies or freezes, two of them do, all of them lose what they stored.

Runs: buyers who order four times a second without waiting, and look at each order until it is settled.
Success: every order is accepted, none later than one call may take (3 s); each settles, and with one
server gone within 10 s of its death; the audit is clean.
"""

import asyncio
import os
import shutil
import signal
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.bus import copies_current, frozen, leader, operator, pids
from tests.support.client import AdminClient, Client
from tests.support.machine import eventually
from tests.support.shop import Shop, alive, running_shop

pytestmark = pytest.mark.journey

CALL_SECONDS = 3.0
OUTCOME_SECONDS = 10.0
SLACK = 3.0
"""Times that a busy machine may take longer than the contract allows."""
STREAMS = ("ORDERS", "STOCK", "CATALOG", "ACCOUNTS", "DEAD", "KV_replicas", "KV_keys")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with running_shop(tmp_path_factory.mktemp("cluster") / "data", "--no-demo", "--bus-nodes", "3") as shop:
        yield shop


@dataclass
class Orders:
    """What buyers saw: seconds from sending each order until it was accepted, and until it was settled."""

    accepted: dict[str, float] = field(default_factory=dict)
    settled: dict[str, float] = field(default_factory=dict)
    refused: list[tuple[int, object]] = field(default_factory=list)

    @property
    def all_settled(self) -> bool:
        return bool(self.accepted) and self.settled.keys() >= self.accepted.keys()


@asynccontextmanager
async def buying(shop: Shop) -> AsyncIterator[Orders]:
    """Buyers at work while the block lasts; at its end every order that was accepted has settled."""
    orders = Orders()
    async with AdminClient(shop) as shopkeeper, Client(shop.url) as buyer:
        [sku] = await shopkeeper.product(0)
        await received(shopkeeper, sku, 100_000)
        lines = {"lines": [{"sku": sku, "quantity": 1}]}

        async def one() -> None:
            sent = time.monotonic()
            reply = await buyer.call(
                "POST", "/api/orders", lines, Idempotency_Key=uuid.uuid4().hex, Prefer="respond-async"
            )
            if reply.status not in (201, 202):
                orders.refused.append((reply.status, reply.body))
                return
            orders.accepted[reply.body["id"]] = time.monotonic() - sent
            await buyer_settled(buyer, reply.body["id"])
            orders.settled[reply.body["id"]] = time.monotonic() - sent

        async with asyncio.TaskGroup() as group:

            async def keep_buying() -> None:
                while True:
                    group.create_task(one())
                    await asyncio.sleep(0.25)

            buyers = group.create_task(keep_buying())
            try:
                await eventually(lambda: len(orders.settled) >= 4, seconds=60)
                yield orders
            finally:
                buyers.cancel()
    assert orders.all_settled
    assert not orders.refused
    assert max(orders.accepted.values()) < CALL_SECONDS * SLACK


async def received(shopkeeper: AdminClient, sku: str, quantity: int) -> None:
    """The bus may have been away a moment ago: then inventory hears of a new SKU a little late."""
    deadline = time.monotonic() + 60
    key = uuid.uuid4().hex
    while True:
        reply = await shopkeeper.insist(
            "POST", f"/api/stock/{sku}/receipts", {"quantity": quantity}, Idempotency_Key=key
        )
        if reply.status == 201:
            return
        assert (reply.status, time.monotonic() < deadline) == (404, True), reply.body
        await asyncio.sleep(0.2)


async def buyer_settled(buyer: Client, order_id: str) -> None:
    deadline = time.monotonic() + 120
    while (await buyer.get(f"/api/orders/{order_id}")).body.get("status") in ("pending", None):
        assert time.monotonic() < deadline, f"{order_id} is still pending"
        await asyncio.sleep(0.5)


async def whole(shop: Shop) -> None:
    """Every server has everything."""
    async with operator(shop) as client:
        for stream in STREAMS:
            await eventually(lambda stream=stream: copies_current(client, stream), seconds=90)  # type: ignore[misc]


@pytest.fixture(autouse=True)
async def before_and_after(shop: Shop) -> AsyncIterator[None]:
    await whole(shop)
    yield
    await whole(shop)
    audit = await asyncio.to_thread(shop.audit)
    assert audit.returncode == 0, audit.stdout


@pytest.mark.parametrize("stream", ["ORDERS", "STOCK", "KV_replicas"])
async def test_the_death_of_a_leader_delays_outcomes_a_little_and_acceptances_not_at_all(
    shop: Shop, stream: str
) -> None:
    async with operator(shop) as client:
        victim = pids(shop)[await leader(client, stream)]
    async with buying(shop) as orders:
        before = len(orders.settled)
        os.kill(victim, signal.SIGKILL)
        await eventually(lambda: len(orders.settled) > before + 40, seconds=60)
    assert max(orders.settled.values()) < OUTCOME_SECONDS * SLACK


async def test_a_frozen_leader_is_noticed(shop: Shop) -> None:
    async with operator(shop) as client:
        victim = pids(shop)[await leader(client, "ORDERS")]
    async with buying(shop) as orders:
        with frozen([victim]):
            before = len(orders.settled)
            await eventually(lambda: len(orders.settled) > before + 60, seconds=60)
            slowest = max(orders.settled.values())
    assert slowest < OUTCOME_SECONDS * SLACK


async def test_without_a_majority_orders_are_accepted_and_settle_when_there_is_one(shop: Shop) -> None:
    async with buying(shop) as orders:
        with frozen(list(pids(shop).values())[:2]):
            before = len(orders.accepted)
            await eventually(lambda: len(orders.accepted) > before + 20, seconds=90)
            assert not orders.all_settled


async def test_all_that_the_bus_stored_may_be_deleted(shop: Shop) -> None:
    inventory = shop.processes("inventory")[0]["pid"]
    async with buying(shop) as orders:
        with frozen([inventory]):  # what is placed stays in the stream
            before = len(orders.accepted)
            await eventually(lambda: len(orders.accepted) > before + 20, seconds=60)
            victims = pids(shop)
            for pid in victims.values():
                os.kill(pid, signal.SIGSTOP)
            shutil.rmtree(shop.data / "nats")
            for pid in victims.values():
                os.kill(pid, signal.SIGKILL)
            await eventually(lambda: not any(alive(pid) for pid in victims.values()))
            before = len(orders.accepted)
            await eventually(lambda: len(orders.accepted) > before + 20, seconds=60)


async def test_a_server_that_lost_its_store_gets_it_from_the_others(shop: Shop) -> None:
    async with operator(shop) as client:
        replica = await leader(client, "ORDERS")
    victim = pids(shop)[replica]
    async with buying(shop) as orders:
        os.kill(victim, signal.SIGSTOP)
        shutil.rmtree(shop.data / "nats" / f"node-{replica}" / "store")
        os.kill(victim, signal.SIGKILL)
        before = len(orders.settled)
        await eventually(lambda: len(orders.settled) > before + 40, seconds=60)


async def test_one_server_or_three_is_a_matter_of_the_next_start(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "data", "--no-demo", "--bus-nodes", "3")
    pending: list[str] = []
    try:
        for nodes in ("3", "1", "3"):
            shop.arguments = ("--no-demo", "--bus-nodes", nodes)
            await asyncio.to_thread(shop.start)
            assert len(pids(shop)) == int(nodes)
            async with AdminClient(shop) as shopkeeper, Client(shop.url) as buyer:
                for order_id in pending:
                    assert (await shopkeeper.settled(order_id))["status"] == "confirmed"
                [sku] = await shopkeeper.product(5)
                with frozen([shop.processes("inventory")[0]["pid"]]):  # it stays on the bus as it is now
                    pending.append((await buyer.order({sku: 1}, wait=1)).ok(202)["id"])
                    await asyncio.to_thread(shop.kill_everything)
        await asyncio.to_thread(shop.start)
        async with AdminClient(shop) as shopkeeper:
            for order_id in pending:
                assert (await shopkeeper.settled(order_id))["status"] == "confirmed"
        audit = await asyncio.to_thread(shop.audit)
        assert audit.returncode == 0, audit.stdout
    finally:
        shop.end()
