"""Products and lists past the cache, gathered into batches, with catalog played by a stand-in."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from markethall.contracts.internal import NEWEST, PRODUCTS_BY_SLUG_PATH, READ_AT_LEAST, WRITTEN_AT
from markethall.front.cache import Cache
from markethall.kit.applied import front_name
from markethall.local.nats import EmbeddedNats
from tests.front.neighbours import Hall, Seen, Shelf, get, hall, neighbour
from tests.support.machine import eventually

CURSOR = "after category=c"
SLUGS = [f"thing-{n}" for n in range(40)]


@pytest.fixture
async def front(nats: EmbeddedNats) -> AsyncIterator[Hall]:
    async with hall(nats, cache_entries=0) as running:
        yield running


@pytest.fixture
def shelf(front: Hall) -> Shelf:
    return filled(front)


def filled(front: Hall) -> Shelf:
    shelf = Shelf(front)
    for n, slug in enumerate(SLUGS):
        shelf.versions[slug], shelf.skus[slug], shelf.stock[f"T-{n}"] = n + 1, [f"T-{n}"], (n, 1)
    return shelf


async def test_what_gathers_goes_as_batches_and_each_gets_their_own(front: Hall, shelf: Shelf) -> None:
    answers = await asyncio.gather(*(get(front, f"/api/products/{slug}") for slug in SLUGS * 2))
    assert [(status, body["slug"], body["version"]) for status, _, body in answers] == [
        (200, slug, n + 1) for n, slug in enumerate(SLUGS)
    ] * 2
    assert [body["variants"][0]["available"] for _, _, body in answers] == [*range(40)] * 2
    assert all(len(batch) == len(set(batch)) for batch in shelf.batches)
    assert len(shelf.batches) < 40
    assert len(shelf.asked_skus) < 40


async def test_a_single_reader_is_a_batch(front: Hall, shelf: Shelf) -> None:
    await get(front, "/api/products/bear")
    await get(front, "/api/products/kite")
    assert shelf.batches == [["bear"], ["kite"]]


async def test_who_is_not_found_in_a_batch_is_told_so_alone(front: Hall, shelf: Shelf) -> None:
    paths = ["/api/products/bear", "/api/products/nothing", "/api/products/kite"]
    answers = await asyncio.gather(*(get(front, path) for path in paths))
    assert [status for status, _, _ in answers] == [200, 404, 200]
    assert answers[1][2] == {"code": "not_found"}
    assert shelf.asked_catalog.count("/internal/products/nothing") == 1


async def test_lists_gather_too_and_each_reader_gets_his_own(front: Hall, shelf: Shelf) -> None:
    queries = [f"category=c-{n}&limit=20&sort=name" for n in range(20)]
    answers = await asyncio.gather(*(get(front, f"/api/products?{query}") for query in queries * 2))
    assert [(status, body["next_cursor"]) for status, _, body in answers] == [(200, f"after {q}") for q in queries] * 2
    assert all([item["available"] for item in body["items"]][-40:] == [*range(40)] for _, _, body in answers)
    assert all(len(batch) == len(set(batch)) for batch in shelf.batches)
    assert {query for batch in shelf.batches for query in batch} == set(queries)
    assert len(shelf.batches) < 20


@pytest.mark.parametrize(
    "query",
    ["query=bear", "option.size=L", "category=c&query=", "sort=name&option.a=b&option.c=d", "limit=51", "limit=050"],
)
async def test_lists_that_may_take_long_hold_up_no_others(front: Hall, shelf: Shelf, query: str) -> None:
    status, _, body = await get(front, f"/api/products?{query}")
    assert (status, len(body["items"])) == (200, 42)
    assert shelf.batches == []


async def test_a_list_that_is_not_found_in_a_batch_is_asked_for_alone(front: Hall, shelf: Shelf) -> None:
    paths = ["/api/products", "/api/products?category=none", "/api/products?cursor=c"]
    answers = await asyncio.gather(*(get(front, path) for path in paths))
    assert [status for status, _, _ in answers] == [200, 404, 200]
    assert answers[1][2] == {"code": "not_found"}
    assert shelf.asked_catalog.count("/internal/products?category=none") == 1


@pytest.mark.parametrize("status", [404, 405, 500])
@pytest.mark.parametrize(
    ("asked", "name", "shown"),
    [("/products/bear", "bear", {"slug": "bear"}), ("/products?category=c", "category=c", {"next_cursor": CURSOR})],
)
async def test_after_a_batch_that_failed_each_is_asked_for_alone(
    front: Hall, shelf: Shelf, status: int, asked: str, name: str, shown: dict[str, str]
) -> None:
    shelf.batch_status = status
    for _ in range(2):
        answered, _, body = await get(front, f"/api{asked}")
        assert (answered, body | shown) == (200, body)
    assert shelf.batches == [[name]]
    assert shelf.asked_catalog == [f"/internal{asked}"] * 2
    shelf.batch_status = 200

    async def goes_in_a_batch_again() -> bool:
        await get(front, f"/api{asked}")
        return len(shelf.batches) > 1

    await eventually(goes_in_a_batch_again)


async def test_a_batch_wants_all_that_its_readers_have_heard_of(front: Hall, shelf: Shelf) -> None:
    demands: list[str] = []
    position = 100

    async def noting(seen: Seen) -> tuple[int, dict[str, str], bytes]:
        assert seen.target == PRODUCTS_BY_SLUG_PATH
        demands.append(seen.headers[READ_AT_LEAST])
        status, headers, body = await shelf.answer_catalog(seen)
        return status, headers | {WRITTEN_AT: str(position)}, body

    front["catalog"].script = noting  # type: ignore[assignment]
    for _ in range(2):
        await get(front, "/api/products/bear")
    position = 300
    await get(front, "/api/products/bear")
    await get(front, "/api/products/bear")
    assert demands == [NEWEST, "100", "100", "300"]


@pytest.mark.parametrize("path", ["/api/products/bear", "/api/products?sort=name"])
async def test_what_changes_while_a_batch_is_under_way_is_not_kept(
    nats: EmbeddedNats, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    # With neither guard the old product stays in the cache.
    with monkeypatch.context() as unguarded:
        unguarded.setattr(Cache, "_may_store", lambda *_: True)
        assert await overtaken(nats, path) == (1, 1)
    assert await overtaken(nats, path) == (1, 2)


async def test_a_list_that_came_in_a_batch_is_gone_when_a_product_in_it_changes(nats: EmbeddedNats) -> None:
    async with hall(nats, replica="f1") as front:
        shelf = Shelf(front)
        path = "/api/products?sort=name"
        assert shown(await get(front, path)) == 1
        assert (await get(front, path))[1]["cache-status"] == "markethall; hit"
        assert shelf.batches == [["sort=name"]]
        shelf.versions["bear"] = 2
        await shelf.acknowledged(lambda reply_to: shelf.announce_product("bear", reply_to=reply_to))
        assert shown(await get(front, path)) == 2


async def test_a_list_that_is_older_than_what_was_announced_is_not_kept(nats: EmbeddedNats) -> None:
    async with hall(nats, replica="f1") as front:
        shelf = Shelf(front)
        shelf.versions["bear"] = 2
        await shelf.acknowledged(lambda reply_to: shelf.announce_product("bear", reply_to=reply_to))
        for version, status in ((1, "markethall; fwd=uri-miss"), (2, "markethall; fwd=uri-miss; stored")):
            shelf.versions["bear"] = version
            answer = await get(front, "/api/products?sort=name")
            assert (shown(answer), answer[1]["cache-status"]) == (version, status)


def shown(answer: tuple[int, Any, Any]) -> int:
    """The version of the bear that is shown."""
    body = answer[2]
    if "items" not in body:
        version: int = body["version"]
        return version
    return next(int(item["name"].split()[1]) for item in body["items"] if item["slug"] == "bear")


async def overtaken(nats: EmbeddedNats, path: str) -> tuple[int, int]:
    """The version that a reader gets whose batch was under way at a change, and the one shown after it."""
    async with hall(nats, replica="f1") as front:
        shelf = Shelf(front)
        shelf.gate.clear()
        early = asyncio.create_task(get(front, path))
        await eventually(lambda: shelf.batches)
        shelf.versions["bear"] = 2
        heard = await shelf.acknowledged(lambda reply_to: shelf.announce_product("bear", reply_to=reply_to))
        assert heard == [front_name("f1")]
        shelf.gate.set()
        before = shown(await early)
        return before, shown(await get(front, path))


async def test_a_replica_that_hangs_holds_up_one_batch_and_that_is_answered_by_another(
    nats: EmbeddedNats, front: Hall, shelf: Shelf
) -> None:
    held: list[Seen] = []
    resumed = asyncio.Event()

    async def hang(seen: Seen) -> tuple[int, dict[str, str], bytes]:
        held.append(seen)
        await resumed.wait()
        return 503, {}, b""

    async with neighbour("catalog", nats, hang, replica="hanging"):  # type: ignore[arg-type]
        readers: list[asyncio.Task[tuple[int, dict[str, str], object]]] = []

        async def is_held() -> bool:
            readers.append(asyncio.create_task(get(front, "/api/products/bear")))
            await asyncio.wait(readers, timeout=0.05)
            return bool(held)

        await eventually(is_held)
        stuck = [reader for reader in readers if not reader.done()]
        assert stuck
        # Whoever comes now is answered while the first ones still wait.
        assert (await get(front, "/api/products/kite"))[0] == 200
        assert not stuck[-1].done()
        assert [status for status, _, _ in await asyncio.gather(*readers)] == [200] * len(readers)
        resumed.set()
