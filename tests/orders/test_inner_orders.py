"""`POST /internal/orders`: a batch from front, in which each order stands for itself."""

import uuid
from typing import Any

import msgspec

from markethall.contracts.internal import (
    PLACE_ORDERS_PATH,
    OrderLine,
    PlaceOrder,
    PlaceOrders,
    PlaceResult,
    PlaceResults,
)
from markethall.contracts.order_request import OrderRequest, RequestedLine, fingerprint
from tests.orders.conftest import Hall


def order(*lines: tuple[str, int], key: str | None = None, **more: Any) -> PlaceOrder:
    request = OrderRequest(lines=[RequestedLine(sku, quantity) for sku, quantity in lines])
    return PlaceOrder(
        key=key or uuid.uuid4().hex,
        fingerprint=fingerprint(request),
        lines=[OrderLine(sku, quantity) for sku, quantity in lines],
        **more,
    )


async def place(hall: Hall, *orders: PlaceOrder) -> list[PlaceResult]:
    body = msgspec.msgpack.encode(PlaceOrders(list(orders)))
    answer = await hall.call("POST", PLACE_ORDERS_PATH, body, headers={"Content-Type": "application/msgpack"})
    assert answer.status == 200
    return msgspec.msgpack.decode(answer.body, type=PlaceResults).results


def code(result: PlaceResult) -> tuple[int, str]:
    assert result.refusal is not None
    return result.refusal.status, result.refusal.code


async def test_each_order_of_a_batch_is_made_or_refused_for_itself(hall: Hall) -> None:
    sku = await hall.sell(10)
    user = uuid.uuid4()
    results = await place(
        hall,
        order((sku, 1)),
        order((sku, 2), token=hall.accounts.token(user)),
        order((sku, 1), token="forged"),
        order((sku, 1), token=hall.accounts.token(user, lifetime_seconds=-10)),
        order(("NO-SUCH", 1), (sku, 1)),
        order(),
        order((sku, 0)),
        order((sku, 1), email="no address"),
        order((sku, 1), expected_total=11),
        order((sku, 1), shipping_address={"name": "x"}),
        PlaceOrder(key="k", fingerprint=b"", cart_id=uuid.uuid4().bytes),
        PlaceOrder(key="k", fingerprint=b"", cart_id=b"short"),
        order(*[(sku, 1)] * 1001),
        order((sku, 3)),
    )
    made = [results[0].order, results[1].order, results[13].order]
    assert [result.order is not None for result in results] == [True, True, *[False] * 11, True]
    assert [code(result) for result in results[2:13]] == [
        (401, "invalid_token"),
        (401, "token_expired"),
        (422, "unknown_sku"),
        (422, "empty_order"),
        (422, "invalid"),
        (422, "invalid"),
        (409, "price_changed"),
        (422, "invalid"),
        (404, "cart_not_found"),
        (422, "invalid"),
        (422, "invalid"),
    ]
    assert results[4].refusal is not None
    assert results[4].refusal.extra == {"skus": ["NO-SUCH"]}
    documents = [msgspec.json.decode(one.body) for one in made if one is not None]
    assert [document["lines"][0]["quantity"] for document in documents] == [1, 2, 3]
    numbers = [document["number"] for document in documents]
    assert numbers == sorted(numbers), "numbers follow the order of arrival"
    for one, document in zip(made, documents, strict=True):
        assert one is not None
        assert (str(uuid.UUID(bytes=one.order_id)), one.number, one.status) == (
            document["id"],
            document["number"],
            "pending",
        )
    path = f"/api/orders/{documents[1]['id']}"
    assert (await hall.call("GET", path)).status == 404
    assert (await hall.call("GET", path, headers=hall.accounts.bearer(user))).status == 200


async def test_a_key_used_twice_in_one_batch_makes_one_order_and_another_body_is_refused(hall: Hall) -> None:
    sku, key = await hall.sell(), uuid.uuid4().hex
    batch = [order((sku, 1), key=key), order((sku, 1), key=key), order((sku, 2), key=key)]
    for _ in range(2):
        first, second, third = await place(hall, *batch)
        assert first.order is not None
        assert second.order is not None
        assert first.order.order_id == second.order.order_id
        assert code(third) == (422, "idempotency_key_reused")
        # Again, now that the order exists.


async def test_a_refused_first_does_not_speak_for_another_body_under_the_same_key(hall: Hall) -> None:
    sku, key = await hall.sell(), uuid.uuid4().hex
    first, again, other = await place(
        hall, order(("NO-SUCH", 1), key=key), order(("NO-SUCH", 1), key=key), order((sku, 1), key=key)
    )
    assert code(first) == code(again) == (422, "unknown_sku")
    assert other.order is not None


async def test_a_key_belongs_to_who_uses_it(hall: Hall) -> None:
    sku, key = await hall.sell(), uuid.uuid4().hex
    tokens = [None, *(hall.accounts.token(uuid.uuid4()) for _ in range(2))]
    results = await place(hall, *(order((sku, 1), key=key, token=token) for token in tokens))
    assert len({result.order.order_id for result in results if result.order}) == 3


async def test_two_orders_of_one_cart_in_one_batch_sell_it_once(hall: Hall) -> None:
    sku = await hall.sell()
    cart = uuid.UUID((await hall.call("POST", "/api/carts")).body["id"])
    await hall.call("PUT", f"/api/carts/{cart}/lines/{sku}", {"quantity": 1})
    dear = PlaceOrder(key=uuid.uuid4().hex, fingerprint=b"", cart_id=cart.bytes, expected_total=1)
    wishes = [PlaceOrder(key=uuid.uuid4().hex, fingerprint=b"", cart_id=cart.bytes) for _ in range(3)]
    refused, made, *others = await place(hall, dear, *wishes)
    assert code(refused) == (409, "price_changed")
    assert made.order is not None
    assert [code(other) for other in others] == [(422, "empty_order")] * 2
    repeated, *_ = await place(hall, wishes[0])
    assert repeated.order is not None
    assert repeated.order.order_id == made.order.order_id


async def test_unreadable_or_oversized_batches_are_refused_whole(hall: Hall) -> None:
    headers = {"Content-Type": "application/msgpack"}
    for nonsense in (b"\xc1", msgspec.msgpack.encode({"orders": 5})):
        reply = await hall.call("POST", PLACE_ORDERS_PATH, nonsense, headers=headers)
        assert (reply.status, reply.body["code"]) == (400, "unreadable")
    many = msgspec.msgpack.encode(PlaceOrders([order()] * 501))
    assert (await hall.call("POST", PLACE_ORDERS_PATH, many, headers=headers)).status == 413
