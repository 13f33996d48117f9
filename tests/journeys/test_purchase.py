"""The whole purchase, as a guest and as a user, through the public address."""

import asyncio
import uuid
from pathlib import Path

import pytest

from tests.support.client import AdminClient, Client
from tests.support.shop import Shop, running_shop

pytestmark = pytest.mark.journey


async def test_a_guest_buys_from_the_demo_store(shop: Shop) -> None:
    async with Client(shop.url) as guest:
        page = (await guest.get("/api/products?query=bear")).ok(200)
        summary = next(item for item in page["items"] if item["available"])
        product = (await guest.get(f"/api/products/{summary['slug']}")).ok(200)
        variant = next(v for v in product["variants"] if v["available"])
        before = variant["available"]
        order = (await guest.order({variant["sku"]: 2})).ok(201)
        assert order["status"] == "confirmed"
        assert order["total"] == {"amount": 2 * variant["price"]["amount"], "currency": "EUR"}
        [line] = order["lines"]
        assert (line["name"], line["options"], line["quantity"]) == (product["name"], variant["options"], 2)
        assert [entry["status"] for entry in order["history"]] == ["pending", "confirmed"]
        assert (await guest.get(f"/api/orders/{order['id']}")).ok(200) == order

        async def shown() -> int:
            fresh = (await guest.get(f"/api/products/{summary['slug']}")).ok(200)
            return int(next(v for v in fresh["variants"] if v["sku"] == variant["sku"])["available"])

        deadline = asyncio.get_running_loop().time() + 5
        while await shown() != before - 2:
            assert asyncio.get_running_loop().time() < deadline


async def test_what_was_answered_can_be_used_at_once(shop: Shop) -> None:
    async with AdminClient(shop) as shopkeeper, Client(shop.url) as buyer:
        for _ in range(10):
            [sku] = await shopkeeper.product(0)
            refused = await buyer.order({sku: 1})
            assert (refused.status, refused.body["code"]) == (409, "out_of_stock")
            assert refused.headers["Location"] == f"/api/orders/{refused.body['order_id']}"  # type: ignore[index,call-overload]
            assert refused.body["shortages"] == [{"sku": sku, "requested": 1, "available": 0}]
            assert (await buyer.post("/api/orders", {"lines": [{"sku": sku, "quantity": 1}]})).status == 409
            await shopkeeper.receive(sku, 1)
            # Without a key too: the sold-out short cut must know of the receipt.
            bought = await buyer.post("/api/orders", {"lines": [{"sku": sku, "quantity": 1}]})
            assert (bought.status, bought.body["status"]) == (201, "confirmed")


async def test_a_changed_price_is_charged_and_old_orders_keep_theirs(shop: Shop) -> None:
    async with AdminClient(shop) as shopkeeper, Client(shop.url) as buyer:
        [sku] = await shopkeeper.product(10, price=700)
        first = (await buyer.order({sku: 1})).ok(201)
        found = (await buyer.get(f"/api/products?query={first['lines'][0]['name'].split()[1]}")).ok(200)
        slug = found["items"][0]["slug"]
        product = (await buyer.get(f"/api/products/{slug}")).ok(200)
        change = {
            "name": "Renamed",
            "variants": [
                {"sku": sku, "options": product["variants"][0]["options"], "price": {"amount": 900, "currency": "EUR"}}
            ],
        }
        stale = await shopkeeper.call("PATCH", f"/api/products/{slug}", change, If_Match='"999"')
        assert (stale.status, stale.body["code"]) == (412, "version_mismatch")
        missing = await shopkeeper.call("PATCH", f"/api/products/{slug}", change)
        assert missing.status == 428
        (await shopkeeper.call("PATCH", f"/api/products/{slug}", change, If_Match=f'"{product["version"]}"')).ok(200)
        asked = {"lines": [{"sku": sku, "quantity": 1}], "expected_total": {"amount": 700, "currency": "EUR"}}
        differs = await buyer.call("POST", "/api/orders", asked, Idempotency_Key=uuid.uuid4().hex)
        assert (differs.status, differs.body["code"]) == (409, "price_changed")
        second = (await buyer.order({sku: 1})).ok(201)
        assert second["total"]["amount"] == 900
        assert second["lines"][0]["name"] == "Renamed"
        again = (await buyer.get(f"/api/orders/{first['id']}")).ok(200)
        assert again == first


async def test_cancelling_returns_the_stock_and_repeating_is_harmless(shop: Shop) -> None:
    async with AdminClient(shop) as shopkeeper, Client(shop.url) as buyer:
        [sku] = await shopkeeper.product(5)
        order = (await buyer.order({sku: 5})).ok(201)
        for _ in range(3):
            cancelled = (await buyer.post(f"/api/orders/{order['id']}/cancellation")).ok(200)
            assert cancelled["status"] == "cancelled"
        deadline = asyncio.get_running_loop().time() + 10
        while (await shopkeeper.stock(sku))["available"] != 5:
            assert asyncio.get_running_loop().time() < deadline
        await buyer.order({sku: 5})
        assert (await shopkeeper.stock(sku))["available"] == 0


async def test_fulfilment_takes_the_stock_off_the_shelf(shop: Shop) -> None:
    async with AdminClient(shop) as shopkeeper, Client(shop.url) as buyer:
        [sku] = await shopkeeper.product(5)
        order = (await buyer.order({sku: 2})).ok(201)
        assert (await buyer.post(f"/api/orders/{order['id']}/fulfilment")).status == 401
        done = (await shopkeeper.post(f"/api/orders/{order['id']}/fulfilment")).ok(200)
        assert done["status"] == "fulfilled"
        deadline = asyncio.get_running_loop().time() + 10
        while (await shopkeeper.stock(sku))["on_hand"] != 3:
            assert asyncio.get_running_loop().time() < deadline
        refused = await buyer.post(f"/api/orders/{order['id']}/cancellation")
        assert (refused.status, refused.body["code"]) == (409, "not_cancellable")


async def test_a_cart_outlives_everything_and_checkout_keeps_it_as_bought(tmp_path: Path) -> None:
    with running_shop(tmp_path / "data", "--no-demo") as shop:
        async with AdminClient(shop) as shopkeeper, Client(shop.url) as user:
            sku, other = await shopkeeper.product(10, 10)
            person = await user.register()
            cart = (await user.post("/api/carts")).ok(201)
            (await user.call("PUT", f"/api/carts/{cart['id']}/lines/{sku}", {"quantity": 3})).ok(200)
            (await user.call("PUT", f"/api/carts/{cart['id']}/lines/{other}", {"quantity": 1})).ok(200)
        assert shop.stop() == 0
        shop.start()
        async with AdminClient(shop) as shopkeeper, Client(shop.url) as user:
            await user.sign_in(person["email"], person["password"])
            kept = (await user.post("/api/carts")).ok(200)
            assert {line["sku"]: line["quantity"] for line in kept["lines"]} == {sku: 3, other: 1}
            assert all(line["available"] == 10 for line in kept["lines"])
            order = (await user.call("POST", "/api/orders", {"cart_id": kept["id"]}, Idempotency_Key="once")).ok(201)
            assert order["total"]["amount"] == kept["total"]["amount"] == 4 * 500
            assert (await user.get(f"/api/carts/{kept['id']}")).ok(200)["lines"] == []
            name = order["lines"][0]["name"]
            slug = (await user.get(f"/api/products?query={name.split()[1]}")).ok(200)["items"][0]["slug"]
            (await shopkeeper.call("DELETE", f"/api/products/{slug}")).ok(204)
            [bought] = (await user.get("/api/orders")).ok(200)["items"]
            shown = (await user.get(f"/api/orders/{bought['id']}")).ok(200)
            assert shown["lines"] == order["lines"]
            async with Client(shop.url) as stranger:
                assert (await stranger.get(f"/api/orders/{order['id']}")).status == 404
                await stranger.register()
                assert (await stranger.get(f"/api/orders/{order['id']}")).status == 404
                assert (await stranger.get(f"/api/carts/{kept['id']}")).status == 404


async def test_an_archived_product_is_gone_for_buyers_and_there_for_the_shopkeeper(shop: Shop) -> None:
    async with AdminClient(shop) as shopkeeper, Client(shop.url) as buyer:
        [sku] = await shopkeeper.product(3)
        name = (await buyer.order({sku: 1})).ok(201)["lines"][0]["name"]
        slug = (await buyer.get(f"/api/products?query={name.split()[1]}")).ok(200)["items"][0]["slug"]
        (await shopkeeper.call("DELETE", f"/api/products/{slug}")).ok(204)
        assert (await buyer.get(f"/api/products/{slug}")).status == 404
        await buyer.register()
        assert (await buyer.get(f"/api/products/{slug}")).status == 404
        archived = (await shopkeeper.get(f"/api/products/{slug}")).ok(200)
        assert archived["status"] == "archived"
        assert archived["variants"][0]["available"] == 2
        refused = await buyer.order({sku: 1})
        assert (refused.status, refused.body["code"]) == (422, "unknown_sku")


async def test_whoever_opens_the_address_finds_something(shop: Shop) -> None:
    async with Client(shop.url) as visitor:
        page = await visitor.get("/")
        assert page.status == 200
        assert "<html" in page.body
