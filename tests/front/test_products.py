"""Reads of products through front: what is asked of whom, and that nobody is shown what is known to be old."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from markethall.kit.applied import front_name
from markethall.local.nats import EmbeddedNats
from tests.front.neighbours import Announce, Hall, Seen, Shelf, document, get, hall
from tests.support.machine import eventually


@pytest.fixture(scope="module")
async def front(nats: EmbeddedNats) -> AsyncIterator[Hall]:
    async with hall(nats, replica="f1") as running:
        yield running


@pytest.fixture
async def shelf(front: Hall) -> Shelf:
    shelf = Shelf(front)
    # Versions rise over the whole module: the front under test remembers.
    for slug in shelf.versions:
        shelf.versions[slug] = next(_versions)
        await applied(shelf, lambda reply_to, slug=slug: shelf.announce_product(slug, reply_to=reply_to))
    for sku, (available, _) in shelf.stock.items():
        await set_stock(shelf, sku, available)
    return shelf


_versions = iter(range(1, 1_000_000))


async def set_stock(shelf: Shelf, sku: str, available: int) -> None:
    version = next(_versions)
    shelf.stock[sku] = (available, version)
    await applied(shelf, lambda reply_to: shelf.announce_stock(sku, available, version, reply_to=reply_to))


async def applied(shelf: Shelf, announce: Announce) -> None:
    """Announce as a writer does, and wait until the front has said that it applied it."""
    assert await shelf.acknowledged(announce) == [front_name("f1")]


async def test_the_first_read_asks_and_the_second_asks_nobody(front: Hall, shelf: Shelf) -> None:
    status, headers, body = await get(front, "/api/products/bear")
    assert (status, headers["cache-status"]) == (200, "markethall; fwd=uri-miss; stored")
    assert [variant["available"] for variant in body["variants"]] == [3, 4]
    assert body["description"] == f'version {shelf.versions["bear"]}, "available":null'
    assert body["attributes"] == {"available": "yes"}
    again = await get(front, "/api/products/bear")
    assert again[1]["cache-status"] == "markethall; hit"
    assert again[2] == body
    assert shelf.asked_catalog == ["/internal/products/bear"]


async def test_a_list_is_one_entry_however_its_query_is_spelt(front: Hall, shelf: Shelf) -> None:
    _, headers, body = await get(front, "/api/products?sort=name&option.size=L%20x")
    assert headers["cache-status"].endswith("stored")
    assert [(item["slug"], item["available"]) for item in body["items"]] == [("bear", 7), ("kite", 0)]
    assert body["next_cursor"] is None
    assert (await get(front, "/api/products?option.size=L+x&sort=name"))[1]["cache-status"] == "markethall; hit"
    assert len(shelf.asked_catalog) == 1


async def test_a_changed_product_is_shown_as_soon_as_the_change_is_acknowledged(front: Hall, shelf: Shelf) -> None:
    for path in ("/api/products/bear", "/api/products"):
        await get(front, path)
    shelf.versions["bear"] = next(_versions)
    await applied(shelf, lambda reply_to: shelf.announce_product("bear", reply_to=reply_to))
    _, headers, body = await get(front, "/api/products/bear")
    assert body["version"] == shelf.versions["bear"]
    assert "uri-miss" in headers["cache-status"]
    _, _, listed = await get(front, "/api/products")
    assert listed["items"][0]["name"] == f"bear {shelf.versions['bear']}"


async def test_an_answer_under_way_when_the_change_comes_is_served_and_not_stored(front: Hall, shelf: Shelf) -> None:
    shelf.gate.clear()
    early = asyncio.create_task(get(front, "/api/products/bear"))
    await eventually(lambda: shelf.asked_catalog)
    before = shelf.versions["bear"]
    shelf.versions["bear"] = after = next(_versions)
    await applied(shelf, lambda reply_to: shelf.announce_product("bear", reply_to=reply_to))
    late = asyncio.create_task(get(front, "/api/products/bear"))
    await eventually(lambda: len(shelf.asked_catalog) == 2)
    shelf.gate.set()
    _, headers, body = await early
    assert (body["version"], headers["cache-status"]) == (before, "markethall; fwd=uri-miss")
    assert (await late)[2]["version"] == after
    assert (await get(front, "/api/products/bear"))[2]["version"] == after


async def test_many_readers_of_one_page_share_one_fetch(front: Hall, shelf: Shelf) -> None:
    shelf.gate.clear()
    readers = [asyncio.create_task(get(front, "/api/products/bear")) for _ in range(20)]
    await eventually(lambda: shelf.asked_catalog)
    readers.append(asyncio.create_task(get(front, "/api/products/bear")))
    await asyncio.sleep(0)
    shelf.gate.set()
    answers = await asyncio.gather(*readers)
    assert shelf.asked_catalog == ["/internal/products/bear"]
    assert sum("collapsed" in headers["cache-status"] for _, headers, _ in answers) >= 19


async def test_stock_changes_show_without_asking_anybody(front: Hall, shelf: Shelf) -> None:
    _, first, _ = await get(front, "/api/products/bear")
    await get(front, "/api/products")
    asked = len(shelf.asked_catalog), len(shelf.asked_skus)
    await set_stock(shelf, "BEAR-S", 0)
    _, headers, body = await get(front, "/api/products/bear")
    assert [variant["available"] for variant in body["variants"]] == [0, 4]
    assert headers["cache-status"] == "markethall; hit"
    assert headers["etag"] != first["etag"]
    assert (await get(front, "/api/products"))[2]["items"][0]["available"] == 4
    assert (len(shelf.asked_catalog), len(shelf.asked_skus)) == asked


async def test_an_older_number_never_replaces_a_newer_one(front: Hall, shelf: Shelf) -> None:
    await applied(shelf, lambda reply_to: shelf.announce_stock("BEAR-S", 99, 0, reply_to=reply_to))
    _, _, body = await get(front, "/api/products/bear")
    assert body["variants"][0]["available"] == 3


async def test_what_inventory_does_not_know_is_null_and_looked_for_again(front: Hall, shelf: Shelf) -> None:
    shelf.skus["kite"] = ["NEW-1"]
    assert (await get(front, "/api/products/kite"))[2]["variants"][0]["available"] is None
    shelf.stock["NEW-1"] = (5, 1)

    async def known() -> bool:
        return bool((await get(front, "/api/products/kite"))[2]["variants"][0]["available"] == 5)

    await eventually(known)


async def test_the_entity_tag_spares_the_body(front: Hall, shelf: Shelf) -> None:
    _, headers, _ = await get(front, "/api/products/bear")
    assert headers["etag"].startswith(f'"{shelf.versions["bear"]}-')
    assert headers["cache-control"] == "public, no-cache"
    for asked in (headers["etag"], f'"other", W/{headers["etag"]}', "*"):
        status, same, body = await get(front, "/api/products/bear", If_None_Match=asked)
        assert (status, body, same["etag"]) == (304, None, headers["etag"])
        assert "content-length" not in same
    assert (await get(front, "/api/products/bear", If_None_Match='"1-other"'))[0] == 200


async def test_head_has_the_headers_alone(front: Hall, shelf: Shelf) -> None:
    async with front.http.get(f"{front.url}/api/products/bear") as full:
        length = len(await full.read())
    async with front.http.head(f"{front.url}/api/products/bear") as answer:
        assert (answer.status, answer.headers["Content-Length"]) == (200, str(length))
        assert answer.headers["ETag"] == full.headers["ETag"]
        assert await answer.read() == b""


async def test_an_unknown_product_is_404_and_not_kept(front: Hall, shelf: Shelf) -> None:
    for _ in range(2):
        status, headers, body = await get(front, "/api/products/nothing")
        assert (status, body["code"]) == (404, "not_found")
        assert headers["cache-status"] == "markethall; fwd=uri-miss; fwd-status=404"
    assert len(shelf.asked_catalog) == 2


async def test_carts_and_written_products_are_filled_in(front: Hall, shelf: Shelf) -> None:
    lines = b'{"id":"1","lines":[{"sku":"BEAR-S","available":null},{"sku":"?","available":null}],"total":null}'
    front["orders"].script = lambda seen: (200, {"content-type": "application/json"}, lines)
    _, _, cart = await get(front, "/api/carts/1")
    assert [line["available"] for line in cart["lines"]] == [3, None]

    def written(seen: Seen) -> tuple[int, dict[str, str], bytes]:
        return 201, {"content-type": "application/json", "etag": '"7"'}, msgspec.json.encode(shelf.view("bear"))

    front["catalog"].script = written
    async with front.http.post(f"{front.url}/api/products", data=b"{}") as answer:
        assert [variant["available"] for variant in (await document(answer))["variants"]] == [3, 4]
        assert answer.headers["ETag"] == '"7"'
