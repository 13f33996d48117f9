"""Reads of products while a neighbour, or the bus, is away."""

from markethall.local.nats import EmbeddedNats
from tests.front.neighbours import Shelf, get, hall
from tests.support.machine import eventually


async def test_with_inventory_gone_numbers_it_announced_stay_and_others_are_null(nats: EmbeddedNats) -> None:
    async with hall(nats) as front:
        shelf = Shelf(front)
        await get(front, "/api/products/bear")
        await front.close("inventory")
        assert (await get(front, "/api/products/bear"))[2]["variants"][0]["available"] == 3
        assert (await get(front, "/api/products/kite"))[2]["variants"][0]["available"] is None
        assert shelf.asked_catalog == ["/internal/products/bear", "/internal/products/kite"]


async def test_with_catalog_gone_known_pages_are_served_and_say_so(nats: EmbeddedNats) -> None:
    """Also when the bus was away in between, so that changes may have been missed."""
    async with hall(nats) as front:
        Shelf(front)
        _, _, body = await get(front, "/api/products/bear")
        await front.close("catalog")

        async def stale() -> bool:
            status, headers, again = await get(front, "/api/products/bear")
            assert (status, again["version"]) == (200, body["version"])
            return headers["cache-status"] == "markethall; hit; detail=stale" and "110" in headers["warning"]

        await eventually(stale)
        await nats.stop()
        await eventually(stale)
        await nats.start()
        await eventually(stale)
        status, headers, problem = await get(front, "/api/products/kite")
        assert (status, problem["code"]) == (503, "service_unavailable")
        assert "retry-after" in headers


async def test_without_a_bus_nothing_older_than_a_moment_is_shown(nats: EmbeddedNats) -> None:
    async with hall(nats) as front:
        shelf = Shelf(front)
        await get(front, "/api/products/bear")
        await nats.stop()
        try:
            shelf.versions["bear"], shelf.stock["BEAR-S"] = 2, (9, 2)

            async def changed() -> bool:
                _, _, body = await get(front, "/api/products/bear")
                return bool(body["version"] == 2 and body["variants"][0]["available"] == 9)

            await eventually(changed, seconds=5)
        finally:
            await nats.start()


async def test_the_cache_can_be_switched_off(nats: EmbeddedNats) -> None:
    async with hall(nats, cache_entries=0) as front:
        shelf = Shelf(front)
        for _ in range(2):
            _, headers, body = await get(front, "/api/products/bear")
            assert headers["cache-status"] == "markethall; fwd=bypass"
            assert [variant["available"] for variant in body["variants"]] == [3, 4]
        assert (len(shelf.asked_catalog), len(shelf.asked_skus)) == (2, 2)
