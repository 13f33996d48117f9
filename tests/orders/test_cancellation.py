"""Cancelling: before, after, twice, and at the same moment as the outcome."""

import asyncio
import uuid

from markethall.contracts.messages import StockSettled
from tests.orders.conftest import Hall
from tests.orders.neighbours import now


async def pending(hall: Hall) -> str:
    """An order that inventory has heard of and not answered."""
    sku = await hall.sell()
    hall.inventory.answering = False
    try:
        answer = await hall.buy((sku, 1), headers={"Prefer": "respond-async"})
        assert answer.status == 202
        await hall.inventory.heard(answer.body["id"], hall.inventory.placed)
    finally:
        hall.inventory.answering = True
    order_id: str = answer.body["id"]
    return order_id


async def settle(hall: Hall, order_id: str) -> None:
    """Inventory's late answer: reserved."""
    await hall.inventory.say(StockSettled([uuid.UUID(order_id).bytes], [True], [now()]))


async def test_a_confirmed_order_is_cancelled_and_its_stock_returned(hall: Hall) -> None:
    sku = await hall.sell()
    bought = await hall.buy((sku, 1))
    answer = await hall.call("POST", f"/api/orders/{bought.body['id']}/cancellation")
    assert (answer.status, answer.body["status"]) == (200, "cancelled")
    assert [entry["status"] for entry in answer.body["history"]] == ["pending", "confirmed", "cancelled"]
    assert answer.body["reason"] == "cancelled_on_request"
    assert hall.inventory.cancelled.count(uuid.UUID(bought.body["id"]).bytes) == 1


async def test_repeating_a_cancellation_is_harmless(hall: Hall) -> None:
    bought = await hall.buy((await hall.sell(), 1))
    path = f"/api/orders/{bought.body['id']}/cancellation"
    answers = await asyncio.gather(*(hall.call("POST", path, replica=n) for n in range(10)))
    assert {answer.status for answer in answers} == {200}
    assert all(answer.body == answers[0].body for answer in answers)
    assert hall.inventory.cancelled.count(uuid.UUID(bought.body["id"]).bytes) == 1


async def test_a_pending_order_is_cancelled_at_once_and_a_late_outcome_changes_nothing(hall: Hall) -> None:
    order_id = await pending(hall)
    answer = await hall.call("POST", f"/api/orders/{order_id}/cancellation")
    assert answer.body["status"] == "cancelled"
    await settle(hall, order_id)
    recorded = "SELECT reserved_at IS NOT NULL FROM orders WHERE id = $1"

    async def is_recorded() -> bool:
        return bool(await hall.database.fetchval(recorded, uuid.UUID(order_id)))

    await hall.until(is_recorded)
    assert await hall.order(order_id) == answer.body


async def test_a_cancellation_is_answered_202_while_inventory_is_silent(hall: Hall) -> None:
    bought = await hall.buy((await hall.sell(), 1))
    hall.inventory.answering = False
    try:
        answer = await hall.call(
            "POST", f"/api/orders/{bought.body['id']}/cancellation", headers={"Prefer": "respond-async"}
        )
        assert (answer.status, answer.body["status"]) == (202, "cancelled")
        assert answer.headers["Preference-Applied"] == "respond-async"
    finally:
        hall.inventory.answering = True


async def test_a_rejected_order_is_not_cancellable(hall: Hall) -> None:
    sku = await hall.sell()
    hall.inventory.stock[sku] = 0
    refused = await hall.buy((sku, 1))
    answer = await hall.call("POST", f"/api/orders/{refused.body['order_id']}/cancellation")
    assert (answer.status, answer.body["code"]) == (409, "not_cancellable")


async def test_a_cancellation_races_the_outcome_and_both_ends_agree(hall: Hall) -> None:
    for _ in range(10):
        order_id = await pending(hall)
        answer, _ = await asyncio.gather(
            hall.call("POST", f"/api/orders/{order_id}/cancellation"), settle(hall, order_id)
        )
        assert answer.status == 200
        order = await hall.order(order_id)
        statuses = [entry["status"] for entry in order["history"]]
        assert statuses in (["pending", "cancelled"], ["pending", "confirmed", "cancelled"])


async def test_only_an_admin_fulfils_and_only_what_is_confirmed(hall: Hall) -> None:
    admin = hall.accounts.bearer(uuid.uuid4(), "admin")
    bought = await hall.buy((await hall.sell(), 1))
    path = f"/api/orders/{bought.body['id']}"
    assert (await hall.call("POST", f"{path}/fulfilment")).status == 401
    assert (await hall.call("POST", f"{path}/fulfilment", headers=hall.accounts.bearer(uuid.uuid4()))).status == 403
    answer = await hall.call("POST", f"{path}/fulfilment", headers=admin)
    assert (answer.status, answer.body["status"]) == (200, "fulfilled")
    again = await hall.call("POST", f"{path}/fulfilment", headers=admin)
    assert (again.status, again.body) == (200, answer.body)
    late = await hall.call("POST", f"{path}/cancellation")
    assert (late.status, late.body["code"]) == (409, "not_cancellable")

    order_id = await pending(hall)
    early = await hall.call("POST", f"/api/orders/{order_id}/fulfilment", headers=admin)
    assert (early.status, early.body["code"]) == (409, "not_fulfillable")


async def test_nobody_cancels_the_order_of_somebody_else(hall: Hall) -> None:
    owner, other = uuid.uuid4(), uuid.uuid4()
    bought = await hall.buy((await hall.sell(), 1), headers=hall.accounts.bearer(owner))
    path = f"/api/orders/{bought.body['id']}/cancellation"
    assert (await hall.call("POST", path)).status == 404
    assert (await hall.call("POST", path, headers=hall.accounts.bearer(other))).status == 404
    assert (await hall.call("POST", path, headers=hall.accounts.bearer(owner))).status == 200
