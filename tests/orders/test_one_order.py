"""The path of one order, with inventory played by the test."""

import asyncio
import uuid

from tests.orders.conftest import Hall


async def test_an_order_is_confirmed_once_inventory_has_reserved_it(hall: Hall) -> None:
    sku = await hall.sell(250, size="L")
    answer = await hall.buy((sku, 2), (sku, 1))
    assert answer.status == 201
    order = answer.body
    assert order["status"] == "confirmed"
    assert order["lines"] == [
        {
            "sku": sku,
            "name": "Toy",
            "options": {"size": "L"},
            "quantity": 3,
            "unit_price": {"amount": 250, "currency": "EUR"},
            "line_total": {"amount": 750, "currency": "EUR"},
        }
    ]
    assert order["total"] == {"amount": 750, "currency": "EUR"}
    assert [entry["status"] for entry in order["history"]] == ["pending", "confirmed"]
    assert order["settled_at"] == order["history"][1]["at"]
    assert answer.headers["Location"] == f"/api/orders/{order['id']}"
    assert await hall.order(order["id"]) == order


async def test_an_order_beyond_the_stock_is_rejected_with_its_shortages(hall: Hall) -> None:
    sku = await hall.sell()
    hall.inventory.stock[sku] = 1
    answer = await hall.buy((sku, 2))
    assert answer.status == 409
    assert answer.body["code"] == "out_of_stock"
    assert answer.body["shortages"] == [{"sku": sku, "requested": 2, "available": 1}]
    order = await hall.order(answer.body["order_id"])
    assert (order["status"], order["reason"]) == ("rejected", "out_of_stock")
    assert order["shortages"] == [{"sku": sku, "requested": 2, "available": 1}]
    assert answer.headers["Location"].endswith(order["id"])


async def test_one_key_sent_fifty_times_at_once_to_two_replicas_makes_one_order(hall: Hall) -> None:
    sku = await hall.sell()
    key = uuid.uuid4().hex
    answers = await asyncio.gather(
        *(hall.buy((sku, 1), replica=n, headers={"Idempotency-Key": key}) for n in range(50))
    )
    assert {answer.status for answer in answers} == {201}
    assert all(answer.body == answers[0].body for answer in answers)
    count = "SELECT count(*) FROM orders WHERE lines @> jsonb_build_array(jsonb_build_object('sku', $1::text))"
    assert await hall.database.fetchval(count, sku) == 1
