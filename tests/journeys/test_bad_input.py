"""Bad input through the public address: a clear problem with a stable code, and nothing is lost or kept."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.support.client import AdminClient, Client, Reply
from tests.support.shop import Shop

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
async def sku(shop: Shop) -> str:
    async with AdminClient(shop) as shopkeeper:
        [sku] = await shopkeeper.product(1_000)
    return sku


@pytest.fixture
async def guest(shop: Shop) -> AsyncIterator[Client]:
    async with Client(shop.url) as client:
        yield client


def problem(reply: Reply, status: int, code: str) -> dict[str, Any]:
    assert reply.headers["Content-Type"].startswith("application/problem+json"), reply.body  # type: ignore[index,call-overload]
    assert (reply.status, reply.body["code"]) == (status, code), reply.body
    assert reply.body["status"] == status
    assert {"type", "title", "detail"} <= reply.body.keys()
    found: dict[str, Any] = reply.body
    return found


async def place(client: Client, body: object = None, raw: bytes | None = None, **headers: str) -> Reply:
    headers.setdefault("Idempotency_Key", uuid.uuid4().hex)
    return await client.call("POST", "/api/orders", body, raw=raw, **headers)


@pytest.mark.parametrize("quantity", [0, -1, 10**18, 10**30, 1.5, "1", None, True, [], 10_000])
async def test_quantities_that_are_none(guest: Client, sku: str, quantity: object) -> None:
    found = problem(await place(guest, {"lines": [{"sku": sku, "quantity": quantity}]}), 422, "invalid")
    assert found["errors"][0]["field"] == "lines[0].quantity"


async def test_repeated_skus_are_one_line_with_the_sum(guest: Client, sku: str) -> None:
    lines = [{"sku": sku, "quantity": 2}, {"sku": sku, "quantity": 3}]
    order = (await place(guest, {"lines": lines}, Prefer="wait=20")).ok(201)
    assert [(line["sku"], line["quantity"]) for line in order["lines"]] == [(sku, 5)]


async def test_no_lines_and_too_many(guest: Client, sku: str) -> None:
    problem(await place(guest, {"lines": []}), 422, "empty_order")
    lines = [{"sku": sku, "quantity": 1}] * 1_001
    problem(await place(guest, {"lines": lines}), 422, "invalid")


async def test_a_thousand_lines_are_one_order(shop: Shop) -> None:
    async with AdminClient(shop) as shopkeeper:
        skus = [sku for _ in range(10) for sku in await shopkeeper.product(*[1] * 100)]
        order = (await shopkeeper.order(dict.fromkeys(skus, 1))).ok(201)
        assert len(order["lines"]) == 1_000


async def test_an_unknown_sku_is_named(guest: Client, sku: str) -> None:
    lines = [{"sku": sku, "quantity": 1}, {"sku": "NO-SUCH-THING", "quantity": 1}]
    assert "NO-SUCH-THING" in json.dumps(problem(await place(guest, {"lines": lines}), 422, "unknown_sku"))


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b'{"lines": [', 400, "unreadable"),
        (b"", 400, "unreadable"),
        (b"\xff\xfe\x00", 400, "unreadable"),
        (b'{"lines": [{"sku": "\\ud800", "quantity": 1}]}', 400, "unreadable"),
        (b'{"lines": [{"sku": "A", "quantity": 1, "quantity": 2}]}', 400, "duplicate_key"),
        (b'{"lines": [], "lines": []}', 400, "duplicate_key"),
        (b'{"lines": [{"sku": "A\\u0000", "quantity": 1}]}', 422, "invalid"),
        (b'{"lines": [{"sku": "A", "quantity": 1}], "discount": 100}', 422, "invalid"),
        (b"[]", 422, "invalid"),
        (b"{}", 422, "invalid"),
        (b'{"lines": [{"sku": "' + b"x" * 10_000 + b'", "quantity": 1}]}', 422, "invalid"),
        (b'{"lines": [{"sku": "' + b"x" * (1 << 20) + b'", "quantity": 1}]}', 413, "too_large"),
    ],
)
async def test_bodies_that_are_no_order(guest: Client, raw: bytes, status: int, code: str) -> None:
    problem(await place(guest, raw=raw), status, code)


async def test_both_cart_and_lines_or_a_cart_that_is_not(guest: Client, sku: str) -> None:
    lines = [{"sku": sku, "quantity": 1}]
    problem(await place(guest, {"lines": lines, "cart_id": str(uuid.uuid4())}), 422, "invalid")
    assert (await place(guest, {"cart_id": str(uuid.uuid4())})).status == 404
    assert (await place(guest, {"cart_id": "../../etc"})).status in (404, 422)


async def test_another_media_type(guest: Client) -> None:
    problem(await place(guest, raw=b"a=1", Content_Type="text/plain"), 415, "unsupported_media_type")


async def test_a_body_that_comes_too_slowly_is_given_up(shop: Shop) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", shop.port)
    writer.write(
        b"POST /api/orders HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"
    )
    answer = await asyncio.wait_for(reader.read(4096), 40)
    assert b" 408 " in answer.split(b"\r\n")[0]
    writer.close()


@pytest.mark.parametrize("key", ["x" * 256, "tab\tinside", "ümlaut"])
async def test_idempotency_keys_that_are_none(guest: Client, sku: str, key: str) -> None:
    lines = [{"sku": sku, "quantity": 1}]
    reply = await place(guest, {"lines": lines}, Idempotency_Key=key)
    assert reply.status in (400, 422), reply.body


@pytest.mark.parametrize(
    "text",
    [
        "'; DROP TABLE products; --",
        "../../../../etc/passwd",
        "%2e%2e%2f",
        "🧸" * 50,
        "a\x00b",
        "<script>alert(1)</script>",
        "& | ! ( ) : * <->",
    ],
)
async def test_hostile_texts_in_addresses_and_queries(guest: Client, text: str) -> None:
    from urllib.parse import quote

    assert (await guest.get(f"/api/products?query={quote(text)}")).status in (200, 422)
    for path in ("/api/products/", "/api/stock/", "/api/orders/", "/api/carts/"):
        assert (await guest.get(path + quote(text, safe=""))).status in (400, 404, 422)


async def test_names_of_ten_thousand_characters_and_four_bytes(shop: Shop) -> None:
    async with AdminClient(shop) as shopkeeper:
        variant = {"sku": uuid.uuid4().hex, "options": {}, "price": {"amount": 1, "currency": "EUR"}}
        body = {"name": "x" * 10_000, "description": "", "options": [], "variants": [variant]}
        problem(await shopkeeper.post("/api/products", body), 422, "invalid")
        named = (await shopkeeper.post("/api/products", body | {"name": "Bear 🧸 " + uuid.uuid4().hex})).ok(201)
        assert named["name"].startswith("Bear 🧸")


async def test_headers_cannot_be_injected(shop: Shop) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", shop.port)
    writer.write(b"GET /ping HTTP/1.1\r\nHost: shop\r\nX-Request-ID: a\rSet-Cookie: b\r\nConnection: close\r\n\r\n")
    answer = await asyncio.wait_for(reader.read(), 10)
    assert b"set-cookie" not in answer.lower()
    writer.close()


def tokens(subject: str) -> dict[str, str]:
    claims = {"iss": "markethall", "sub": subject, "roles": ["admin"], "iat": 1, "exp": 4_000_000_000}
    foreign = Ed25519PrivateKey.generate()
    return {
        "unsigned": jwt.encode(claims, None, algorithm="none"),
        "foreign key": jwt.encode(claims, foreign, algorithm="EdDSA", headers={"kid": "mine"}),
        "symmetric": jwt.encode(claims, "a-secret-that-is-long-enough-for-it", algorithm="HS256"),
        "no token": "garbage",
        "long": "x" * 5_000,
    }


@pytest.mark.parametrize("kind", ["unsigned", "foreign key", "symmetric", "no token", "long"])
@pytest.mark.parametrize("path", ["/api/users/me", "/api/orders", "/api/users", "/api/system"])
async def test_forged_tokens_are_nobody(guest: Client, kind: str, path: str) -> None:
    guest.token = tokens(str(uuid.uuid4()))[kind]
    problem(await guest.get(path), 401, "invalid_token")
    assert (await place(guest, {"lines": [{"sku": "A", "quantity": 1}]})).status == 401


async def test_a_token_with_a_changed_claim_is_nobody(shop: Shop, guest: Client) -> None:
    await guest.register()
    assert guest.token is not None
    head, _, tail = guest.token.split(".")
    forged = jwt.utils.base64url_encode(
        json.dumps(jwt.decode(guest.token, options={"verify_signature": False}) | {"roles": ["admin"]}).encode()
    ).decode()
    guest.token = f"{head}.{forged}.{tail}"
    problem(await guest.get("/api/users"), 401, "invalid_token")


async def test_what_is_another_users_is_not_there(shop: Shop, guest: Client, sku: str) -> None:
    async with Client(shop.url) as owner:
        await owner.register()
        cart = (await owner.post("/api/carts")).ok(201)
        order = (await owner.order({sku: 1})).ok(201)
        await guest.register()
        for visitor in (guest, Client(shop.url)):
            if visitor is not guest:
                await visitor.__aenter__()
            assert (await visitor.get(f"/api/carts/{cart['id']}")).status == 404
            put = await visitor.call("PUT", f"/api/carts/{cart['id']}/lines/{sku}", {"quantity": 1})
            assert put.status == 404
            assert (await visitor.get(f"/api/orders/{order['id']}")).status == 404
            assert (await visitor.get(f"/api/orders/{order['id']}/events")).status == 404
            assert (await visitor.post(f"/api/orders/{order['id']}/cancellation")).status == 404
            assert (await place(visitor, {"cart_id": cart["id"]})).status == 404
            if visitor is not guest:
                await visitor.__aexit__(None, None, None)
        assert (await owner.get(f"/api/orders/{order['id']}")).ok(200)["status"] == "confirmed"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/products", {"name": "x", "variants": []}),
        ("DELETE", "/api/products/x", None),
        ("POST", "/api/categories", {"name": "x"}),
        ("POST", "/api/stock/A/receipts", {"quantity": 1}),
        ("GET", "/api/stock/A/movements", None),
        ("PUT", "/api/stock/A/replenishment", {"target": 1, "interval_seconds": 10}),
        ("GET", "/api/users", None),
        ("GET", "/api/orders?all=true", None),
        ("GET", "/api/system", None),
    ],
)
async def test_an_admins_call_takes_the_role(guest: Client, method: str, path: str, body: object) -> None:
    assert (await guest.call(method, path, body)).status == 401
    await guest.register()
    problem(await guest.call(method, path, body), 403, "forbidden")


@pytest.mark.parametrize("cursor", ["garbage", "AAAA", "%00", "x" * 2_000])
async def test_cursors_from_elsewhere(guest: Client, shop: Shop, cursor: str) -> None:
    await guest.register()
    for path in ("/api/products", "/api/orders", "/api/categories"):
        reply = await guest.get(f"{path}?cursor={cursor}")
        assert reply.status == 422, (path, reply.body)


async def test_a_cursor_of_another_list(guest: Client) -> None:
    page = (await guest.get("/api/products?limit=1&sort=name")).ok(200)
    assert page["next_cursor"]
    problem(await guest.get(f"/api/products?limit=1&sort=price&cursor={page['next_cursor']}"), 422, "invalid_cursor")


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "1.5"])
async def test_limits_beyond_the_bounds(guest: Client, limit: str) -> None:
    assert (await guest.get(f"/api/products?limit={limit}")).status == 422


@pytest.mark.parametrize(
    "path",
    [
        "/internal/orders",
        "/api/orders/../../internal/orders",
        "/api/orders/%2e%2e/%2e%2e/internal/orders",
        "/api/products/..%2f..%2finternal%2forders",
        "//internal/orders",
        "/api//../internal/orders",
    ],
)
async def test_inner_addresses_are_not_reachable(shop: Shop, path: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", shop.port)
    body = b"\x80"
    writer.write(
        f"POST {path} HTTP/1.1\r\nHost: shop\r\nConnection: close\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    answer = await asyncio.wait_for(reader.read(), 10)
    assert answer.split()[1] in (b"400", b"404", b"405"), answer[:500]
    writer.close()
