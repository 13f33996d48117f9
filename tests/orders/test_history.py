"""Reading orders: one's own, in pages, by number, live."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from markethall.cli.events import ServerEvent, events_of
from tests.orders.conftest import Hall
from tests.orders.test_cancellation import pending, settle


async def test_a_user_pages_through_the_own_orders_newest_first(hall: Hall) -> None:
    user, other = hall.accounts.bearer(uuid.uuid4()), hall.accounts.bearer(uuid.uuid4())
    sku = await hall.sell()
    bought = [(await hall.buy((sku, 1), headers=user)).body for _ in range(5)]
    await hall.buy((sku, 1), headers=other)
    first = (await hall.call("GET", "/api/orders?limit=3", headers=user)).body
    second = (await hall.call("GET", f"/api/orders?limit=3&cursor={first['next_cursor']}", headers=user)).body
    assert first["items"] + second["items"] == bought[::-1]
    assert second["next_cursor"] is None
    one = (await hall.call("GET", f"/api/orders?number={bought[2]['number']}", headers=user)).body
    assert one["items"] == [bought[2]]
    none = (await hall.call("GET", f"/api/orders?number={bought[2]['number']}", headers=other)).body
    assert none["items"] == []


async def test_only_an_admin_lists_everybodys_orders(hall: Hall) -> None:
    await hall.buy((await hall.sell(), 1))
    admin, user = hall.accounts.bearer(uuid.uuid4(), "admin"), hall.accounts.bearer(uuid.uuid4())
    everybodys = await hall.call("GET", "/api/orders?all=true&limit=1", headers=admin)
    assert len(everybodys.body["items"]) == 1
    assert (await hall.call("GET", "/api/orders?all=true", headers=user)).status == 403
    assert (await hall.call("GET", "/api/orders")).status == 401
    cursor = everybodys.body["next_cursor"]
    elsewhere = await hall.call("GET", f"/api/orders?cursor={cursor}", headers=admin)
    assert (elsewhere.status, elsewhere.body["code"]) == (422, "invalid_cursor")


async def test_bad_pages_are_refused(hall: Hall) -> None:
    user = hall.accounts.bearer(uuid.uuid4())
    for query in (
        "limit=0",
        "limit=101",
        "limit=x",
        "number=0",
        "number=-1",
        f"number={2**63}",
        "cursor=%00",
        "cursor=x",
    ):
        assert (await hall.call("GET", f"/api/orders?{query}", headers=user)).status == 422, query


async def test_the_order_of_a_user_is_seen_by_that_user_and_admins_only(hall: Hall) -> None:
    owner, other = hall.accounts.bearer(uuid.uuid4()), hall.accounts.bearer(uuid.uuid4())
    admin = hall.accounts.bearer(uuid.uuid4(), "admin")
    bought = (await hall.buy((await hall.sell(), 1), headers=owner)).body
    for suffix in ("", "/events"):
        path = f"/api/orders/{bought['id']}{suffix}"
        for headers, status in ((owner, 200), (admin, 200), (other, 404), (None, 404)):
            if suffix and status == 200:
                continue
            assert (await hall.call("GET", path, headers=headers)).status == status
    for nonsense in ("x", "%00", "0" * 36, str(uuid.uuid4()), "%27%3B%20DROP%20TABLE%20orders%3B--"):
        assert (await hall.call("GET", f"/api/orders/{nonsense}")).status == 404


async def read_events(hall: Hall, order_id: str, *, replica: int = 0, **headers: str) -> AsyncIterator[ServerEvent]:
    url = f"{hall.addresses[replica]}/api/orders/{order_id}/events"
    async with hall.http.get(url, headers={k.replace("_", "-"): v for k, v in headers.items()}) as response:
        assert response.status == 200
        assert response.headers["Content-Type"].startswith("text/event-stream")
        async for event in events_of(response.content):
            yield event


def data(event: ServerEvent) -> Any:
    return msgspec.json.decode(event.data)


async def test_events_tell_the_status_now_and_each_change_and_end_after_a_final_one(hall: Hall) -> None:
    order_id = await pending(hall)
    seen: list[ServerEvent] = []

    async def watch(replica: int) -> list[str]:
        statuses = []
        async for event in read_events(hall, order_id, replica=replica):
            assert event.kind == "status"
            seen.append(event)
            statuses.append(data(event)["status"])
        return statuses

    watching = [asyncio.create_task(watch(replica)) for replica in (0, 1)]
    await hall.until(lambda: len(seen) == 2)
    await settle(hall, order_id)
    await hall.until(lambda: len(seen) == 4)
    await hall.call("POST", f"/api/orders/{order_id}/cancellation")
    async with asyncio.timeout(10):
        assert await asyncio.gather(*watching) == [["pending", "confirmed", "cancelled"]] * 2
    assert sorted(event.id or "" for event in seen) == ["0", "0", "1", "1", "2", "2"]
    history = (await hall.order(order_id))["history"]
    assert {data(event)["at"] for event in seen} == {entry["at"] for entry in history}

    resumed = [data(event)["status"] async for event in read_events(hall, order_id, Last_Event_ID="0")]
    assert resumed == ["confirmed", "cancelled"]
    unknown = [data(event)["status"] async for event in read_events(hall, order_id, Last_Event_ID="x")]
    assert unknown == ["cancelled"]
    everything = await hall.call("GET", f"/api/orders/{order_id}/events", headers={"Last-Event-ID": "2"})
    assert everything.status == 204


async def test_an_erased_account_leaves_its_orders_without_the_person(hall: Hall) -> None:
    user_id = uuid.uuid4()
    user = hall.accounts.bearer(user_id)
    sku = await hall.sell()
    address = {"name": "Ada", "line1": "1 Way", "postal_code": "1", "city": "Ulm", "country": "DE"}
    cart = (await hall.call("POST", "/api/carts", headers=user)).body
    await hall.call("PUT", f"/api/carts/{cart['id']}/lines/{sku}", {"quantity": 1}, headers=user)
    body = {"cart_id": cart["id"], "email": "ada@example.org", "shipping_address": address}
    bought = (await hall.call("POST", "/api/orders", body, headers=user)).body
    guest = (await hall.call("POST", "/api/carts")).body
    await hall.call("POST", f"/api/carts/{guest['id']}/claim", headers=user)
    stored = "SELECT user_id, email, cart_id, shipping_address FROM orders WHERE id = $1"
    before = await hall.database.fetchrow(stored, uuid.UUID(bought["id"]))
    assert before is not None
    assert list(before)[:3] == [user_id, "ada@example.org", uuid.UUID(cart["id"])]
    assert msgspec.json.decode(before["shipping_address"]) == address
    await hall.accounts.erase(user_id)

    async def forgotten() -> bool:
        row = await hall.database.fetchrow(stored, uuid.UUID(bought["id"]))
        return row is not None and list(row) == [None] * 4

    await hall.until(forgotten)
    assert (await hall.order(bought["id"]))["lines"] == bought["lines"]
    ids = [uuid.UUID(cart["id"]), uuid.UUID(guest["id"])]
    assert await hall.database.fetchval("SELECT count(*) FROM carts WHERE id = ANY($1)", ids) == 0
