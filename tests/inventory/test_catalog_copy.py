"""Inventory knows every SKU, however late it starts and whatever the bus lost."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
from nats import connect

from markethall.contracts.messages import VariantSnapshot
from markethall.contracts.topology import INVENTORY_CATALOG
from markethall.inventory.catalog_copy import CatalogCopy
from markethall.kit.bus import Bus, BusUnavailable
from markethall.kit.db import Database
from markethall.kit.relay import Relay
from markethall.local.nats import EmbeddedNats
from tests.inventory.warehouse import Warehouse, open_warehouse
from tests.orders.neighbours import Catalog
from tests.support.machine import Machine, eventually, settings_for


@dataclass
class Hall:
    warehouse: Warehouse
    catalog: Catalog
    bus: Bus
    database: Database

    def copy(self) -> CatalogCopy:
        """As a replica that has just been started has it."""
        return CatalogCopy(self.database, self.bus, Relay(self.database, self.bus))

    async def skus(self) -> set[str]:
        return {row["sku"] for row in await self.warehouse.connection.fetch("SELECT sku FROM stock")}


@pytest.fixture
async def hall(machine: Machine, nats: EmbeddedNats) -> AsyncIterator[Hall]:
    async with AsyncExitStack() as stack:
        warehouse = await stack.enter_async_context(open_warehouse(machine))
        settings = settings_for("inventory", warehouse.url, nats)
        bus = await stack.enter_async_context(Bus(settings, "inventory"))
        catalog = await stack.enter_async_context(Bus(settings_for("catalog", "", nats), "catalog"))
        yield Hall(warehouse, Catalog(catalog), bus, warehouse.databases[0])


def variants(*skus: str) -> list[VariantSnapshot]:
    return [VariantSnapshot(sku, {}, 100) for sku in skus]


async def test_a_late_starter_fetches_every_page(hall: Hall) -> None:
    for number in range(450):
        hall.catalog.make(*variants(f"P{number}-a", f"P{number}-b"), active=number % 2 == 0)
    await hall.catalog.answer_snapshots()
    await hall.copy().complete()
    assert len(await hall.skus()) == 900
    asked = hall.catalog.snapshots_asked
    await hall.copy().complete()
    assert hall.catalog.snapshots_asked == asked  # another replica, or the same after a restart: once is enough


async def test_without_catalog_the_copy_stays_incomplete_and_is_tried_again(hall: Hall) -> None:
    hall.catalog.make(*variants("A"))
    copy = hall.copy()
    with pytest.raises(BusUnavailable):
        await copy.complete()
    assert (await copy.check()).startswith("down")
    await hall.catalog.answer_snapshots()
    await copy.complete()
    assert await hall.skus() == {"A"}
    assert await copy.check() == "up"


async def test_changes_are_heard_old_news_is_harmless_and_stock_outlives_its_product(hall: Hall) -> None:
    async with hall.copy().consumer():
        product = hall.catalog.make(*variants("A", "B"))
        await hall.catalog.tell(product)
        await eventually(lambda: has_skus(hall, {"A", "B"}))
        await hall.warehouse.connection.execute("UPDATE stock SET on_hand = 5, reserved = 2")
        later = hall.catalog.make(*variants("B", "C"), product_id=product.product_id, version=2)
        archived = hall.catalog.make(product_id=product.product_id, version=3, active=False)
        for news in (archived, later, product, later):
            await hall.catalog.tell(news)
        await eventually(lambda: has_skus(hall, {"A", "B", "C"}))
    assert (await hall.warehouse.level("A"))[:2] == (5, 2)


async def test_what_changed_while_the_bus_was_wiped_is_fetched(hall: Hall, nats: EmbeddedNats) -> None:
    await hall.catalog.answer_snapshots()
    copy = hall.copy()
    await copy.complete()
    hall.catalog.make(*variants("UNHEARD"))
    await copy.complete()
    assert await hall.skus() == set()
    operator = await connect(nats.url_for())
    await operator.jetstream().delete_stream(INVENTORY_CATALOG.stream)
    await operator.close()
    async with copy.consumer():

        async def fetched() -> bool:
            await copy.complete()
            return await hall.skus() == {"UNHEARD"}

        await eventually(fetched)


async def has_skus(hall: Hall, skus: set[str]) -> bool:
    return await hall.skus() == skus
