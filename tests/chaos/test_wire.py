"""How a careful client asks: the same again while nothing definite comes, and never a word more than it was told."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from markethall.chaos.history import History, Request
from markethall.chaos.workload.wire import Patience, Wire
from tests.support.machine import eventually

SOON = Patience(attempt_seconds=0.3, total_seconds=3.0, max_attempts=4, first_backoff_seconds=0.01)
ORDER = {
    "id": "1",
    "number": 7,
    "status": "confirmed",
    "lines": [
        {
            "sku": "A",
            "name": "toy",
            "options": {"size": "small"},
            "quantity": 2,
            "unit_price": {"amount": 5, "currency": "EUR"},
            "line_total": {"amount": 10, "currency": "EUR"},
        }
    ],
    "total": {"amount": 10, "currency": "EUR"},
    "history": [{"status": "pending", "at": ""}, {"status": "confirmed", "at": ""}],
}
PLACE = Request("POST", "/api/orders", {"lines": [{"sku": "A", "quantity": 2}]}, key="k")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def wire_to(handler: Handler, patience: Patience = SOON) -> AsyncIterator[Wire]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0]
    wire = Wire(f"http://{host}:{port}", History(), patience)
    try:
        yield wire
    finally:
        await wire.close()
        await runner.cleanup()


async def test_what_may_pass_is_asked_again_with_the_same_key() -> None:
    keys: list[str] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        keys.append(request.headers["Idempotency-Key"])
        if len(keys) == 1:
            return web.json_response({"code": "unavailable"}, status=503)
        if len(keys) == 2:
            assert request.transport is not None
            request.transport.abort()
        return web.json_response(ORDER, status=201)

    async with wire_to(handle) as wire:
        call = await wire.call("buyer", "place", PLACE)
    assert keys == ["k"] * 3
    assert (call.outcome, call.status) == ("ok", 201)
    assert [attempt.status for attempt in call.attempts] == [503, None, 201]
    assert call.answer["lines"] == {"A": 2}
    assert call.answer["bought"] == {"A": [5, 10, "toy, size small"]}
    assert call.answer["history"] == ["pending", "confirmed"]
    assert wire.history.calls == [call]


async def test_a_timeout_is_unknown_and_so_is_503_to_the_end() -> None:
    asked: list[web.Request] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        asked.append(request)
        if len(asked) == 1:
            await eventually(lambda: len(asked) > 1, seconds=5)
        return web.json_response({"code": "unavailable"}, status=503)

    async with wire_to(handle) as wire:
        call = await wire.call("buyer", "place", PLACE)
    assert (call.outcome, call.status) == ("unknown", None)
    assert [attempt.reason for attempt in call.attempts] == ["timeout"] + ["unavailable"] * 3


@pytest.mark.parametrize(("status", "code"), [(409, "out_of_stock"), (422, "unknown_sku"), (404, "not_found")])
async def test_a_definite_no_is_not_asked_again(status: int, code: str) -> None:
    async def handle(_request: web.Request) -> web.StreamResponse:
        return web.json_response({"code": code, "order_id": "1"}, status=status)

    async with wire_to(handle) as wire:
        call = await wire.call("buyer", "place", PLACE)
    assert (call.outcome, call.status, len(call.attempts)) == ("refused", status, 1)
    assert call.answer == {"code": code, "order_id": "1"}


async def test_what_must_not_be_repeated_is_asked_once() -> None:
    async def handle(_request: web.Request) -> web.StreamResponse:
        return web.json_response({"code": "unavailable"}, status=503)

    async with wire_to(handle) as wire:
        call = await wire.call("admin", "change_product", PLACE, repeatable=False)
    assert (call.outcome, len(call.attempts)) == ("unknown", 1)


async def test_an_answer_from_a_stale_cache_is_kept_as_such() -> None:
    async def handle(_request: web.Request) -> web.StreamResponse:
        product = {"slug": "toy", "version": 3, "variants": []}
        return web.json_response(product, headers={"Cache-Status": "markethall; hit; detail=stale"})

    async with wire_to(handle) as wire:
        call = await wire.call("browser", "read_product", Request("GET", "/api/products/toy"))
    assert call.answer == {"slug": "toy", "version": 3, "prices": {}, "available": {}, "stale": True}


async def test_a_full_history_says_so() -> None:
    async def handle(_request: web.Request) -> web.StreamResponse:
        return web.json_response(ORDER, status=201)

    async with wire_to(handle) as wire:
        wire.history = History(max_records=1)
        await wire.call("buyer", "place", PLACE)
        assert not wire.full
        await wire.call("buyer", "place", PLACE)
        assert wire.full
