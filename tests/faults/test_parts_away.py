"""One part stopped (frozen, so that the supervisor does not replace it) while buyers go on.

Runs: a shop with the demo store; each part in turn gets SIGSTOP, later SIGCONT.
Success: what docs/failure-model.md promises for that part.
"""

import asyncio
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.away import away
from tests.support.client import AdminClient, Client
from tests.support.shop import Shop, running_shop

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with running_shop(Path(tmp_path_factory.mktemp("away")) / "data", "--demo") as shop:
        yield shop


async def test_without_catalog_known_products_are_shown_and_sold(hall: Shop) -> None:
    async with AdminClient(hall) as shopkeeper, Client(hall.url) as guest:
        [sku] = await shopkeeper.product(5)
        product = (await guest.get("/api/products?limit=1")).ok(200)["items"][0]
        (await guest.get(f"/api/products/{product['slug']}")).ok(200)
        async with away(hall, "catalog"):
            shown = await guest.get(f"/api/products/{product['slug']}")
            assert shown.ok(200)["slug"] == product["slug"]
            unknown = await guest.get(f"/api/products/{uuid.uuid4().hex}")
            assert unknown.status == 503
            assert int(unknown.headers["Retry-After"]) >= 1  # type: ignore[index,call-overload]
            (await guest.order({sku: 1})).ok(201)
            await guest.register()
            (await guest.get("/api/orders")).ok(200)


async def test_without_inventory_orders_are_taken_and_settle_later(hall: Shop) -> None:
    async with AdminClient(hall) as shopkeeper, Client(hall.url) as guest:
        [sku] = await shopkeeper.product(5)
        async with away(hall, "inventory"):
            pending = (await guest.order({sku: 1}, wait=1)).ok(202)
            assert pending["status"] == "pending"
            (await guest.get("/api/products?limit=5")).ok(200)
        assert (await shopkeeper.settled(pending["id"]))["status"] == "confirmed"


async def test_without_orders_browsing_and_sign_in_go_on_and_a_retry_is_safe(hall: Shop) -> None:
    async with AdminClient(hall) as shopkeeper, Client(hall.url) as guest:
        [sku] = await shopkeeper.product(5)
        body = {"lines": [{"sku": sku, "quantity": 1}]}
        key = uuid.uuid4().hex
        async with away(hall, "orders"):
            refused = await guest.call("POST", "/api/orders", body, Idempotency_Key=key)
            assert refused.status == 503
            assert int(refused.headers["Retry-After"]) >= 1  # type: ignore[index,call-overload]
            assert (await guest.get(f"/api/carts/{uuid.uuid4()}")).status == 503
            (await guest.get("/api/products?limit=5")).ok(200)
            await guest.register()
        first = (await guest.order({sku: 1}, key=key)).ok(201)
        assert (await guest.order({sku: 1}, key=key)).ok(201)["id"] == first["id"]
        assert (await shopkeeper.stock(sku))["reserved"] == 1


async def test_without_accounts_guests_buy_and_users_stay_signed_in(hall: Shop) -> None:
    async with AdminClient(hall) as shopkeeper, Client(hall.url) as guest, Client(hall.url) as user:
        [sku] = await shopkeeper.product(5)
        await user.register()
        async with away(hall, "accounts"):
            (await guest.order({sku: 1})).ok(201)
            order = (await user.order({sku: 1})).ok(201)
            assert [item["id"] for item in (await user.get("/api/orders")).ok(200)["items"]] == [order["id"]]
            refused = await guest.post("/api/sessions", {"email": "a@example.org", "password": "long enough"})
            assert refused.status == 503
            (await shopkeeper.get("/api/orders?all=true")).ok(200)


async def test_without_the_bus_orders_are_taken_and_settle_later(hall: Shop) -> None:
    async with AdminClient(hall) as shopkeeper, Client(hall.url) as guest:
        [sku] = await shopkeeper.product(5)
        async with away(hall, "nats"):
            pending = (await guest.order({sku: 1}, wait=1)).ok(202)
            (await guest.get("/api/products?limit=5")).ok(200)
            await guest.register()
            cart = (await guest.post("/api/carts")).ok(201)
            (await guest.call("PUT", f"/api/carts/{cart['id']}/lines/{sku}", {"quantity": 1})).ok(200)
        assert (await shopkeeper.settled(pending["id"]))["status"] == "confirmed"
    audit = await asyncio.to_thread(hall.audit)
    assert audit.returncode == 0, audit.stdout
