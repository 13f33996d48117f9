"""What one front answered can be used at once through another: real services, two fronts, one bus."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from markethall.catalog.app import create as create_catalog
from markethall.front.app import create as create_front
from markethall.inventory.app import create as create_inventory
from markethall.kit.bus import Bus
from markethall.local.nats import EmbeddedNats
from markethall.orders.app import create as create_orders
from tests.front.neighbours import document
from tests.front.tokens import Issuer
from tests.support.machine import Machine, eventually, running, settings_for

CREATE = {"catalog": create_catalog, "inventory": create_inventory, "orders": create_orders}
SOLD_OUT = "markethall; hit; detail=sold-out"


@dataclass
class Stalls:
    """A shop without accounts; somebody who may do everything."""

    here: str
    there: str
    http: aiohttp.ClientSession
    admin: dict[str, str]

    async def call(
        self, method: str, url: str, body: Any = None, **headers: str
    ) -> tuple[int, Any, aiohttp.ClientResponse]:
        given = self.admin | {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.http.request(method, url, json=body, headers=given) as answer:
            return answer.status, await document(answer), answer

    async def add_product(self, front: str) -> tuple[str, str]:
        """Slug and SKU of a new product."""
        sku = f"T-{uuid4().hex[:8].upper()}"
        price = {"amount": 100, "currency": "EUR"}
        body = {"name": f"Top {sku}", "variants": [{"sku": sku, "options": {}, "price": price}]}
        status, product, _ = await self.call("POST", f"{front}/api/products", body)
        assert status == 201, product
        return product["slug"], sku

    async def receive(self, front: str, sku: str, quantity: int) -> None:
        body = {"quantity": quantity, "reference": "PO-1"}
        status, answer, _ = await self.call("POST", f"{front}/api/stock/{sku}/receipts", body)
        assert status == 201, answer

    async def buy(self, front: str, sku: str, **headers: str) -> tuple[int, Any, str | None]:
        body = {"lines": [{"sku": sku, "quantity": 1}]}
        status, answer, response = await self.call("POST", f"{front}/api/orders", body, **headers)
        return status, answer, response.headers.get("Cache-Status")


@pytest.fixture(scope="module")
async def stalls(nats: EmbeddedNats, machine: Machine) -> AsyncIterator[Stalls]:
    async with AsyncExitStack() as stack:
        for name, create in CREATE.items():
            settings = settings_for(name, await machine.new_database(name), nats)
            await stack.enter_async_context(running(create, settings))
        fronts = [
            await stack.enter_async_context(running(create_front, settings_for("front", "", nats))) for _ in range(2)
        ]
        accounts = await stack.enter_async_context(Bus(settings_for("accounts", "", nats), "accounts"))
        issuer = Issuer()
        await issuer.announce(accounts)
        http = await stack.enter_async_context(aiohttp.ClientSession())
        stalls = Stalls(fronts[0], fronts[1], http, {"Authorization": f"Bearer {issuer.token('admin')}"})

        async def open_for_business() -> bool:
            status, _, _ = await stalls.call("GET", f"{stalls.there}/api/system")
            probe = await stalls.call("POST", f"{stalls.here}/api/products", {})
            return status == 200 and probe[0] == 422

        await eventually(open_for_business, seconds=30)
        yield stalls


async def test_a_new_product_can_be_bought_and_its_new_price_is_charged(stalls: Stalls) -> None:
    for _ in range(5):
        slug, sku = await stalls.add_product(stalls.here)
        await stalls.receive(stalls.there, sku, 2)
        status, order, _ = await stalls.buy(stalls.there, sku)
        assert (status, order["total"]["amount"]) == (201, 100)
        _, product, answer = await stalls.call("GET", f"{stalls.there}/api/products/{slug}")
        assert product["variants"][0]["available"] == 1
        change = {"variants": [product["variants"][0] | {"price": {"amount": 150, "currency": "EUR"}}]}
        del change["variants"][0]["available"]
        status, changed, _ = await stalls.call(
            "PATCH", f"{stalls.here}/api/products/{slug}", change, If_Match=answer.headers["ETag"]
        )
        assert status == 200, changed
        _, product, _ = await stalls.call("GET", f"{stalls.there}/api/products/{slug}")
        assert product["variants"][0]["price"]["amount"] == 150
        status, order, _ = await stalls.buy(stalls.there, sku)
        assert (status, order["total"]["amount"]) == (201, 150)


async def test_after_a_receipt_was_answered_no_front_refuses(stalls: Stalls) -> None:
    _, sku = await stalls.add_product(stalls.here)

    async def is_cut() -> bool:
        status, problem, cache = await stalls.buy(stalls.there, sku)
        assert (status, problem["code"]) == (409, "out_of_stock")
        return cache == SOLD_OUT

    for _ in range(15):
        await eventually(is_cut)
        await stalls.receive(stalls.here, sku, 1)
        status, order, _ = await stalls.buy(stalls.there, sku)
        assert (status, order["status"]) == (201, "confirmed")


async def test_a_keyed_retry_is_told_of_its_order_though_all_is_sold(stalls: Stalls) -> None:
    _, sku = await stalls.add_product(stalls.here)
    await stalls.receive(stalls.here, sku, 1)
    status, order, _ = await stalls.buy(stalls.here, sku, Idempotency_Key="mine")
    assert status == 201

    async def is_cut() -> bool:
        return (await stalls.buy(stalls.there, sku))[2] == SOLD_OUT

    await eventually(is_cut)
    status, again, _ = await stalls.buy(stalls.there, sku, Idempotency_Key="mine")
    assert (status, again) == (201, order)
