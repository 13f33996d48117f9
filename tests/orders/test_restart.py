"""What outlives a replica, and what a replica does when it leaves."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import aiohttp
import pytest

from markethall.cli.events import events_of
from markethall.contracts.messages import StockSettled, VariantSnapshot
from markethall.kit.bus import Bus
from markethall.local.nats import EmbeddedNats
from markethall.orders.app import create
from tests.orders.conftest import Answer, calls_to
from tests.orders.neighbours import Accounts, Catalog, Inventory, now
from tests.support.machine import Machine, eventually, running, settings_for

SKU = "R-1"


@pytest.fixture
async def neighbours(nats: EmbeddedNats) -> AsyncIterator[tuple[Inventory, Accounts]]:
    """Inventory and accounts run; catalog sells one thing."""
    async with AsyncExitStack() as stack:
        buses = [
            await stack.enter_async_context(Bus(settings_for(part, "", nats), part))
            for part in ("inventory", "catalog", "accounts")
        ]
        inventory, catalog, accounts = Inventory(buses[0]), Catalog(buses[1]), Accounts(buses[2])
        catalog.make(VariantSnapshot(SKU, {"size": "L"}, 100))
        await catalog.answer_snapshots()
        await accounts.publish_key()
        await stack.enter_async_context(inventory.consumer())
        yield inventory, accounts


async def for_sale(call: Callable[..., Awaitable[Answer]]) -> None:
    """Wait until orders knows what catalog sells."""

    async def is_so() -> bool:
        health = await call("GET", "/health/ready")
        return bool(health.body["dependencies"]["prices"] == "complete")

    await eventually(is_so)


async def test_a_cart_and_the_order_of_a_key_are_there_after_a_restart(
    machine: Machine, nats: EmbeddedNats, neighbours: tuple[Inventory, Accounts]
) -> None:
    _, accounts = neighbours
    settings = settings_for("orders", await machine.new_database("orders"), nats)
    user = accounts.bearer(uuid.uuid4())
    bought = {"lines": [{"sku": SKU, "quantity": 1}]}
    keyed = user | {"Idempotency-Key": uuid.uuid4().hex}
    async with running(create, settings) as address, calls_to(address) as call:
        await for_sale(call)
        first = await call("POST", "/api/orders", bought, headers=keyed)
        assert first.status == 201
        cart = await call("POST", "/api/carts", headers=user)
        path = f"/api/carts/{cart.body['id']}"
        filled = await call("PUT", f"{path}/lines/{SKU}", {"quantity": 2}, headers=user)
        assert filled.status == 200
    async with running(create, settings) as address, calls_to(address) as call:
        assert (await call("POST", "/api/carts", headers=user)).body == filled.body
        again = await call("POST", "/api/orders", bought, headers=keyed)
        assert (again.status, again.body) == (201, first.body)
        from_cart = await call("POST", "/api/orders", {"cart_id": cart.body["id"]}, headers=user)
        assert (from_cart.status, from_cart.body["lines"][0]["options"]) == (201, {"size": "L"})
        history = await call("GET", "/api/orders", headers=user)
        assert history.body["items"] == [from_cart.body, first.body]


async def test_an_outcome_that_comes_before_its_order_resolves_by_itself(
    machine: Machine, nats: EmbeddedNats, neighbours: tuple[Inventory, Accounts]
) -> None:
    inventory, _ = neighbours
    settings = settings_for("orders", await machine.new_database("orders"), nats)
    async with running(create, settings) as address, calls_to(address) as call:
        early = StockSettled([uuid.uuid4().bytes], [True], [now()])
        await inventory.say(early)
        await inventory.say(early)
        await for_sale(call)
        answer = await call("POST", "/api/orders", {"lines": [{"sku": SKU, "quantity": 1}]})
        assert answer.status == 201


async def test_a_stream_of_events_ends_when_its_replica_leaves(
    machine: Machine, nats: EmbeddedNats, neighbours: tuple[Inventory, Accounts]
) -> None:
    inventory, _ = neighbours
    inventory.answering = False
    settings = settings_for("orders", await machine.new_database("orders"), nats)
    statuses: list[str] = []

    async def watch(url: str) -> None:
        async with aiohttp.ClientSession() as http, http.get(url) as response:
            async for event in events_of(response.content):
                statuses.append(event.data)

    async with running(create, settings) as address, calls_to(address) as call:
        await for_sale(call)
        body = {"lines": [{"sku": SKU, "quantity": 1}]}
        answer = await call("POST", "/api/orders", body, headers={"Prefer": "respond-async"})
        watching = asyncio.create_task(watch(f"{address}/api/orders/{answer.body['id']}/events"))
        await eventually(lambda: statuses)
    async with asyncio.timeout(10):
        await watching
    assert len(statuses) == 1
