"""The client against a server that fails on purpose: what is tried again, and what never is."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from markethall.cli.api import Shop
from markethall.cli.transport import ATTEMPTS
from markethall.listings.calls import NotUnderstood, Refused, Unreachable
from markethall.local.ports import free_port

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

ORDER = {
    "id": "0195c0de-0000-4000-8000-000000000001",
    "number": 7,
    "status": "confirmed",
    "lines": [],
    "total": {"amount": 0, "currency": "EUR"},
    "placed_at": "2025-01-01T00:00:00Z",
    "settled_at": None,
    "history": [],
    "reason": None,
}


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """A server on loopback that gives everything to `handler`."""
    runner = web.ServerRunner(web.Server(handler))
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


def problem(status: int, code: str, **headers: str) -> web.Response:
    document = {"status": status, "code": code, "title": "No", "detail": "Not so."}
    return web.json_response(document, status=status, content_type="application/problem+json", headers=headers)


async def test_an_order_is_tried_again_with_the_same_key_until_it_is_taken() -> None:
    keys: list[str] = []

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        keys.append(request.headers["Idempotency-Key"])
        if len(keys) == 1:
            return problem(503, "unavailable", **{"Retry-After": "0"})
        if len(keys) == 2:
            assert request.transport is not None
            request.transport.abort()
        return web.json_response(ORDER, status=201)

    async with serving(handler) as url, Shop(url) as shop:
        assert (await shop.place_order([("X", 1)])).number == 7
    assert len(keys) == 3
    assert len(set(keys)) == 1


async def test_trying_again_has_an_end() -> None:
    calls = 0

    async def handler(_: web.BaseRequest) -> web.StreamResponse:
        nonlocal calls
        calls += 1
        return problem(503, "unavailable", **{"Retry-After": "0"})

    async with serving(handler) as url, Shop(url, patience_seconds=1) as shop:
        with pytest.raises(Refused) as caught:
            await shop.product("robot")
    assert (caught.value.status, caught.value.code) == (503, "unavailable")
    assert 1 < calls < ATTEMPTS


async def test_a_pause_longer_than_its_patience_is_not_begun() -> None:
    calls = 0

    async def handler(_: web.BaseRequest) -> web.StreamResponse:
        nonlocal calls
        calls += 1
        return problem(429, "too_many_requests", **{"Retry-After": "3600"})

    async with serving(handler) as url, Shop(url) as shop:
        with pytest.raises(Refused, match="too_many_requests"):
            await shop.sign_in("a@example.com", "wrong password")
    assert calls == 1


async def test_a_refusal_is_not_tried_again_and_says_its_code_and_fields() -> None:
    calls = 0

    async def handler(_: web.BaseRequest) -> web.StreamResponse:
        nonlocal calls
        calls += 1
        errors = [{"field": "lines[0].quantity", "message": "must be at least 1"}]
        return web.json_response({"status": 422, "code": "invalid", "detail": "No.", "errors": errors}, status=422)

    async with serving(handler) as url, Shop(url) as shop:
        with pytest.raises(Refused, match=r"lines\[0\].quantity: must be at least 1") as caught:
            await shop.place_order([("X", 0)])
    assert (caught.value.code, calls) == ("invalid", 1)


async def test_nobody_there_is_unreachable() -> None:
    async with Shop(f"http://127.0.0.1:{free_port()}", patience_seconds=0.5) as shop:
        with pytest.raises(Unreachable, match="did not answer"):
            await shop.product("robot")


async def test_an_answer_that_is_no_shops_is_not_understood() -> None:
    async def handler(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text="<html>It works!</html>")

    async with serving(handler) as url, Shop(url) as shop:
        with pytest.raises(NotUnderstood):
            await shop.product("robot")


async def test_a_token_that_expired_is_renewed_once_for_all_calls() -> None:
    tokens: list[str] = []

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/api/sessions":
            tokens.append(f"token-{len(tokens)}")
            return web.json_response({"access_token": tokens[-1], "expires_in": 900}, status=201)
        if request.headers["Authorization"] == "Bearer token-0":
            return problem(401, "unauthenticated")
        return web.json_response(ORDER)

    async with serving(handler) as url, Shop(url) as shop:
        await shop.sign_in("a@example.com", "a password")
        assert (await shop.order("x")).number == 7
        assert (await shop.order("x")).number == 7
    assert len(tokens) == 2


async def test_parts_of_an_address_cannot_leave_their_place() -> None:
    paths: list[str] = []

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        paths.append(request.raw_path)
        return problem(404, "not_found")

    async with serving(handler) as url, Shop(url) as shop:
        with pytest.raises(Refused):
            await shop.product("../users?x=1#y")
    assert paths == ["/api/products/..%2Fusers%3Fx%3D1%23y"]


async def test_events_are_taken_up_where_they_broke_off() -> None:
    asked_after: list[str | None] = []

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        asked_after.append(request.headers.get("Last-Event-ID"))
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        if len(asked_after) == 1:
            await response.write(b': hello\n\nid: 1\nevent: status\ndata: {"status": "pending"}\n\nid: 2\nda')
            assert request.transport is not None
            request.transport.abort()
        else:
            await response.write(b'id: 1\nevent: status\ndata: {"status": "pending"}\n\n')
            await response.write(b'id: 2\nevent: status\ndata: {"status":\ndata: "confirmed"}\n\n')
            await response.write(b'event: other\ndata: 1\n\nid: 3\nevent: status\ndata: {"status": "fulfilled"}\n\n')
        return response

    async with serving(handler) as url, Shop(url) as shop:
        assert [event.status async for event in shop.events("x")] == ["pending", "confirmed", "fulfilled"]
    assert asked_after == [None, "1"]
