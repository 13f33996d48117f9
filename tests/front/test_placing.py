"""`POST /api/orders` through front, with orders played by a stand-in that answers as scripted."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from markethall.contracts.internal import PlaceResult, PlaceResults, Refusal
from markethall.contracts.messages import Shortage
from markethall.contracts.order_request import OrderRequest, fingerprint
from markethall.front.order_requests import patience
from markethall.local.nats import EmbeddedNats
from tests.front.neighbours import Hall, Seen, Stall, document, hall
from tests.support.machine import eventually

ONE = {"lines": [{"sku": "BEAR-1", "quantity": 1}]}


@pytest.fixture(scope="module")
async def front(nats: EmbeddedNats) -> AsyncIterator[Hall]:
    async with hall(nats) as running:
        yield running


@pytest.fixture
def stall(front: Hall) -> Stall:
    stall = Stall(front["orders"])
    front["orders"].script = stall  # type: ignore[assignment]
    return stall


async def order(front: Hall, body: Any, **headers: str) -> tuple[int, dict[str, str], Any]:
    content = body if isinstance(body, bytes) else msgspec.json.encode(body)
    sent = {"Content-Type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    async with front.http.post(f"{front.url}/api/orders", data=content, headers=sent) as answer:
        return answer.status, {k.lower(): v for k, v in answer.headers.items()}, await document(answer)


async def test_confirmed_while_the_buyer_waits_is_201(front: Hall, stall: Stall) -> None:
    status, headers, body = await order(front, ONE)
    assert (status, body["status"]) == (201, "confirmed")
    assert headers["location"] == f"/api/orders/{body['id']}"
    assert body["settled_at"] == "2023-11-14T22:13:20.123456Z"
    assert [step["status"] for step in body["history"]] == ["pending", "confirmed"]


async def test_rejected_is_409_with_what_is_short(front: Hall, stall: Stall) -> None:
    stall.tells, stall.shortages = "rejected", [Shortage("BEAR-1", 1, 0)]
    status, headers, body = await order(front, ONE)
    assert (status, body["code"]) == (409, "out_of_stock")
    assert body["shortages"] == [{"sku": "BEAR-1", "requested": 1, "available": 0}]
    assert headers["location"] == f"/api/orders/{body['order_id']}"
    assert headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("prefer", "applied"),
    [
        ("respond-async", "respond-async"),
        ("wait=0", "wait=0"),
        ("foo, respond-async; x=1", "respond-async"),
        ('respond-async, wait="0"', "wait=0"),
    ],
)
async def test_whoever_prefers_not_to_wait_gets_202_at_once(
    front: Hall, stall: Stall, prefer: str, applied: str
) -> None:
    stall.tells = None
    status, headers, body = await order(front, ONE, Prefer=prefer)
    assert (status, body["status"], headers["preference-applied"]) == (202, "pending", applied)
    assert headers["location"] == f"/api/orders/{body['id']}"


async def test_at_the_deadline_the_order_is_read_once_more(front: Hall, stall: Stall) -> None:
    """The news was lost, but not the outcome: the answer tells it."""
    stall.tells = None
    asking = asyncio.create_task(order(front, ONE, Prefer="wait=1", Idempotency_Key="lost news"))
    await eventually(lambda: stall.batches)
    stall.status, stall.shortages = "rejected", [Shortage("BEAR-1", 1, 0)]
    status, _, body = await asking
    assert (status, body["code"]) == (409, "out_of_stock")
    assert [batch[0].key for batch in stall.batches] == ["lost news", "lost news"]


async def test_still_pending_at_the_deadline_is_202(front: Hall, stall: Stall) -> None:
    stall.tells = None
    status, headers, body = await order(front, ONE, Prefer="wait=1")
    assert (status, body["status"]) == (202, "pending")
    assert "location" in headers


async def test_lost_news_are_read_while_the_buyer_waits(front: Hall, stall: Stall) -> None:
    """After a second, and not only at his deadline."""
    stall.tells = None
    asking = asyncio.create_task(order(front, ONE, Prefer="wait=30", Idempotency_Key="lost news, long wait"))
    await eventually(lambda: stall.batches)
    stall.status, stall.shortages = "rejected", [Shortage("BEAR-1", 1, 0)]
    status, _, body = await asking
    assert (status, body["code"]) == (409, "out_of_stock")
    assert [batch[0].key for batch in stall.batches] == ["lost news, long wait"] * 2


async def test_news_of_another_kind_are_looked_into(front: Hall, stall: Stall) -> None:
    stall.tells = "cancelled"
    asking = asyncio.create_task(order(front, ONE, Idempotency_Key="cancelled at once"))
    await eventually(lambda: stall.batches)
    stall.status = "cancelled"
    status, _, body = await asking
    assert (status, body["code"]) == (409, "order_cancelled")
    assert len(stall.batches) == 2


async def test_a_repeat_of_a_settled_order_is_answered_from_it(front: Hall, stall: Stall) -> None:
    stall.status, stall.tells = "confirmed", None
    status, _, body = await order(front, ONE, Idempotency_Key="again")
    assert (status, body["status"]) == (201, "confirmed")
    assert len(stall.batches) == 1


async def test_a_cancelled_order_is_no_sale(front: Hall, stall: Stall) -> None:
    stall.status, stall.tells = "cancelled", None
    status, headers, body = await order(front, ONE, Idempotency_Key="again")
    assert (status, body["code"]) == (409, "order_cancelled")
    assert headers["location"] == f"/api/orders/{body['order_id']}"


async def test_what_gathers_goes_as_one_batch(front: Hall, stall: Stall) -> None:
    answers = await asyncio.gather(*(order(front, ONE) for _ in range(60)))
    assert {status for status, _, _ in answers} == {201}
    assert len({body["id"] for _, _, body in answers}) == 60
    assert sum(map(len, stall.batches)) == 60
    assert len(stall.batches) < 30


@pytest.mark.parametrize(
    ("prefer", "expected"),
    [
        (None, (5.0, None)),
        ("", (5.0, None)),
        ("wait=31", (30.0, "wait=30")),
        ("WAIT = 7", (7.0, "wait=7")),
        ("wait=-1, wait=x, wait=", (5.0, None)),
        ("wait=9999999999", (5.0, None)),
        ("wait=3, wait=9, respond-async", (3.0, "wait=3")),
    ],
)
def test_how_long_a_buyer_wants_to_wait(prefer: str | None, expected: tuple[float, str | None]) -> None:
    assert patience(prefer) == expected


def test_meaning_decides_the_fingerprint() -> None:
    twice = b'{"lines":[{"quantity":1,"sku":"B"},{"sku":"A","quantity":2},{"sku":"B","quantity":2}],"email":null}'
    once = b'{"lines": [{"sku": "A", "quantity": 2}, {"sku": "B", "quantity": 3}]}'
    first, second, other = (
        fingerprint(msgspec.json.decode(body, type=OrderRequest)) for body in (twice, once, msgspec.json.encode(ONE))
    )
    assert first == second != other


async def test_keys_and_tokens_travel(front: Hall, stall: Stall) -> None:
    assert (await order(front, ONE, Idempotency_Key="k!", Authorization="Bearer abc"))[0] == 201
    assert (stall.batches[0][0].key, stall.batches[0][0].token) == ("k!", "abc")
    await order(front, ONE)
    assert stall.batches[-1][0].key != "k!"


async def test_a_refusal_is_a_problem_to_its_buyer_alone(front: Hall, stall: Stall) -> None:
    refused = Refusal(409, "price_changed", "The total is not the expected one", "Now it is dearer", {"total": 5})

    async def one_of_two(seen: Seen) -> tuple[int, dict[str, str], bytes]:
        answered = await stall(seen)
        results = msgspec.msgpack.decode(answered[2], type=PlaceResults).results
        orders = stall.batches[-1]
        mixed = [
            PlaceResult(refusal=refused) if orders[i].key == "dear" else result for i, result in enumerate(results)
        ]
        return 200, {}, msgspec.msgpack.encode(PlaceResults(mixed))

    front["orders"].script = one_of_two  # type: ignore[assignment]
    good, bad = await asyncio.gather(order(front, ONE), order(front, ONE, Idempotency_Key="dear"))
    assert good[0] == 201
    assert (bad[0], bad[2]["code"], bad[2]["total"]) == (409, "price_changed", 5)
    assert "location" not in bad[1]


async def test_an_order_that_breaks_its_batch_takes_no_other_with_it(front: Hall, stall: Stall) -> None:
    async def brittle(seen: Seen) -> tuple[int, dict[str, str], bytes]:
        answered = await stall(seen)
        return (500, {}, b"") if any(o.key == "poison" for o in stall.batches[-1]) else answered

    front["orders"].script = brittle  # type: ignore[assignment]
    keys = ["poison" if i == 5 else f"good {i}" for i in range(12)]
    answers = await asyncio.gather(*(order(front, ONE, Idempotency_Key=key) for key in keys))
    assert [status for status, _, _ in answers] == [500 if key == "poison" else 201 for key in keys]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "unreadable"),
        (b"", 400, "unreadable"),
        (b'{"lines":[{"sku":"A","quantity":1}],"lines":[{"sku":"A","quantity":1}]}', 400, "duplicate_key"),
        (b'{"lines":[{"sku":"A","quantity":1,"quantity":2}]}', 400, "duplicate_key"),
        (b'{"lines":[{"sku":"A","quantity":1}],"email":"a@b.c","\\u0065mail":"a@b.c"}', 400, "duplicate_key"),
        (b'{"lines":[{"sku":"A","quantity":"x"}]', 400, "unreadable"),
        (b'{"lines":[{"sku":"\\ud800","quantity":1}]}', 400, "unreadable"),
        (b'{"lines":[{"sku":"\xff","quantity":1}]}', 400, "unreadable"),
        (b"[]", 422, "invalid"),
        (b"{}", 422, "invalid"),
        (b'{"lines":[]}', 422, "empty_order"),
        (b'{"lines":null,"cart_id":null}', 422, "invalid"),
        (b'{"cart_id":"x"}', 422, "invalid"),
        (b'{"cart_id":"5f0c1a57-7a0f-4f6e-9a55-0d1c5b0f6f10","lines":[{"sku":"A","quantity":1}]}', 422, "invalid"),
        (b'{"lines":[{"sku":"A","quantity":0}]}', 422, "invalid"),
        (b'{"lines":[{"sku":"A","quantity":-1}]}', 422, "invalid"),
        (b'{"lines":[{"sku":"A","quantity":1000000000000000000}]}', 422, "invalid"),
        (b'{"lines":[{"sku":"A","quantity":1.5}]}', 422, "invalid"),
        (b'{"lines":[{"sku":"A","quantity":"1"}]}', 422, "invalid"),
        (b'{"lines":[{"sku":"A\\u0000","quantity":1}]}', 422, "invalid"),
        (b'{"lines":[{"sku":"A","quantity":1}],"colour":"red"}', 422, "invalid"),
        (b'{"lines":[{"sku":"A","quantity":1}],"email":"nobody"}', 422, "invalid"),
        (b'{"lines":[{"sku":"A","quantity":1}],"expected_total":{"amount":1,"currency":"USD"}}', 422, "invalid"),
        (b'{"lines":[' + b",".join([b'{"sku":"A","quantity":1}'] * 1001) + b"]}", 422, "invalid"),
    ],
)
async def test_bad_bodies_reach_nobody(front: Hall, stall: Stall, body: bytes, status: int, code: str) -> None:
    answered, headers, problem = await order(front, body)
    assert (answered, problem["code"]) == (status, code)
    assert headers["content-type"] == "application/problem+json"
    assert not stall.batches


async def test_colons_in_text_are_no_repeated_members(front: Hall, stall: Stall) -> None:
    address = {"name": "A: B", "line1": "c/o: D::", "postal_code": "1:2", "city": "Ä\U0001f9f8:", "country": "DE"}
    status, _, _ = await order(front, ONE | {"shipping_address": address, "email": "a@b.example"})
    assert status == 201
    assert stall.batches[0][0].shipping_address == address
    assert (await order(front, ONE | {"shipping_address": address | {"country": "XX"}}))[0] == 422


@pytest.mark.parametrize("key", ["", "x" * 256, "ä", "a\tb"])
async def test_a_bad_key_is_refused(front: Hall, stall: Stall, key: str) -> None:
    status, _, problem = await order(front, ONE, Idempotency_Key=key)
    assert (status, problem["errors"][0]["field"]) == (422, "Idempotency-Key")
    assert not stall.batches


async def test_another_media_type_or_scheme_is_refused(front: Hall, stall: Stall) -> None:
    assert (await order(front, ONE, Content_Type="text/plain"))[0] == 415
    assert (await order(front, ONE, Content_Type="Application/JSON; charset=utf-8"))[0] == 201
    status, headers, _ = await order(front, ONE, Authorization="Basic abc")
    assert status == 401
    assert "Bearer" in headers["www-authenticate"]


async def test_without_orders_it_is_503_with_retry_after(
    front: Hall, stall: Stall, monkeypatch: pytest.MonkeyPatch
) -> None:
    front["orders"].script = lambda seen: (503, {}, b"")
    monkeypatch.setattr("markethall.front.checkout.DEADLINE_SECONDS", 0.5)
    status, headers, problem = await order(front, ONE)
    assert (status, problem["code"]) == (503, "service_unavailable")
    assert headers["retry-after"] == "1"
