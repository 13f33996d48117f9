"""Front as a proxy: who answers what, which headers pass, and what cannot be reached through it."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import msgspec
import pytest

from markethall.local.nats import EmbeddedNats
from tests.front.neighbours import Hall, Seen, document, hall, ok


@pytest.fixture(scope="module")
async def front(nats: EmbeddedNats) -> AsyncIterator[Hall]:
    async with hall(nats, body_timeout_seconds=1.0) as running:
        yield running


@pytest.fixture(autouse=True)
def _fresh(front: Hall) -> None:
    for neighbour in front.neighbours.values():
        neighbour.seen.clear()
        neighbour.script = ok


async def raw(front: Hall, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """Bytes on the wire, as no well-behaved client would send them."""
    address = urlsplit(front.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        writer.write(request)
        head, _, body = (await asyncio.wait_for(reader.read(), 10)).partition(b"\r\n\r\n")
    finally:
        writer.close()
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return int(first.split()[1]), headers, body


@pytest.mark.parametrize(
    ("method", "path", "service"),
    [
        ("POST", "/api/products", "catalog"),
        ("PATCH", "/api/categories/toys", "catalog"),
        ("GET", "/api/stock/BEAR-1", "inventory"),
        ("GET", "/api/carts/x", "orders"),
        ("GET", "/api/orders?number=1", "orders"),
        ("GET", "/api/admin/orders?status=pending", "orders"),
        ("GET", "/api/stock?sort=available", "inventory"),
        ("GET", "/api/users/me", "accounts"),
        ("DELETE", "/api/sessions/current", "accounts"),
    ],
)
async def test_each_path_reaches_its_service_and_no_other(front: Hall, method: str, path: str, service: str) -> None:
    async with front.http.request(method, front.url + path) as answer:
        assert answer.status == 200
        assert await document(answer) == {"ok": True}
    assert [(name, len(n.seen)) for name, n in front.neighbours.items() if n.seen] == [(service, 1)]
    assert (front[service].seen[0].method, front[service].seen[0].target) == (method, path)


@pytest.mark.parametrize(
    "path",
    [
        "/internal/orders",
        "/%69nternal/orders",
        "/api/../internal/orders",
        "/api/orders/../users",
        "/api/orders/..",
        "/api/orders/%2e%2e/users",
        "/api/products/..%2f..%2finternal/orders",
        "/api/products/..%2F..%2Finternal%2Forders",
        "/api/products/..%5c..%5cinternal",
        "/api/products/a%00b",
        "/api/products/%ff",
        "//api/orders",
        "/api//orders/1",
        "/api/orders//",
        "/api/internal/orders",
        "/api/nothing",
        "/api",
        "/api/",
    ],
)
async def test_path_tricks_reach_nothing(front: Hall, path: str) -> None:
    request = f"GET {path} HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n".encode()
    status, headers, body = await raw(front, request)
    assert status == 404
    assert headers["content-type"] == "application/problem+json"
    assert msgspec.json.decode(body)["code"] == "not_found"
    assert not any(neighbour.seen for neighbour in front.neighbours.values())


async def test_what_is_forwarded_is_what_was_looked_at(front: Hall) -> None:
    request = b"GET /api/stock/a%252fb%3Fx%23?q=%2e%2e&r=a%20b HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n"
    status, _, _ = await raw(front, request)
    assert status == 200
    assert front["inventory"].seen[0].target == "/api/stock/a%252fb%3Fx%23?q=%2e%2e&r=a%20b"


async def test_headers_that_name_the_client_or_the_hop_are_made_anew(front: Hall) -> None:
    given = {
        "Authorization": "Bearer abc",
        "X-Request-ID": "my-request",
        "X-Client-Address": "10.9.9.9",
        "X-Forwarded-For": "10.9.9.9",
        "X-Forwarded-Host": "evil",
        "Forwarded": "for=10.9.9.9",
        "Connection": "close, X-Secret",
        "X-Secret": "1",
        "TE": "trailers",
        "Cookie": "a=b",
        "Accept-Language": "de",
    }
    async with front.http.get(f"{front.url}/api/stock/A", headers=given) as answer:
        assert answer.status == 200
        assert answer.headers["X-Request-ID"] == "my-request"
        assert len(answer.headers.getall("X-Request-ID")) == len(answer.headers.getall("Date")) == 1
    seen = front["inventory"].seen[0].headers
    assert seen["authorization"] == "Bearer abc"
    assert seen["x-request-id"] == "my-request"
    assert seen["x-client-address"] == "127.0.0.1"
    assert seen["accept-language"] == "de"
    assert not {"x-forwarded-for", "x-forwarded-host", "forwarded", "x-secret", "te", "cookie"} & seen.keys()


async def test_a_header_cannot_be_smuggled_in(front: Hall) -> None:
    injected = "/api/stock/A%0d%0aX-Client-Address:%20evil"
    status, _, _ = await raw(front, f"GET {injected} HTTP/1.1\r\nHost: s\r\nConnection: close\r\n\r\n".encode())
    assert status == 404
    status, headers, _ = await raw(
        front,
        b"GET /api/stock/A HTTP/1.1\r\nHost: s\r\nX-Request-ID: a\tb\r\n"
        b"Accept-Language: \xe4\r\nConnection: close\r\n\r\n",
    )
    assert status == 200
    assert "\t" not in headers["x-request-id"]
    assert [seen.target for seen in front["inventory"].seen] == ["/api/stock/A"]


async def test_two_lengths_are_not_one_request(front: Hall) -> None:
    smuggled = b"POST /api/carts HTTP/1.1\r\nHost: s\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
    status, _, _ = await raw(front, smuggled + b"0\r\n\r\nGET /internal/x HTTP/1.1\r\nHost: s\r\n\r\n")
    assert status in (200, 400)
    assert not [s for n in front.neighbours.values() for s in n.seen if "internal" in s.target]


async def test_head_is_get_without_the_body(front: Hall) -> None:
    async with front.http.head(f"{front.url}/api/stock/A") as answer:
        assert answer.status == 200
        assert answer.headers["Content-Length"] == str(len(b'{"ok":true}'))
        assert await answer.read() == b""


async def test_head_works_on_what_front_answers_itself(front: Hall) -> None:
    async with front.http.head(f"{front.url}/health/live") as answer:
        assert (answer.status, await answer.read()) == (200, b"")
        assert int(answer.headers["Content-Length"]) > 0


async def test_addresses_and_headers_are_bounded(front: Hall) -> None:
    async with front.http.get(f"{front.url}/api/stock/{'x' * 3000}") as answer:
        assert (answer.status, (await document(answer))["code"]) == (414, "path_too_long")
    many = {f"X-{number}": "1" for number in range(101)}
    async with front.http.get(f"{front.url}/api/stock/x", headers=many) as answer:
        assert (answer.status, (await document(answer))["code"]) == (431, "too_many_headers")


async def test_the_wrong_method_gets_405_with_allow(front: Hall) -> None:
    async with front.http.request("TRACE", f"{front.url}/api/orders") as answer:
        assert answer.status == 405
        assert "POST" in answer.headers["Allow"]
    async with front.http.post(f"{front.url}/ping") as answer:
        assert answer.status == 405
        assert "GET" in answer.headers["Allow"]


async def test_a_body_over_the_limit_or_too_slow_reaches_nobody(front: Hall) -> None:
    for path in ("/api/carts", "/api/orders"):
        async with front.http.post(front.url + path, data=b"x" * ((1 << 20) + 1)) as answer:
            assert answer.status == 413
            assert (await document(answer))["code"] == "too_large"
        slow = f"POST {path} HTTP/1.1\r\nHost: s\r\nContent-Length: 100\r\n\r\n{{".encode()
        status, _, _ = await raw(front, slow)
        assert status == 408
    assert not front["orders"].seen


@pytest.mark.parametrize(
    ("method", "path", "headers", "tries"),
    [
        ("GET", "/api/stock/A", {}, 2),
        ("DELETE", "/api/stock/A/replenishment", {}, 2),
        ("POST", "/api/stock/A/receipts", {"Idempotency-Key": "k"}, 2),
        ("POST", "/api/stock/A/receipts", {}, 1),
        ("PATCH", "/api/products/a", {"Idempotency-Key": "k"}, 1),
        ("POST", "/api/products", {"Idempotency-Key": "k"}, 1),
        ("POST", "/api/orders/1/cancellation", {}, 2),
        ("POST", "/api/sessions/refresh", {}, 1),
    ],
)
async def test_only_what_may_be_repeated_is_repeated(
    front: Hall, method: str, path: str, headers: dict[str, str], tries: int
) -> None:
    tried = 0

    def fails_once(seen: Seen) -> tuple[int, dict[str, str], bytes]:
        nonlocal tried
        tried += 1
        return (503, {"retry-after": "1"}, b"{}") if tried == 1 else ok(seen)

    for neighbour in front.neighbours.values():
        neighbour.script = fails_once
    async with front.http.request(method, front.url + path, headers=headers) as answer:
        assert answer.status == (200 if tries == 2 else 503)
    assert tried == tries
