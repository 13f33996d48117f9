"""The price list makes itself complete: on a first start, and after the bus was wiped."""

from markethall.contracts.messages import VariantSnapshot
from markethall.kit.bus import Bus
from markethall.kit.db import Database
from markethall.kit.migrations import migrate
from markethall.local.nats import EmbeddedNats
from markethall.orders.app import MIGRATIONS, create
from markethall.orders.prices.catch_up import CatchUp
from tests.orders.conftest import calls_to
from tests.orders.neighbours import Catalog
from tests.orders.test_prices import listed
from tests.support.machine import Machine, eventually, running, settings_for


async def test_a_service_that_starts_late_copies_everything_and_says_so_until_then(
    machine: Machine, nats: EmbeddedNats
) -> None:
    settings = settings_for("orders", await machine.new_database("orders"), nats)
    async with Bus(settings_for("catalog", "", nats), "catalog") as bus, running(create, settings) as address:
        catalog = Catalog(bus)
        async with calls_to(address) as call:
            body = {"lines": [{"sku": "P-1", "quantity": 1}]}
            early = await call("POST", "/api/orders", body)
            assert (early.status, early.body["code"]) == (503, "prices_incomplete")
            assert "Retry-After" in early.headers
            cart = await call("POST", "/api/carts")
            line = f"/api/carts/{cart.body['id']}/lines/P-1"
            assert (await call("PUT", line, {"quantity": 1})).body["code"] == "prices_incomplete"
            for number in range(450):
                catalog.make(VariantSnapshot(f"P-{number}", {}, 10))
            await catalog.answer_snapshots()

            async def complete() -> bool:
                health = await call("GET", "/health/ready")
                return bool(health.body["dependencies"]["prices"] == "complete")

            await eventually(complete)
            assert (await call("PUT", line, {"quantity": 1})).status == 200
            late = await call("POST", "/api/orders", body, headers={"Prefer": "respond-async"})
            assert late.status == 202
            assert catalog.snapshots_asked >= 4
            unknown = await call("PUT", f"/api/carts/{cart.body['id']}/lines/P-450", {"quantity": 1})
            assert unknown.body["code"] == "unknown_sku"


async def test_the_copy_is_made_again_when_the_bus_has_lost_its_stream(machine: Machine, nats: EmbeddedNats) -> None:
    settings = settings_for("orders", await machine.new_database("orders"), nats)
    await migrate(settings, MIGRATIONS)
    async with (
        Bus(settings_for("catalog", "", nats), "catalog") as catalog_bus,
        Bus(settings, "orders") as bus,
        Database(settings) as database,
    ):
        catalog = Catalog(catalog_bus)
        await catalog.answer_snapshots()
        key = catalog.make(VariantSnapshot("Q-1", {}, 10)).product_id
        copying = CatchUp(bus, database)
        while await copying.step():
            pass
        asked = catalog.snapshots_asked
        assert await copying.step() is False
        assert catalog.snapshots_asked == asked, "a complete copy asks for nothing"
        # Changed without a word: the message was on the bus that was wiped.
        catalog.make(VariantSnapshot("Q-1", {}, 11), product_id=key, version=2)
        async with database.hot() as connection:
            await connection.execute("UPDATE price_list_copy SET stream_identity = 'the one before'")
        while await copying.step():
            pass
        assert await listed(database) == {"Q-1": ("Toy", 11)}
        assert await copying.check() == "complete"
