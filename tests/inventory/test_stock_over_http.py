"""The public and the inner HTTP of inventory."""

import asyncio
import uuid

import msgspec
import pytest

from markethall.contracts.internal import AVAILABILITY_PATH, AvailabilityAnswer, AvailabilityRequest
from markethall.contracts.topology import ORDERS_PLACED
from tests.inventory.hall import Hall
from tests.inventory.warehouse import new_id, placed
from tests.orders.neighbours import publish
from tests.support.machine import eventually


async def test_a_receipt_is_on_hand_at_once_and_in_the_ledger(hall: Hall) -> None:
    sku = await hall.new_sku()
    answer = await hall.receive(sku, 10, "PO-1")
    assert answer.status == 201
    assert answer.body["kind"] == "receipt"
    assert answer.body["stock"] == {"sku": sku, "on_hand": 10, "reserved": 0, "available": 10, "version": 2}
    assert (await hall.call("GET", f"/api/stock/{sku}", replica=1)).body == answer.body["stock"]
    [movement] = (await hall.call("GET", f"/api/stock/{sku}/movements")).body["items"]
    assert movement == {
        "id": answer.body["id"],
        "kind": "receipt",
        "on_hand_delta": 10,
        "reserved_delta": 0,
        "order_id": None,
        "reference": "PO-1",
        "at": answer.body["at"],
        "on_hand": 10,
        "reserved": 0,
    }


async def test_a_correction_never_goes_below_what_is_reserved(hall: Hall) -> None:
    sku = await hall.new_sku()
    await hall.receive(sku, 10)
    await publish(hall.orders, ORDERS_PLACED, placed((new_id(), {sku: 4})))
    await eventually(lambda: hall.has_level(sku, (10, 4, 6)))
    refused = await hall.receive(sku, -7)
    assert (refused.status, refused.body["code"]) == (409, "below_reserved")
    assert (refused.body["on_hand"], refused.body["reserved"]) == (10, 4)
    assert (await hall.receive(sku, -6)).body["kind"] == "correction"
    assert await hall.level(sku) == (4, 4, 0)


@pytest.mark.parametrize("quantity", [0, 10**9 + 1, -(10**9) - 1, 10**18, 1.5, "1", True, None])
async def test_bad_quantities_are_refused(hall: Hall, quantity: object) -> None:
    sku = await hall.new_sku()
    refused = await hall.receive(sku, quantity)
    assert (refused.status, refused.body["code"]) == (422, "invalid")
    assert refused.body["errors"][0]["field"] == "quantity"
    assert await hall.level(sku) == (0, 0, 0)


@pytest.mark.parametrize("body", [{}, {"quantity": 1, "colour": "red"}, {"quantity": 1, "reference": "a\0b"}, [], 7])
async def test_bad_receipts_are_refused(hall: Hall, body: object) -> None:
    refused = await hall.call("POST", f"/api/stock/{await hall.new_sku()}/receipts", body)
    assert (refused.status, refused.body["code"]) == (422, "invalid")


async def test_there_is_an_end_to_what_can_be_on_hand(hall: Hall) -> None:
    sku = await hall.new_sku()
    await hall.connection.execute("UPDATE stock SET on_hand = 1000000000000 - 5 WHERE sku = $1", sku)
    refused = await hall.receive(sku, 6)
    assert (refused.status, refused.body["code"]) == (409, "too_much_stock")
    assert (await hall.receive(sku, 5)).status == 201


async def test_one_key_receives_once_through_any_replica(hall: Hall) -> None:
    sku = await hall.new_sku()
    answers = await asyncio.gather(
        *(hall.receive(sku, 5, "PO-2", replica=n % 2, Idempotency_Key="k-1") for n in range(20))
    )
    assert {answer.status for answer in answers} == {201}
    assert all(answer.body == answers[0].body for answer in answers)
    assert await hall.level(sku) == (5, 0, 5)
    for quantity, reference in ((6, "PO-2"), (5, "PO-3")):
        refused = await hall.receive(sku, quantity, reference, Idempotency_Key="k-1")
        assert (refused.status, refused.body["code"]) == (422, "idempotency_key_reused")
    other = await hall.new_sku()
    assert (await hall.receive(other, 5, "PO-2", Idempotency_Key="k-1")).status == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "ü"])
async def test_bad_keys_are_refused(hall: Hall, key: str) -> None:
    refused = await hall.receive(await hall.new_sku(), 5, Idempotency_Key=key)
    assert (refused.status, refused.body["code"]) == (422, "invalid")


async def test_only_admins_change_stock_or_read_the_ledger(hall: Hall) -> None:
    sku = await hall.new_sku()
    buyer = hall.accounts.bearer(uuid.uuid4())["Authorization"]
    calls: list[tuple[str, str, object]] = [
        ("POST", "receipts", {"quantity": 1}),
        ("GET", "movements", None),
        ("GET", "replenishment", None),
        ("PUT", "replenishment", {"target": 5, "interval_seconds": 5}),
        ("DELETE", "replenishment", None),
    ]
    for method, what, body in calls:
        path = f"/api/stock/{sku}/{what}"
        assert (await hall.call(method, path, body, Authorization=buyer)).status == 403
        assert (await hall.call(method, path, body, Authorization="Bearer forged")).status == 401
    async with hall.http.get(f"{hall.addresses[0]}/api/stock/{sku}") as anyone:
        assert anyone.status == 200
    async with hall.http.post(f"{hall.addresses[0]}/api/stock/{sku}/receipts", json={"quantity": 1}) as nobody:
        assert nobody.status == 401


@pytest.mark.parametrize("sku", ["NO-SUCH", "a%00b", "'%20OR%201=1--", "..%2F..%2Fetc", "x" * 5000, "%F0%9F%92%A9"])
async def test_unknown_skus_are_not_found(hall: Hall, sku: str) -> None:
    calls: list[tuple[str, str, object]] = [
        ("GET", "", None),
        ("POST", "/receipts", {"quantity": 1}),
        ("GET", "/movements", None),
        ("GET", "/replenishment", None),
        ("PUT", "/replenishment", {"target": 5, "interval_seconds": 5}),
        ("DELETE", "/replenishment", None),
    ]
    for method, what, body in calls:
        answer = await hall.call(method, f"/api/stock/{sku}{what}", body)
        assert (answer.status, answer.body["code"]) == (404, "not_found")


async def test_the_ledger_is_paged_newest_first(hall: Hall) -> None:
    sku = await hall.new_sku()
    for quantity in range(1, 6):
        await hall.receive(sku, quantity)
    seen: list[int] = []
    cursor = ""
    while True:
        page = (await hall.call("GET", f"/api/stock/{sku}/movements?limit=2{cursor}")).body
        seen += [item["on_hand_delta"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == [5, 4, 3, 2, 1]
    elsewhere = await hall.call("GET", f"/api/stock/{await hall.new_sku()}/movements?limit=2{cursor}")
    assert (elsewhere.status, elsewhere.body["code"]) == (422, "invalid_cursor")
    for bad in ("limit=0", "limit=101", "limit=x", "cursor=%00", "cursor=abc"):
        assert (await hall.call("GET", f"/api/stock/{sku}/movements?{bad}")).status == 422


async def test_availability_names_the_skus_that_are_known(hall: Hall) -> None:
    sku, empty = await hall.new_sku(), await hall.new_sku()
    await hall.receive(sku, 3)
    body = msgspec.msgpack.encode(AvailabilityRequest([sku, empty, "NO-SUCH", "a\0b", sku]))
    async with hall.http.post(hall.addresses[0] + AVAILABILITY_PATH, data=body) as response:
        answer = msgspec.msgpack.decode(await response.read(), type=AvailabilityAnswer)
    found = {known: (n, version) for known, n, version in zip(*msgspec.structs.astuple(answer), strict=True)}
    assert found == {sku: (3, 2), empty: (0, 1)}
    async with hall.http.post(hall.addresses[0] + AVAILABILITY_PATH, data=b"\xc1") as response:
        assert response.status == 400


async def test_replenishment_is_set_read_and_taken_away(hall: Hall) -> None:
    sku = await hall.new_sku()
    path = f"/api/stock/{sku}/replenishment"
    assert (await hall.call("GET", path)).status == 404
    put = await hall.call("PUT", path, {"target": 100, "interval_seconds": 3600})
    assert put.status == 200
    assert (put.body["sku"], put.body["target"], put.body["interval_seconds"]) == (sku, 100, 3600)
    assert (await hall.call("GET", path, replica=1)).body == put.body
    again = await hall.call("PUT", path, {"target": 50, "interval_seconds": 3600})
    assert again.body == put.body | {"target": 50}
    later = await hall.call("PUT", path, {"target": 50, "interval_seconds": 7200})
    assert later.body["next_at"] > put.body["next_at"]
    for body in ({"target": 0, "interval_seconds": 1}, {"target": 1, "interval_seconds": 0}, {"target": 1}):
        assert (await hall.call("PUT", path, body)).status == 422
    assert (await hall.call("DELETE", path)).status == 204
    assert (await hall.call("DELETE", path)).status == 204
    assert (await hall.call("GET", path)).status == 404


async def test_the_api_is_described(hall: Hall) -> None:
    document = (await hall.call("GET", "/openapi.json")).body
    paths = {path: set(methods) for path, methods in document["paths"].items() if path.startswith("/api/")}
    assert paths == {
        "/api/stock": {"get"},
        "/api/stock/{sku}": {"get"},
        "/api/stock/{sku}/receipts": {"post"},
        "/api/stock/{sku}/movements": {"get"},
        "/api/stock/{sku}/replenishment": {"get", "put", "delete"},
    }
    for path in paths:
        for operation in document["paths"][path].values():
            assert operation["summary"]
            assert operation["tags"] == ["stock"]
