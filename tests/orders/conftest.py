"""Two replicas of orders on a database and a bus of their own, with the other parts played by the test."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import aiohttp
import asyncpg
import msgspec
import pytest
import yarl

from markethall.contracts.messages import VariantSnapshot
from markethall.kit.bus import Bus
from markethall.local.nats import EmbeddedNats
from markethall.orders.app import create
from tests.orders.neighbours import Accounts, Catalog, Inventory
from tests.support.machine import Machine, eventually, running, settings_for


@dataclass
class Answer:
    """An HTTP answer, read whole."""

    status: int
    headers: Mapping[str, str]
    body: Any


async def call(
    http: aiohttp.ClientSession,
    address: str,
    method: str,
    path: str,
    body: object = None,
    *,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    sent = dict(headers or {})
    data: bytes | None = None
    if body is not None:
        data = body if isinstance(body, bytes) else msgspec.json.encode(body)
        sent.setdefault("Content-Type", "application/json")
    url = yarl.URL(address + path, encoded=True)
    async with http.request(method, url, data=data, headers=sent) as response:
        raw = await response.read()
        is_json = "json" in response.headers.get("Content-Type", "")
        return Answer(response.status, response.headers, msgspec.json.decode(raw) if is_json else raw)


@asynccontextmanager
async def calls_to(address: str) -> AsyncIterator[Callable[..., Awaitable[Answer]]]:
    """`call` for one replica."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as http:
        yield partial(call, http, address)


@dataclass
class Hall:
    """Where orders runs in these tests."""

    addresses: list[str]
    http: aiohttp.ClientSession
    database: "asyncpg.Pool[asyncpg.Record]"
    inventory: Inventory
    catalog: Catalog
    accounts: Accounts
    skus: dict[str, int] = field(default_factory=dict)

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        replica: int = 0,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        return await call(self.http, self.addresses[replica % len(self.addresses)], method, path, body, headers=headers)

    async def buy(self, *lines: tuple[str, int], replica: int = 0, headers: Mapping[str, str] | None = None) -> Answer:
        body = {"lines": [{"sku": sku, "quantity": quantity} for sku, quantity in lines]}
        return await self.call("POST", "/api/orders", body, replica=replica, headers=headers)

    async def sell(self, price: int = 100, **options: str) -> str:
        """A new SKU that the price list has; its stock is unlimited until `inventory.stock` names it."""
        sku = f"S-{uuid.uuid4().hex[:12]}"
        await self.catalog.tell(self.catalog.make(VariantSnapshot(sku, options, price)))
        await self.listed(sku, price)
        return sku

    async def sell_many(self, count: int) -> list[str]:
        """New SKUs, all variants of one product."""
        skus = [f"M-{uuid.uuid4().hex[:12]}" for _ in range(count)]
        await self.catalog.tell(self.catalog.make(*(VariantSnapshot(sku, {}, 1) for sku in skus)))
        await self.listed(skus[-1], 1)
        return skus

    async def withdraw(self, sku: str) -> None:
        """The product that has it is archived."""
        await self.catalog.tell(self.catalog.archive(sku))
        await self.listed(sku, None)

    async def listed(self, sku: str, price: int | None) -> None:
        """Wait until the price list has the SKU at this price; None: until it is not for sale."""

        async def is_so() -> bool:
            found = await self.database.fetchval("SELECT price FROM price_list WHERE sku = $1 AND active", sku)
            return bool(found == price)

        await eventually(is_so)

    async def until(self, condition: Callable[[], object]) -> None:
        await eventually(condition)

    async def order(self, order_id: str, headers: Mapping[str, str] | None = None) -> Any:
        return (await self.call("GET", f"/api/orders/{order_id}", headers=headers)).body

    async def has_status(self, order_id: str, status: str, headers: Mapping[str, str] | None = None) -> Any:
        """Wait for a status; answers the order."""
        found: dict[str, Any] = {}

        async def is_so() -> bool:
            found.update(await self.order(order_id, headers))
            return bool(found["status"] == status)

        await eventually(is_so)
        return found


@pytest.fixture(scope="module")
async def orders_database(machine: Machine) -> str:
    return await machine.new_database("orders")


@pytest.fixture(scope="module")
async def hall(orders_database: str, nats: EmbeddedNats) -> AsyncIterator[Hall]:
    async with AsyncExitStack() as stack:
        buses = [
            await stack.enter_async_context(Bus(settings_for(part, "", nats), part))
            for part in ("inventory", "catalog", "accounts")
        ]
        inventory, catalog, accounts = Inventory(buses[0]), Catalog(buses[1]), Accounts(buses[2])
        await catalog.answer_snapshots()
        await accounts.publish_key()
        await stack.enter_async_context(inventory.consumer())
        addresses = [
            await stack.enter_async_context(
                running(create, settings_for("orders", orders_database, nats, replica=name))
            )
            for name in ("one", "two")
        ]
        pool = await stack.enter_async_context(asyncpg.create_pool(orders_database, min_size=1, max_size=4))
        http = await stack.enter_async_context(
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30), connector=aiohttp.TCPConnector(limit=300))
        )

        async def price_list_is_complete() -> bool:
            return bool(await pool.fetchval("SELECT complete FROM price_list_copy"))

        await eventually(price_list_is_complete)
        yield Hall(addresses, http, pool, inventory, catalog, accounts)
