"""All products over the bus, page by page, for services whose copy is not complete."""

from collections.abc import AsyncIterator

import msgspec
import nats as nats_client
import pytest
from nats.aio.client import Client

from markethall.contracts.messages import ProductSnapshot, SnapshotPage, SnapshotRequest
from markethall.contracts.topology import CATALOG_SNAPSHOT
from markethall.local.nats import EmbeddedNats
from tests.catalog.stall import Stall, product, variant


@pytest.fixture(scope="module")
async def orders_bus(nats: EmbeddedNats) -> AsyncIterator[Client]:
    """Orders' own connection to the bus, with its permissions."""
    bus = await nats_client.connect(nats.url_for("orders"), inbox_prefix=b"_INBOX_orders")
    try:
        yield bus
    finally:
        await bus.close()


async def page(bus: Client, request: SnapshotRequest) -> list[ProductSnapshot]:
    answer = await bus.request(CATALOG_SNAPSHOT, msgspec.msgpack.encode(request), timeout=10)
    return msgspec.msgpack.decode(answer.data, type=SnapshotPage).products


async def everything(bus: Client, limit: int) -> list[ProductSnapshot]:
    found: list[ProductSnapshot] = []
    while more := await page(bus, SnapshotRequest(found[-1].product_id if found else b"", limit)):
        assert len(more) <= limit
        found += more
    return found


async def test_pages_hold_each_product_once_archived_ones_too(stall: Stall, orders_bus: Client) -> None:
    assert await everything(orders_bus, 10) == []
    sizes = [{"name": "size", "values": ["s", "m"]}]
    kept = await stall.add(name="Kept", options=sizes, variants=[variant(100, "KEPT-S", size="s")])
    slugs = [kept["slug"]] + [(await stall.add())["slug"] for _ in range(6)]
    await stall.change(kept["slug"], 1, variants=[variant(150, "KEPT-M", size="m")])
    await stall.call("DELETE", f"/api/products/{slugs[-1]}")
    for limit in (1, 3, 7, 200):
        found = await everything(orders_bus, limit)
        assert [p.product_id for p in found] == sorted(p.product_id for p in found)
        assert sorted(p.slug for p in found) == sorted(slugs)
        assert {p.slug: p.active for p in found} == {slug: slug != slugs[-1] for slug in slugs}
    [snapshot] = [p for p in found if p.slug == kept["slug"]]
    assert (snapshot.name, snapshot.version) == ("Kept", 2)
    assert [(v.sku, v.options, v.price) for v in snapshot.variants] == [("KEPT-M", {"size": "m"}, 150)]


async def test_a_page_of_large_products_is_cut_so_that_the_bus_carries_it(stall: Stall, orders_bus: Client) -> None:
    before = len(await everything(orders_bus, 200))
    values = [f"{n} " + "𝔊" * 190 for n in range(100)]
    options = [{"name": "first", "values": values}, {"name": "second", "values": ["x", "y"]}]
    for _ in range(20):
        variants = [variant(first=value, second=s) for value in values for s in ("x", "y")]
        answer = await stall.call("POST", "/api/products", product(options=options, variants=variants))
        assert answer.status == 201
    first = await page(orders_bus, SnapshotRequest(b"", 200))
    assert 0 < len(first) < before + 20
    assert len(await everything(orders_bus, 200)) == before + 20


@pytest.mark.parametrize("nonsense", [b"", b"\xc1", b"[]", msgspec.msgpack.encode({"after": b"short"})])
async def test_nonsense_gets_no_answer_and_stops_nothing(stall: Stall, orders_bus: Client, nonsense: bytes) -> None:
    await orders_bus.publish(CATALOG_SNAPSHOT, nonsense)
    assert await page(orders_bus, SnapshotRequest(limit=10**9))
