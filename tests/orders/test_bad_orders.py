"""What a client may send wrong, and what it is answered."""

import asyncio
import uuid
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.orders.conftest import Hall
from tests.orders.neighbours import Accounts

ADDRESS = {"name": "Ada", "line1": "1 Way", "postal_code": "1", "city": "Ulm", "country": "DE"}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "unreadable"),
        (b"\xff", 400, "unreadable"),
        (b'{"lines":[],"lines":[]}', 400, "duplicate_key"),
        (b'{"lines":[{"sku":"\\ud800","quantity":1}]}', 400, "unreadable"),
        (b"[]", 422, "invalid"),
        (b"null", 422, "invalid"),
        (b"{}", 422, "invalid"),
        ({"lines": []}, 422, "empty_order"),
        ({"lines": None}, 422, "invalid"),
        ({"lines": [{"sku": "A"}]}, 422, "invalid"),
        ({"lines": [{"sku": "A", "quantity": 0}]}, 422, "invalid"),
        ({"lines": [{"sku": "A", "quantity": -1}]}, 422, "invalid"),
        ({"lines": [{"sku": "A", "quantity": 10**18}]}, 422, "invalid"),
        ({"lines": [{"sku": "A", "quantity": 10**30}]}, 422, "invalid"),
        ({"lines": [{"sku": "A", "quantity": 1.5}]}, 422, "invalid"),
        ({"lines": [{"sku": "A", "quantity": "1"}]}, 422, "invalid"),
        ({"lines": [{"sku": "A", "quantity": True}]}, 422, "invalid"),
        ({"lines": [{"sku": "A", "quantity": 1, "price": 0}]}, 422, "invalid"),
        ({"lines": [{"sku": "A\x00", "quantity": 1}]}, 422, "invalid"),
        ({"lines": [{"sku": "'; DROP TABLE orders;--", "quantity": 1}]}, 422, "invalid"),
        ({"lines": [{"sku": "😀", "quantity": 1}]}, 422, "invalid"),
        ({"lines": [{"sku": "A", "quantity": 1}] * 1001}, 422, "invalid"),
        ({"lines": [{"sku": "NO-SUCH", "quantity": 1}]}, 422, "unknown_sku"),
        ({"lines": [{"sku": "A", "quantity": 1}], "cart_id": str(uuid.uuid4())}, 422, "invalid"),
        ({"cart_id": "x"}, 422, "invalid"),
        ({"cart_id": str(uuid.uuid4())}, 404, "cart_not_found"),
    ],
)
async def test_a_bad_order_is_refused(hall: Hall, body: Any, status: int, code: str) -> None:
    answer = await hall.call("POST", "/api/orders", body)
    assert (answer.status, answer.body["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "more",
    [
        {"email": "nobody"},
        {"email": "a@b"},
        {"email": "a b@example.org"},
        {"email": "a@example.org\x00"},
        {"email": "a" * 300 + "@example.org"},
        {"shipping_address": ADDRESS | {"country": "XX"}},
        {"shipping_address": ADDRESS | {"country": "de"}},
        {"shipping_address": ADDRESS | {"name": ""}},
        {"shipping_address": ADDRESS | {"name": "x" * 10_000}},
        {"shipping_address": ADDRESS | {"line1": "a\x00b"}},
        {"shipping_address": ADDRESS | {"planet": "Earth"}},
        {"shipping_address": {"name": "Ada"}},
        {"expected_total": {"amount": 100, "currency": "USD"}},
        {"expected_total": {"amount": "100", "currency": "EUR"}},
        {"expected_total": 100},
        {"coupon": "FREE"},
    ],
)
async def test_a_bad_detail_is_refused_and_named(hall: Hall, more: dict[str, Any]) -> None:
    answer = await hall.call("POST", "/api/orders", {"lines": [{"sku": "A", "quantity": 1}]} | more)
    assert (answer.status, answer.body["code"]) == (422, "invalid")
    assert answer.body["errors"]


async def test_unusual_but_valid_text_is_kept(hall: Hall) -> None:
    sku = await hall.sell()
    name = "𝔄da '; DROP TABLE orders;-- ../../etc\r\nX: y 😀"
    body = {"lines": [{"sku": sku, "quantity": 1}], "shipping_address": ADDRESS | {"name": name, "line2": None}}
    made = await hall.call("POST", "/api/orders", body)
    assert made.status == 201
    stored = "SELECT shipping_address->>'name' FROM orders WHERE id = $1"
    assert await hall.database.fetchval(stored, uuid.UUID(made.body["id"])) == name


async def test_repeated_skus_are_one_line_with_the_sum_up_to_a_bound(hall: Hall) -> None:
    sku = await hall.sell()
    assert (await hall.buy(*[(sku, 9999)] * 100)).body["lines"][0]["quantity"] == 999_900
    over = await hall.buy(*[(sku, 9999)] * 101)
    assert (over.status, over.body["code"]) == (422, "too_much")


async def test_a_sum_beyond_counting_is_refused(hall: Hall) -> None:
    sku = await hall.sell(10**12)
    assert (await hall.buy((sku, 1000))).body["total"]["amount"] == 10**15
    over = await hall.buy((sku, 1001))
    assert (over.status, over.body["code"]) == (422, "too_much")


async def test_a_thousand_lines_are_taken(hall: Hall) -> None:
    skus = await hall.sell_many(1000)
    answer = await hall.buy(*((sku, 1) for sku in skus))
    assert (answer.status, len(answer.body["lines"])) == (201, 1000)


async def test_keys_out_of_shape_are_refused(hall: Hall) -> None:
    sku = await hall.sell()
    for key in ("", "x" * 256, "käse"):
        answer = await hall.buy((sku, 1), headers={"Idempotency-Key": key})
        assert (answer.status, answer.body["code"]) == (422, "invalid"), key
    assert (await hall.buy((sku, 1), headers={"Idempotency-Key": "x" * 255})).status == 201


async def test_a_key_with_another_body_is_refused_and_spelling_does_not_matter(hall: Hall) -> None:
    sku, other = await hall.sell(), await hall.sell()
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    first = await hall.buy((sku, 1), (other, 2), headers=headers)
    assert (await hall.buy((other, 1), (sku, 1), (other, 1), headers=headers)).body == first.body
    for lines in (((sku, 1),), ((sku, 1), (other, 3))):
        answer = await hall.buy(*lines, headers=headers)
        assert (answer.status, answer.body["code"]) == (422, "idempotency_key_reused")


async def test_a_repeat_meets_its_order_as_it_stands(hall: Hall) -> None:
    sku, headers = await hall.sell(), {"Idempotency-Key": uuid.uuid4().hex}
    first = await hall.buy((sku, 1), headers=headers)
    await hall.call("POST", f"/api/orders/{first.body['id']}/cancellation")
    answer = await hall.buy((sku, 1), headers=headers)
    assert (answer.status, answer.body["code"], answer.body["order_id"]) == (409, "order_cancelled", first.body["id"])


async def test_other_content_types_and_large_bodies_are_refused(hall: Hall) -> None:
    text = await hall.call("POST", "/api/orders", b"{}", headers={"Content-Type": "text/plain"})
    assert text.status == 415
    assert (await hall.call("POST", "/api/orders", b" " * ((1 << 20) + 1))).status == 413


async def test_bad_tokens_are_refused_everywhere(hall: Hall) -> None:
    user = uuid.uuid4()
    claims = {"iss": "markethall", "sub": str(user), "iat": 1, "exp": 2**40}
    foreign = Accounts(hall.accounts.bus, Ed25519PrivateKey.generate())
    good = hall.accounts.token(user)
    tokens = {
        "forged": good[:-6] + "AAAAAA",
        "expired": hall.accounts.token(user, lifetime_seconds=-60),
        "unsigned": jwt.encode(claims, "", "none", headers={"kid": "k1"}),
        "of a foreign key": foreign.token(user),
        "of an unknown key": jwt.encode(claims, foreign.key, "EdDSA", headers={"kid": "other"}),
        "nonsense": "x.y.z",
        "of somebody who is none": hall.accounts.token(user, sub="root"),
    }
    for what, token in tokens.items():
        headers = {"Authorization": f"Bearer {token}"}
        for method, path in (("GET", "/api/orders"), ("POST", "/api/carts"), ("POST", "/api/orders")):
            body = {"lines": [{"sku": "A", "quantity": 1}]} if path == "/api/orders" and method == "POST" else None
            answer = await hall.call(method, path, body, headers=headers)
            assert answer.status == 401, f"{what}: {method} {path}"
            assert "WWW-Authenticate" in answer.headers


async def test_a_pending_order_is_answered_202_at_once_or_after_the_wait(hall: Hall) -> None:
    sku = await hall.sell()
    hall.inventory.answering = False
    try:
        for preference in ("respond-async", "wait=1"):
            answer = await hall.buy((sku, 1), headers={"Prefer": preference})
            assert (answer.status, answer.body["status"]) == (202, "pending")
            assert answer.headers["Preference-Applied"] == preference
            assert answer.headers["Location"] == f"/api/orders/{answer.body['id']}"
    finally:
        hall.inventory.answering = True


async def test_prices_that_arrive_while_ordering_do_not_upset_it(hall: Hall) -> None:
    skus = [await hall.sell() for _ in range(3)]

    async def keep_changing() -> None:
        for version in range(2, 12):
            for product in list(hall.catalog.products.values())[-3:]:
                again = hall.catalog.make(*product.variants, product_id=product.product_id, version=version)
                await hall.catalog.tell(again)

    changing = asyncio.create_task(keep_changing())
    orders = (hall.buy(*((sku, 1) for sku in skus[:: 1 if n % 2 else -1]), replica=n) for n in range(40))
    answers = await asyncio.gather(*orders)
    await changing
    assert {answer.status for answer in answers} == {201}
