"""`markethall evaluate cache`, short; and that it would tell."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
from msgspec.structs import replace as replaced

from markethall.chaos.cache import Plan, Result
from markethall.chaos.cache.comparison import difference
from markethall.chaos.cache.figures import Latency, failures, latencies
from markethall.chaos.cache.plot import draw
from markethall.chaos.cache.rounds import Buyer, Trial, Visit
from markethall.chaos.cache.use import Cache, Counts, use_between
from markethall.chaos.history import Call, History, Request
from markethall.chaos.workload import Patience
from markethall.chaos.workload.wire import Wire
from markethall.cli.evaluate_cache import parse_percents
from tests.support.client import admin
from tests.support.shop import Shop

ROUNDS, CLIENTS = 2, 5


@pytest.mark.journey
def test_every_order_is_read_back_as_it_was_answered_with_the_cache_on_and_off(tmp_path: Path) -> None:
    command = ["evaluate", "cache", "--rounds", f"{ROUNDS}", "--clients", f"{CLIENTS}", "--percents", "0,80"]
    done = Shop(tmp_path / "unused").run(*command, "--to", str(tmp_path / "out"), "--json")
    assert done.returncode == 0, done.stderr or done.stdout
    told = json.loads(done.stdout)
    assert told["broken"] == []
    assert told["orders"] == told["read_back"] > 0
    found = {(each["kind"], each["cache"], each["percent"]): each["answers"] for each in told["latencies"]}
    for cache in ("on", "off"):
        assert found["query", cache, 0] == found["query", cache, 80] == ROUNDS * CLIENTS
        assert 0 < found["buy", cache, 80] == found["look up", cache, 80] <= ROUNDS * CLIENTS
        assert ("buy", cache, 0) not in found
    on, off = told["caches"]
    queries = ROUNDS * CLIENTS * 2
    assert (on["cache"], on["bypassed"], on["hits"] + on["misses"]) == ("on", 0, queries)
    assert (off["cache"], off["bypassed"], off["hits"] + off["misses"]) == ("off", queries, 0)
    assert told["machine"]["cores"] > 0
    assert told["machine"]["versions"]["markethall"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["cache.json", "cache.png", "cache.svg"]


@pytest.mark.journey
async def test_a_running_shop_keeps_its_cache_and_its_timers(shop: Shop, tmp_path: Path) -> None:
    with_timer, without = "CAN-01-CHER", "CAN-01-LEMO"
    async with admin(shop) as keeper:
        timer = f"/api/stock/{with_timer}/replenishment"
        (await keeper.call("PUT", timer, {"target": 7, "interval_seconds": 3600})).ok()
        command = [
            "evaluate",
            "cache",
            "--rounds",
            "1",
            "--clients",
            "2",
            "--percents",
            "100",
            "--data",
            str(shop.data),
        ]
        done = await asyncio.to_thread(shop.run, *command, "--to", str(tmp_path), "--json")
        assert done.returncode == 0, done.stderr or done.stdout
        told = json.loads(done.stdout)
        assert {each["cache"] for each in told["latencies"]} == {"on"}
        assert [each["cache"] for each in told["caches"]] == ["on"]
        assert (await keeper.get(timer)).ok()["target"] == 7
        assert (await keeper.get(f"/api/stock/{without}/replenishment")).status == 404
        await keeper.call("DELETE", timer)


LINE = {"sku": "BEAR", "quantity": 1}
BOUGHT = {"BEAR": [1599, 1599, "Bear, size L"]}
ORDER = {
    "id": "o-1",
    "number": 7,
    "status": "confirmed",
    "lines": {"BEAR": 1},
    "bought": BOUGHT,
    "total": 1599,
    "history": ["pending", "confirmed"],
}
SHORT = [{"sku": "BEAR", "requested": 1, "available": 0}]
REFUSAL = {"code": "out_of_stock", "order_id": "o-1", "shortages": SHORT}


def placed(answer: dict[str, Any], status: int) -> Call:
    request = Request("POST", "/api/orders", {"lines": [LINE]}, "key")
    return Call("buyer", "place", 1.0, 1.03, "ok" if status < 400 else "refused", request, (), status, answer)


def read(answer: dict[str, Any], status: int = 200, seconds: float = 0.01) -> Call:
    outcome: Any = "ok" if status < 400 else "refused"
    return Call(
        "buyer", "read_order", 2.0, 2.0 + seconds, outcome, Request("GET", "/api/orders/o-1"), (), status, answer
    )


def test_an_order_that_is_as_it_was_answered_does_not_differ() -> None:
    assert difference(placed(ORDER, 201), read(ORDER)) is None
    assert difference(placed(REFUSAL, 409), read({**ORDER, "status": "rejected", "shortages": SHORT})) is None


def test_what_was_pending_may_be_decided_either_way() -> None:
    pending = placed({**ORDER, "status": "pending"}, 202)
    assert all(difference(pending, read({**ORDER, "status": s})) is None for s in ("pending", "confirmed", "rejected"))
    assert difference(pending, read({**ORDER, "total": 1}))


@pytest.mark.parametrize(
    "tampered",
    [
        {"id": "o-2"},
        {"number": 8},
        {"status": "cancelled"},
        {"lines": {"BEAR": 2}},
        {"lines": {}},
        {"bought": {"BEAR": [1599, 1598, "Bear, size L"]}},
        {"total": 1598},
    ],
    ids=str,
)
def test_an_order_that_was_tampered_with_is_found(tampered: dict[str, Any]) -> None:
    [name] = tampered
    found = difference(placed(ORDER, 201), read({**ORDER, **tampered}))
    assert found is not None
    assert name in found


def test_an_order_that_is_gone_or_was_not_rejected_after_all_is_found() -> None:
    gone = read({"code": "order_not_found"}, 404)
    assert difference(placed(ORDER, 201), gone) == "order o-1 cannot be read: 404 order_not_found"
    assert "status" in (difference(placed(REFUSAL, 409), read(ORDER)) or "")


def test_differences_failures_and_orders_that_nobody_read_break_a_promise() -> None:
    row = Latency("query", "on", 0, 1, 0, 1.0, 1.0, 1.0, 1.0, 1.0)
    good = Result([row], [], orders=2, read_back=2, differences=[], failures=[], load=[1.0])
    assert good.broken == []
    worse: list[dict[str, Any]] = [
        {"latencies": []},
        {"read_back": 1},
        {"differences": ["order o-1: total is 1, not 2"]},
        {"failures": ["query at 0 %, cache on: GET / 500"]},
    ]
    assert [len(replace(good, **change).broken) for change in worse] == [1, 1, 1, 1]


@pytest.fixture
async def trials() -> AsyncIterator[list[Trial]]:
    """One buyer, cache on and off: at 0 % a query, at 80 % a query, an order and a look at it, and one sold out."""
    wire = Wire("http://127.0.0.1:9", History(), Patience())

    def visit(percent: int, query_seconds: float) -> Visit:
        visit = Visit(Buyer("buyer-1", wire), ["bear"], percent, random.Random(1), "key")
        request = Request("GET", "/api/products/bear")
        visit.queries.append(Call("buyer-1", "read_product", 0.0, query_seconds, "ok", request, (), 200))
        if percent:
            visit.buys += [placed(ORDER, 201), placed({"code": "out_of_stock"}, 409)]
            visit.lookups.append(read(ORDER))
        return visit

    caches: list[tuple[Cache, float]] = [("on", 0.002), ("off", 0.02)]
    yield [Trial(cache, percent, [visit(percent, seconds)]) for percent in (0, 80) for cache, seconds in caches]
    await wire.close()


async def test_times_are_told_by_kind_cache_and_probability(trials: list[Trial]) -> None:
    found = {(row.kind, row.cache, row.percent): row for row in latencies(trials)}
    assert {key[0] for key in found if key[2] == 0} == {"query"}
    assert found["query", "on", 0].median_ms == pytest.approx(2.0)
    assert found["query", "off", 80].p95_ms == pytest.approx(20.0)
    assert (found["buy", "on", 80].answers, found["buy", "on", 80].sold_out) == (2, 1)
    assert found["look up", "off", 80].answers == trials[-1].orders == 1
    assert failures(trials) == []
    trials[0].visits[0].queries.append(replaced(trials[0].queries[0], outcome="unknown", status=None))
    assert failures(trials) == ["query at 0 %, cache on: GET /api/products/bear was not answered"]
    assert latencies(trials)[0].answers == 1


async def test_the_picture_has_a_panel_for_each_kind_and_says_which_line_is_which(
    trials: list[Trial], tmp_path: Path
) -> None:
    svg, png = draw(latencies(trials), 5, 200, tmp_path / "picture")
    text = svg.read_text()
    titles = ("query a product", "buy", "look up an order", "cache on: median", "cache off: median")
    assert all(f">{part}<" in text for part in (*titles, "probability of buying (%)", "time to the answer (ms)"))
    assert png.read_bytes().startswith(b"\x89PNG")
    before = svg.read_bytes()
    draw(latencies(trials), 5, 200, tmp_path / "picture")
    assert svg.read_bytes() == before


def test_reads_are_counted_of_the_run_alone_and_of_one_front() -> None:
    before, after = Counts("front-1", 10, 5, 5, 0, 0), Counts("front-1", 10, 25, 6, 0, 0)
    use = use_between(before, after)
    assert (use.cache, use.hits, use.misses, use.bypassed) == ("on", 20, 1, 0)
    assert use_between(before, replaced(after, replica="front-2")).hits is None
    assert use_between(before, replaced(after, hits=0, misses=0)).hits is None


def test_rounds_are_divided_into_turns() -> None:
    assert Plan(rounds=25).turns == [10, 10, 5]
    assert Plan(rounds=25).steps(2) == 3 * 5 * 2


def test_percents_are_whole_numbers_each_once() -> None:
    assert parse_percents("80, 0,80") == (0, 80)
    for wrong in ("", "101", "-1", "1.5", "a", "0,,1"):
        with pytest.raises(typer.BadParameter):
            parse_percents(wrong)
