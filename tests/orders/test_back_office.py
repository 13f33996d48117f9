"""The back office's view of orders: search, filters, pages of bounded work, and the facts of one order."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from markethall.kit.db import Database
from markethall.kit.settings import Settings
from markethall.orders.back_office import listing
from markethall.orders.back_office.moments import number_after, number_before
from markethall.orders.back_office.repository import STATUS
from markethall.orders.fulfilment.status import status_of
from markethall.orders.order import facts_from
from tests.orders.conftest import Answer, Hall
from tests.orders.test_cancellation import pending, settle


def admin(hall: Hall) -> dict[str, str]:
    return hall.accounts.bearer(uuid.uuid4(), "admin")


async def listed(hall: Hall, query: str = "", **headers: str) -> Answer:
    return await hall.call("GET", f"/api/admin/orders?{query}", headers=admin(hall) | headers)


async def everything(hall: Hall, query: str) -> list[Any]:
    """All pages."""
    items: list[Any] = []
    cursor = ""
    while True:
        page = (await listed(hall, query + cursor)).body
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        cursor = f"&cursor={page['next_cursor']}"


async def buy(hall: Hall, *lines: tuple[str, int], email: str | None = None, user: uuid.UUID | None = None) -> Any:
    body: dict[str, Any] = {"lines": [{"sku": sku, "quantity": quantity} for sku, quantity in lines]}
    if email:
        body["email"] = email
        body["shipping_address"] = {
            "name": "Ada",
            "line1": "1 Way",
            "postal_code": "1",
            "city": "Ulm",
            "country": "DE",
        }
    headers = hall.accounts.bearer(user) if user else None
    return (await hall.call("POST", "/api/orders", body, headers=headers)).body


async def test_it_is_for_admins_only(hall: Hall) -> None:
    order = await buy(hall, (await hall.sell(), 1))
    for path in ("/api/admin/orders", f"/api/admin/orders/{order['id']}"):
        assert (await hall.call("GET", path)).status == 401
        assert (await hall.call("GET", path, headers=hall.accounts.bearer(uuid.uuid4()))).status == 403
        assert (await hall.call("GET", path, headers=admin(hall))).status == 200


async def test_an_order_is_found_by_number_address_sku_and_user(hall: Hall) -> None:
    user, sku, other = uuid.uuid4(), await hall.sell(250), await hall.sell()
    email = f"Ada.{user.hex[:8]}@Example.org"
    order = await buy(hall, (sku, 2), (other, 1), email=email, user=user)
    await buy(hall, (other, 1), email="somebody@example.org")
    for query in (f"number={order['number']}", f"email={quote(email.lower())}", f"sku={sku}", f"user={user}"):
        (row,) = await everything(hall, query)
        assert row == {
            "id": order["id"],
            "number": order["number"],
            "status": "confirmed",
            "total": {"amount": 600, "currency": "EUR"},
            "lines": 2,
            "units": 3,
            "placed_at": order["placed_at"],
            "settled_at": order["settled_at"],
            "email": email,
            "name": "Ada",
            "user_id": str(user),
        }
    assert await everything(hall, f"number={order['number']}&sku=NONE") == []
    assert await everything(hall, f"user={uuid.uuid4()}") == []


async def test_filters_by_status_and_moment_and_the_pages_of_both(hall: Hall) -> None:
    sku = await hall.sell()
    orders = [await buy(hall, (sku, 1)) for _ in range(5)]
    for order in orders[1:3]:
        await hall.call("POST", f"/api/orders/{order['id']}/cancellation")
    cancelled = await everything(hall, f"sku={sku}&status=cancelled&limit=1")
    assert [row["number"] for row in cancelled] == [orders[2]["number"], orders[1]["number"]]
    placed = [quote(order["placed_at"]) for order in orders]
    within = await everything(hall, f"sku={sku}&from={placed[1]}&to={placed[4]}&limit=2")
    assert [row["number"] for row in within] == [order["number"] for order in orders[3:0:-1]]
    assert await everything(hall, f"sku={sku}&to={placed[0]}") == []
    assert await everything(hall, f"sku={sku}&from={quote((datetime.now(UTC) + timedelta(days=1)).isoformat())}") == []


async def test_a_page_looks_at_so_many_orders_and_says_where_it_ended(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    rare, common = await hall.sell(), await hall.sell()
    wanted = [(await buy(hall, (rare, 1)))["number"] for _ in range(2)]
    for _ in range(9):
        await buy(hall, (common, 1))
    monkeypatch.setattr(listing, "STEPS", 4)
    first = (await listed(hall, f"sku={rare}")).body
    assert first["items"] == []
    assert first["next_cursor"] is not None
    assert [row["number"] for row in await everything(hall, f"sku={rare}&limit=1")] == wanted[::-1]


async def test_whoever_asks_again_is_told_only_of_what_changed(hall: Hall) -> None:
    sku = await hall.sell()
    order_id = await pending(hall)
    first = await listed(hall)
    assert first.body["items"][0]["status"] == "pending"
    again = await listed(hall, **{"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")
    await settle(hall, order_id)
    await hall.has_status(order_id, "confirmed")
    later = await listed(hall, **{"If-None-Match": first.headers["ETag"]})
    assert later.body["items"][0]["status"] == "confirmed"
    await buy(hall, (sku, 1))
    assert (await listed(hall, **{"If-None-Match": later.headers["ETag"]})).status == 200


async def test_a_file_has_the_facts_in_turn_and_what_was_short(hall: Hall) -> None:
    sku = await hall.sell()
    hall.inventory.stock[sku] = 1
    bought, refused = await buy(hall, (sku, 1), email="a@b.example"), await buy(hall, (sku, 3))
    await hall.call("POST", f"/api/orders/{bought['id']}/cancellation")

    async def file(order_id: str) -> Any:
        return (await hall.call("GET", f"/api/admin/orders/{order_id}", headers=admin(hall))).body

    async def released() -> bool:
        return len((await file(bought["id"]))["timeline"]) == 4

    await hall.until(released)
    found = await file(bought["id"])
    assert [(entry["fact"], entry["by"]) for entry in found["timeline"]] == [
        ("placed", "buyer"),
        ("reserved", "inventory"),
        ("cancel_asked", "buyer"),
        ("released", "inventory"),
    ]
    assert [entry["at"] for entry in found["timeline"]] == sorted(entry["at"] for entry in found["timeline"])
    assert (found["email"], found["shipping_address"]["city"], found["user_id"]) == ("a@b.example", "Ulm", None)
    assert found["order"] == await hall.order(bought["id"])
    rejected = (await file(refused["order_id"]))["timeline"][-1]
    assert rejected["fact"] == "rejected"
    assert rejected["shortages"] == [{"sku": sku, "requested": 3, "available": 0}]
    assert (await hall.call("GET", f"/api/admin/orders/{uuid.uuid4()}", headers=admin(hall))).status == 404


async def test_bad_conditions_are_refused(hall: Hall) -> None:
    for query in ("status=lost", "number=0", "user=me", "from=yesterday", "from=2026-01-01T00:00:00", "limit=0"):
        assert (await listed(hall, query)).status == 422, query
    order = await buy(hall, (await hall.sell(), 1))
    await buy(hall, (order["lines"][0]["sku"], 1))
    cursor = (await listed(hall, "limit=1")).body["next_cursor"]
    elsewhere = await listed(hall, f"status=pending&cursor={cursor}")
    assert (elsewhere.status, elsewhere.body["code"]) == (422, "invalid_cursor")


async def test_the_status_in_sql_is_the_status(hall: Hall) -> None:
    moments = [None, datetime(2026, 1, 1, tzinfo=UTC)]
    facts = ("reserved_at", "rejected_at", "cancel_asked_at", "fulfil_asked_at")
    columns = ", ".join(f"f{i}.at AS {name}" for i, name in enumerate(facts))
    crossed = " CROSS JOIN ".join(f"unnest($1::timestamptz[]) AS f{i} (at)" for i in range(len(facts)))
    rows = await hall.database.fetch(
        f"SELECT *, {STATUS} AS status FROM (SELECT now() AS placed_at, NULL::timestamptz AS released_at, "
        f"NULL::timestamptz AS dispatched_at, {columns} FROM {crossed}) AS facts",
        moments,
    )
    assert len(rows) == 2 ** len(facts)
    assert [row["status"] for row in rows] == [status_of(facts_from(row)) for row in rows]


async def test_a_moment_leads_to_the_number_that_orders_had_then(hall: Hall, orders_database: str) -> None:
    rows = [await buy(hall, (await hall.sell(), 1)) for _ in range(3)]
    first, last = rows[0]["number"], rows[-1]["number"]
    async with Database(Settings(service="orders", database_url=orders_database)) as database, database.hot() as one:
        # Gaps, and two days between neighbours.
        await one.execute("UPDATE orders SET placed_at = placed_at - interval '2 days' WHERE number < $1", last)
        late = datetime.fromisoformat(rows[-1]["placed_at"])
        assert first < await number_before(one, late) <= last
        assert await number_after(one, late) == last + 1
        assert await number_before(one, late - timedelta(days=9)) == 1
        assert await number_after(one, late - timedelta(days=1)) == last
