"""Inventory as processes would serve it, over a real bus, with the other parts played by the test."""

import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import asyncpg
import msgspec

from markethall.contracts.messages import VariantSnapshot
from markethall.inventory.app import create
from markethall.kit.bus import Bus
from markethall.local.nats import EmbeddedNats
from tests.orders.neighbours import Accounts, Catalog
from tests.support.machine import Machine, eventually, running, settings_for


@dataclass
class Answer:
    status: int
    body: Any


@dataclass
class Hall:
    """Two replicas of inventory; the other parts are played by the test."""

    addresses: list[str]
    http: aiohttp.ClientSession
    connection: "asyncpg.Connection[asyncpg.Record]"
    catalog: Catalog
    accounts: Accounts
    orders: Bus
    front: Bus

    async def call(self, method: str, path: str, body: object = None, *, replica: int = 0, **headers: str) -> Answer:
        """As an admin, unless `Authorization` says otherwise. Header names are written with `_` for `-`."""
        sent = self.accounts.bearer(uuid.UUID(int=1), "admin")
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        data: bytes | None = None
        if body is not None:
            data = body if isinstance(body, bytes) else msgspec.json.encode(body)
            sent.setdefault("Content-Type", "application/json")
        async with self.http.request(method, self.addresses[replica] + path, data=data, headers=sent) as response:
            raw = await response.read()
            return Answer(response.status, msgspec.json.decode(raw) if raw else None)

    async def new_sku(self) -> str:
        sku = f"S-{uuid.uuid4().hex[:12]}"
        await self.catalog.tell(self.catalog.make(VariantSnapshot(sku, {}, 100)))
        await eventually(lambda: self.knows(sku))
        return sku

    async def knows(self, sku: str) -> bool:
        return (await self.call("GET", f"/api/stock/{sku}")).status == 200

    async def receive(
        self, sku: str, quantity: Any, reference: str = "", *, replica: int = 0, **headers: str
    ) -> Answer:
        body = {"quantity": quantity, "reference": reference}
        return await self.call("POST", f"/api/stock/{sku}/receipts", body, replica=replica, **headers)

    async def level(self, sku: str) -> tuple[int, int, int]:
        body = (await self.call("GET", f"/api/stock/{sku}")).body
        return body["on_hand"], body["reserved"], body["available"]

    async def has_level(self, sku: str, level: tuple[int, int, int]) -> bool:
        """On hand, reserved, available."""
        return await self.level(sku) == level


@asynccontextmanager
async def open_hall(machine: Machine, nats: EmbeddedNats) -> AsyncIterator[Hall]:
    url = await machine.new_database("inventory")
    async with AsyncExitStack() as stack:
        catalog, accounts, orders, front = [
            await stack.enter_async_context(Bus(settings_for(part, "", nats), part))
            for part in ("catalog", "accounts", "orders", "front")
        ]
        shelves, offices = Catalog(catalog), Accounts(accounts)
        await shelves.answer_snapshots()
        await offices.publish_key()
        addresses = [
            await stack.enter_async_context(running(create, settings_for("inventory", url, nats, replica=name)))
            for name in ("one", "two")
        ]
        connection = await asyncpg.connect(url)
        stack.push_async_callback(connection.close)
        http = await stack.enter_async_context(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)))
        hall = Hall(addresses, http, connection, shelves, offices, orders, front)

        async def ready() -> bool:
            answers = [await hall.call("GET", "/health/ready", replica=replica) for replica in (0, 1)]
            return all(answer.body["dependencies"]["keys"] == "up" for answer in answers)

        await eventually(ready)
        yield hall
