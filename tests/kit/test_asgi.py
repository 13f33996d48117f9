"""What surrounds every request: bodies, errors, request ids, traces, over a real socket."""

import asyncio
import json
from collections.abc import AsyncIterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Annotated

import aiohttp
import msgspec
import pytest
from litestar import get, post
from litestar.params import JSONBody, QueryParameter

from markethall.kit import http_protocol, tracing
from markethall.kit.app import Service
from markethall.kit.bus import Bus
from markethall.kit.problems import responses
from markethall.kit.settings import Settings
from markethall.local.nats import EmbeddedNats
from tests.support.machine import eventually, running, settings_for


class Wish(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    quantity: int


@post("/wishes", status_code=201, responses=responses())
async def wish(data: JSONBody[Wish]) -> dict[str, int]:
    if data.name == "boom":
        raise RuntimeError("secret detail")
    return {"quantity": data.quantity}


@get("/wishes", responses=responses())
async def wishes(everything: Annotated[bool, QueryParameter(name="all")] = False) -> list[str]:
    return []


def create(settings: Settings) -> Service:
    bus = Bus(settings, "catalog")
    return Service(
        settings, "catalog", bus=bus, route_handlers=[wish, wishes], resources=[], required={"bus": bus.check}
    )


@pytest.fixture(scope="module")
async def url(nats: EmbeddedNats) -> AsyncIterator[str]:
    settings = settings_for("catalog", "", nats, body_timeout_seconds=0.5)
    async with running(create, settings) as address:
        yield address


async def send(url: str, body: bytes, media: str = "application/json", **headers: str) -> tuple[int, dict[str, object]]:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{url}/wishes", data=body, headers={"Content-Type": media, **headers}) as answer,
    ):
        document = json.loads(await answer.read())
        if answer.status >= 400:
            assert answer.content_type == "application/problem+json"
            assert document["status"] == answer.status
        return answer.status, document


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b'{"name": "a", "quantity": 1', 400, "unreadable"),
        (b"\xff\xfe", 400, "unreadable"),
        (b'{"name": "\\ud800", "quantity": 1}', 400, "unreadable"),
        (b'{"name": "a", "quantity": NaN}', 400, "unreadable"),
        (b"[" * 100_000, 400, "unreadable"),
        (b'{"name": "a", "quantity": 1, "quantity": 2}', 400, "duplicate_key"),
        (b'{"name": "a", "quantity": 1, "colour": "red"}', 422, "invalid"),
        (b'{"name": "a", "quantity": "1"}', 422, "invalid"),
        (b'{"name": "a", "quantity": 1.5}', 422, "invalid"),
        (b'{"name": "a"}', 422, "invalid"),
        (b"[]", 422, "invalid"),
        (b'{"name": "' + b"x" * (1 << 20) + b'", "quantity": 1}', 413, "too_large"),
        (b'{"name": "boom", "quantity": 1}', 500, "internal"),
    ],
)
async def test_bad_bodies_get_a_clear_problem(url: str, body: bytes, status: int, code: str) -> None:
    answered, document = await send(url, body)
    assert (answered, document["code"]) == (status, code)
    assert "secret" not in json.dumps(document)


async def test_the_field_that_is_wrong_is_named(url: str) -> None:
    _, document = await send(url, b'{"name": "a", "quantity": "1"}')
    wrong = {"field": "quantity", "message": "Expected `int`, got `str`", "code": "wrong_type", "values": {}}
    assert document["errors"] == [wrong]


async def test_another_media_type_is_refused(url: str) -> None:
    status, document = await send(url, b"name=a", "application/x-www-form-urlencoded")
    assert (status, document["code"]) == (415, "unsupported_media_type")


async def test_four_byte_characters_pass(url: str) -> None:
    assert (await send(url, '{"name": "🧸", "quantity": 3}'.encode()))[0] == 201


async def test_a_body_that_never_ends_is_given_up(url: str) -> None:
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"POST /wishes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
    answer = await asyncio.wait_for(reader.read(4096), 10)
    assert b" 408 " in answer.split(b"\r\n")[0]
    assert b"body_timeout" in answer
    writer.close()


async def test_request_ids_are_taken_over_or_made(url: str) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{url}/ping", headers={"X-Request-ID": "abc-1"}) as answer:
            assert answer.headers["X-Request-ID"] == "abc-1"
            assert await answer.text() == "pong"
        async with session.get(f"{url}/ping", headers={"X-Request-ID": "no good"}) as answer:
            assert answer.headers["X-Request-ID"] != "no good"
            assert answer.headers["X-Request-ID"]


async def test_unknown_addresses_and_methods_are_problems(url: str) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{url}/nowhere") as answer:
            assert (answer.status, (await answer.json(content_type=None))["code"]) == (404, "not_found")
        async with session.put(f"{url}/wishes", json={}) as answer:
            assert (answer.status, (await answer.json(content_type=None))["code"]) == (405, "method_not_allowed")
            assert answer.headers["Allow"]


async def test_metrics_count_the_request_by_its_route(url: str) -> None:
    await send(url, b'{"name": "a", "quantity": 1}')
    async with aiohttp.ClientSession() as session, session.get(f"{url}/metrics") as answer:
        text = await answer.text()
    assert 'markethall_http_request_seconds_count{method="POST",route="/wishes",status="201"}' in text


async def test_readiness_names_each_dependency(url: str) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{url}/health/ready") as answer:
        document = await answer.json()
    assert answer.status == 200
    assert document["dependencies"] == {"bus": "up"}


async def test_spans_reach_a_collector(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    received: list[bytes] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return None

    collector = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    thread = Thread(target=collector.serve_forever)
    thread.start()
    trace = "0af7651916cd43dd8448eb211c80319c"
    monkeypatch.setattr(tracing, "_tracer", None)
    try:
        provider = tracing.configure("catalog", Settings(otlp_endpoint=f"http://127.0.0.1:{collector.server_port}"))
        assert provider is not None
        await send(url, b'{"name": "a", "quantity": 1}', traceparent=f"00-{trace}-b7ad6b7169203331-01")
        await asyncio.to_thread(provider.shutdown)
        await eventually(lambda: received)
    finally:
        collector.shutdown()
        thread.join()
        collector.server_close()
    assert bytes.fromhex(trace) in b"".join(received)
    assert b"POST /wishes" in b"".join(received)


async def test_the_service_describes_itself(url: str) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{url}/openapi.json") as answer:
        document = json.loads(await answer.read())
    assert answer.status == 200
    assert document["paths"]["/wishes"]["post"]["responses"]["422"]["content"]["application/problem+json"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"name": "a", "quantity": 1, "colour": "red"}', "colour"),
        (b'{"name": "a"}', "quantity"),
    ],
)
async def test_a_member_too_many_or_missing_is_named(url: str, body: bytes, field: str) -> None:
    _, document = await send(url, body)
    assert [each["field"] for each in document["errors"]] == [field]  # type: ignore[attr-defined]


async def test_a_missing_body_is_called_that(url: str) -> None:
    assert (await send(url, b""))[1]["code"] == "unreadable"


async def test_a_query_parameter_is_named_as_it_was_written(url: str) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{url}/wishes?all=maybe") as answer:
        document = json.loads(await answer.read())
    assert (answer.status, [each["field"] for each in document["errors"]]) == (422, ["all"])


async def raw(url: str, sent: bytes) -> bytes:
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(sent)
        return await asyncio.wait_for(reader.read(), 10)
    finally:
        writer.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nTransfer-Encoding: bogus\r\nContent-Length: -1\r\n\r\n",
        b"NONSENSE\r\n\r\n",
        b"POST /wishes HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    ],
)
async def test_what_is_no_http_is_a_problem_too(url: str, sent: bytes) -> None:
    answer = await raw(url, sent)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in answer
    assert b"x-request-id" in answer.lower()


async def test_a_head_that_never_ends_is_given_up(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.3)
    assert (await raw(url, b"GET /ping HTTP/1.1\r\nHost: x\r\n")).startswith(b"HTTP/1.1 408 ")
    assert await raw(url, b"") == b""
    # Nor is one after a whole request.
    answer = await raw(url, b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n\r\nGET /ping HTTP/1.1\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"HTTP/1.1 408 " in answer


async def test_a_head_without_bounds_is_refused(url: str) -> None:
    answer = await raw(url, b"GET /ping HTTP/1.1\r\n" + b"X-Header: yes\r\n" * 10_000)
    assert answer.startswith(b"HTTP/1.1 431 ")


async def test_a_connection_may_be_used_again_and_again(url: str) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session:
        for _ in range(50):
            async with session.get(f"{url}/ping") as answer:
                assert await answer.text() == "pong"


async def test_head_is_answered_like_get_without_its_body(url: str) -> None:
    async with aiohttp.ClientSession() as session:
        for path in ("/ping", "/health/live", "/health/ready", "/metrics", "/wishes"):
            async with session.head(f"{url}{path}") as answer:
                assert (answer.status, await answer.read()) == (200, b"")
        async with session.options(f"{url}/wishes") as answer:
            assert answer.headers["Allow"] == "GET, HEAD, OPTIONS, POST"
