"""A front that shows what the databases do not have is named with what it shows. A real shop."""

import asyncpg
import pytest

from markethall.chaos.history import History
from markethall.chaos.judges.caches import judge_caches
from markethall.local.shop import LocalShop
from tests.chaos.stories import a_call
from tests.support.client import admin
from tests.support.shop import Shop


@pytest.mark.parametrize(
    ("database", "change", "back"),
    [
        (
            "catalog",
            "UPDATE variants SET price = price + 1 WHERE sku = $1",
            "UPDATE variants SET price = price - 1 WHERE sku = $1",
        ),
        (
            "inventory",
            "UPDATE stock SET on_hand = on_hand + 1 WHERE sku = $1",
            "UPDATE stock SET on_hand = on_hand - 1 WHERE sku = $1",
        ),
    ],
)
async def test_what_changed_and_was_not_announced_is_found(shop: Shop, database: str, change: str, back: str) -> None:
    async with admin(shop) as keeper:
        (sku,) = await keeper.product(5)
        found = (await keeper.get("/api/products?sort=newest&limit=1")).ok(200)["items"][0]["slug"]
        (await keeper.get(f"/api/products/{found}")).ok(200)
    read = a_call("read_product", f"/api/products/{found}", 0, 1, {"slug": found, "version": 1, "prices": {}})
    history, local = History([read]), LocalShop(shop.data)
    assert await judge_caches(history, local) == []
    connection = await asyncpg.connect(local.dsn(database), timeout=10)
    try:
        await connection.execute(change, sku)
        violations = await judge_caches(history, local)
        await connection.execute(back, sku)
    finally:
        await connection.close()
    assert len(violations) == 1
    assert found in violations[0].said
    assert await judge_caches(history, local) == []
