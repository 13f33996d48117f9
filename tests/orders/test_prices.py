"""The price list follows catalog: by message, by snapshot, in any order."""

import uuid

from markethall.contracts.messages import ProductSnapshot, VariantSnapshot
from markethall.kit.db import Database
from markethall.kit.migrations import migrate
from markethall.local.nats import EmbeddedNats
from markethall.orders.app import MIGRATIONS
from markethall.orders.prices.repository import apply_products
from tests.orders.conftest import Hall
from tests.support.machine import Machine, settings_for


async def test_a_changed_price_is_charged_and_the_expected_total_guards_against_it(hall: Hall) -> None:
    sku = await hall.sell(100)
    product = next(p for p in hall.catalog.products.values() if p.variants[0].sku == sku)
    dearer = VariantSnapshot(sku, {}, 120)
    await hall.catalog.tell(hall.catalog.make(dearer, product_id=product.product_id, version=2, name="Dear Toy"))
    await hall.listed(sku, 120)
    body = {"lines": [{"sku": sku, "quantity": 2}], "expected_total": {"amount": 200, "currency": "EUR"}}
    refused = await hall.call("POST", "/api/orders", body)
    assert (refused.status, refused.body["code"]) == (409, "price_changed")
    assert refused.body["total"] == {"amount": 240, "currency": "EUR"}
    assert "Location" not in refused.headers
    bought = await hall.buy((sku, 2))
    assert (bought.status, bought.body["total"]["amount"]) == (201, 240)
    assert bought.body["lines"][0]["name"] == "Dear Toy"


async def test_an_order_keeps_what_was_bought_when_the_product_changes_or_goes(hall: Hall) -> None:
    sku = await hall.sell(100, size="M")
    bought = (await hall.buy((sku, 1))).body
    await hall.withdraw(sku)
    assert await hall.order(bought["id"]) == bought
    refused = await hall.buy((sku, 1))
    assert (refused.status, refused.body["code"], refused.body["skus"]) == (422, "unknown_sku", [sku])


async def listed(database: Database) -> dict[str, tuple[str, int]]:
    async with database.hot() as connection:
        rows = await connection.fetch("SELECT sku, name, price FROM price_list WHERE active ORDER BY listed_at")
    return {row["sku"]: (row["name"], row["price"]) for row in rows}


def product(key: bytes, version: int, name: str, *skus: str, active: bool = True) -> ProductSnapshot:
    return ProductSnapshot(key, name, name, version, active, [VariantSnapshot(sku, {}, version) for sku in skus])


async def test_late_and_repeated_news_of_a_product_changes_nothing(machine: Machine, nats: EmbeddedNats) -> None:
    settings = settings_for("orders", await machine.new_database("orders"), nats)
    await migrate(settings, MIGRATIONS)
    a, b = uuid.uuid4().bytes, uuid.uuid4().bytes
    async with Database(settings) as database:

        async def hear(*products: ProductSnapshot) -> dict[str, tuple[str, int]]:
            async with database.hot() as connection:
                await apply_products(connection, products)
            return await listed(database)

        newest = await hear(product(a, 1, "old", "X", "Y"), product(a, 3, "new", "Y", "Z"), product(a, 2, "mid", "X"))
        assert newest == {"Y": ("new", 3), "Z": ("new", 3)}
        assert await hear(product(a, 2, "mid", "X")) == newest
        assert await hear(product(a, 3, "new", "Y", "Z")) == newest
        # A SKU moves to another product, and late news of its former product does not take it back.
        moved = await hear(product(b, 1, "other", "X"))
        assert moved["X"] == ("other", 1)
        assert await hear(product(a, 2, "mid", "X")) == moved
        assert await hear(product(a, 4, "new", "Y", "Z", active=False)) == {"X": ("other", 1)}
