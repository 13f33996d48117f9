"""The public and the inner HTTP of inventory, as a process would serve it, over a real bus."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import aiohttp
import asyncpg
import msgspec
import pytest
from nats.aio.msg import Msg

from markethall.contracts.internal import AVAILABILITY_PATH, AvailabilityAnswer, AvailabilityRequest
from markethall.contracts.messages import (
    OrdersCancelled,
    OrdersPlaced,
    Pulse,
    Replica,
    StockChanged,
    StockSettled,
    VariantSnapshot,
)
from markethall.contracts.topology import (
    LIVE_PULSE,
    LIVE_STOCK_CHANGED,
    ORDERS_CANCELLED,
    ORDERS_PLACED,
    ORDERS_STOCK,
    STOCK_SETTLED,
)
from markethall.inventory.app import create
from markethall.kit.applied import front_name
from markethall.kit.bus import APPLIED_TO, Bus
from markethall.kit.consumer import Consumer
from markethall.kit.registry import Registration
from markethall.local.nats import EmbeddedNats
from tests.inventory.warehouse import new_id, placed
from tests.orders.neighbours import Accounts, Catalog, publish
from tests.support.machine import Machine, eventually, running, settings_for


@dataclass
class Answer:
    status: int
    body: Any


@dataclass
class Hall:
    """Two replicas of inventory; the other parts are played by the test."""

    addresses: list[str]
    http: aiohttp.ClientSession
    connection: "asyncpg.Connection[asyncpg.Record]"
    catalog: Catalog
    accounts: Accounts
    orders: Bus
    front: Bus

    async def call(self, method: str, path: str, body: object = None, *, replica: int = 0, **headers: str) -> Answer:
        """As an admin, unless `Authorization` says otherwise. Header names are written with `_` for `-`."""
        sent = self.accounts.bearer(uuid.UUID(int=1), "admin")
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        data: bytes | None = None
        if body is not None:
            data = body if isinstance(body, bytes) else msgspec.json.encode(body)
            sent.setdefault("Content-Type", "application/json")
        async with self.http.request(method, self.addresses[replica] + path, data=data, headers=sent) as response:
            raw = await response.read()
            return Answer(response.status, msgspec.json.decode(raw) if raw else None)

    async def new_sku(self) -> str:
        sku = f"S-{uuid.uuid4().hex[:12]}"
        await self.catalog.tell(self.catalog.make(VariantSnapshot(sku, {}, 100)))
        await eventually(lambda: self.knows(sku))
        return sku

    async def knows(self, sku: str) -> bool:
        return (await self.call("GET", f"/api/stock/{sku}")).status == 200

    async def receive(
        self, sku: str, quantity: Any, reference: str = "", *, replica: int = 0, **headers: str
    ) -> Answer:
        body = {"quantity": quantity, "reference": reference}
        return await self.call("POST", f"/api/stock/{sku}/receipts", body, replica=replica, **headers)

    async def level(self, sku: str) -> tuple[int, int, int]:
        body = (await self.call("GET", f"/api/stock/{sku}")).body
        return body["on_hand"], body["reserved"], body["available"]


@pytest.fixture(scope="module")
async def hall(machine: Machine, nats: EmbeddedNats) -> AsyncIterator[Hall]:
    url = await machine.new_database("inventory")
    async with AsyncExitStack() as stack:
        catalog, accounts, orders, front = [
            await stack.enter_async_context(Bus(settings_for(part, "", nats), part))
            for part in ("catalog", "accounts", "orders", "front")
        ]
        shelves, offices = Catalog(catalog), Accounts(accounts)
        await shelves.answer_snapshots()
        await offices.publish_key()
        addresses = [
            await stack.enter_async_context(running(create, settings_for("inventory", url, nats, replica=name)))
            for name in ("one", "two")
        ]
        connection = await asyncpg.connect(url)
        stack.push_async_callback(connection.close)
        http = await stack.enter_async_context(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)))
        hall = Hall(addresses, http, connection, shelves, offices, orders, front)

        async def ready() -> bool:
            answers = [await hall.call("GET", "/health/ready", replica=replica) for replica in (0, 1)]
            return all(answer.body["dependencies"]["keys"] == "up" for answer in answers)

        await eventually(ready)
        yield hall


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
    }


async def test_a_correction_never_goes_below_what_is_reserved(hall: Hall) -> None:
    sku = await hall.new_sku()
    await hall.receive(sku, 10)
    await publish(hall.orders, ORDERS_PLACED, placed((new_id(), {sku: 4})))
    await eventually(lambda: has_level(hall, sku, (10, 4, 6)))
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


async def test_an_order_travels_over_the_bus_and_is_answered(hall: Hall) -> None:
    sku = await hall.new_sku()
    await hall.receive(sku, 1)
    first, second = new_id(), new_id()
    settled: dict[bytes, bool] = {}

    async def hear(messages: Any) -> None:
        for message in messages:
            if isinstance(message, StockSettled):
                settled.update(zip(message.order_ids, message.reserved, strict=True))

    types: dict[str, type[Any]] = {STOCK_SETTLED: StockSettled, "stock.released": Any, "stock.dispatched": Any}
    async with Consumer(hall.orders, ORDERS_STOCK, types, hear):
        message = OrdersPlaced([first, second], [1, 1], [sku, sku], [1, 1])
        await publish(hall.orders, ORDERS_PLACED, message)
        await eventually(lambda: {first, second} <= settled.keys())
        assert (settled[first], settled[second]) == (True, False)
        await publish(hall.orders, ORDERS_CANCELLED, OrdersCancelled([first]))
        await eventually(lambda: has_level(hall, sku, (1, 0, 1)))


async def test_a_receipt_is_answered_after_every_front_has_applied_it(hall: Hall) -> None:
    sku = await hall.new_sku()
    applied: list[tuple[str, int]] = []
    release = asyncio.Event()

    async def hear(message: Msg) -> None:
        changed = msgspec.msgpack.decode(message.data, type=StockChanged)
        if sku in changed.skus:
            await release.wait()
            applied.append((sku, changed.available[0]))
            assert message.headers is not None
            await hall.front.publish_live(message.headers[APPLIED_TO], front_name("f1").encode())

    await hall.front.listen(LIVE_STOCK_CHANGED, hear)
    front = Replica(service="front", id="f1", address="http://127.0.0.1:1", version="", since="")
    async with Registration(hall.front, front):
        received = asyncio.create_task(hall.receive(sku, 3))
        await eventually(lambda: has_level(hall, sku, (3, 0, 3)))
        assert not received.done()
        release.set()
        assert (await received).status == 201
        assert applied == [(sku, 3)]


async def test_a_receipt_that_a_front_does_not_confirm_is_said_again_and_answered(hall: Hall) -> None:
    sku = await hall.new_sku()
    heard: list[int] = []

    async def hear(message: Msg) -> None:
        changed = msgspec.msgpack.decode(message.data, type=StockChanged)
        if sku in changed.skus:
            heard.append(changed.versions[0])

    await hall.front.listen(LIVE_STOCK_CHANGED, hear)
    silent = Replica(service="front", id="f2", address="http://127.0.0.1:1", version="", since="")
    async with Registration(hall.front, silent):
        await eventually(lambda: f2_is_live(hall))
        assert (await hall.receive(sku, 3)).status == 201
        # By the relay, and by the replica that answered.
        await eventually(lambda: heard == [2, 2])


async def test_each_replica_pulses(hall: Hall) -> None:
    heard: set[str] = set()

    async def hear(message: Msg) -> None:
        heard.add(msgspec.msgpack.decode(message.data, type=Pulse).replica)

    await hall.front.listen(LIVE_PULSE, hear)
    await eventually(lambda: heard == {"one", "two"})


async def test_the_api_is_described(hall: Hall) -> None:
    document = (await hall.call("GET", "/openapi.json")).body
    paths = {path: set(methods) for path, methods in document["paths"].items() if path.startswith("/api/")}
    assert paths == {
        "/api/stock/{sku}": {"get"},
        "/api/stock/{sku}/receipts": {"post"},
        "/api/stock/{sku}/movements": {"get"},
        "/api/stock/{sku}/replenishment": {"get", "put", "delete"},
    }
    for path in paths:
        for operation in document["paths"][path].values():
            assert operation["summary"]
            assert operation["tags"] == ["stock"]


async def has_level(hall: Hall, sku: str, level: tuple[int, int, int]) -> bool:
    return await hall.level(sku) == level


async def f2_is_live(hall: Hall) -> bool:
    """Inventory hears of it no later than we do: registrations reach all listeners in one go."""
    entries = await (await hall.front.jetstream.key_value("replicas")).keys()
    return "front.f2" in entries
