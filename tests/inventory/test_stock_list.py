"""The list of stock, and the ledger with its balance."""

import uuid
from typing import Any

from markethall.contracts.topology import ORDERS_PLACED
from tests.inventory.hall import Hall
from tests.inventory.warehouse import new_id, placed
from tests.orders.neighbours import publish
from tests.support.machine import eventually


async def everything(hall: Hall, path: str) -> list[Any]:
    """All pages."""
    items: list[Any] = []
    cursor = ""
    while True:
        answer = await hall.call("GET", path + cursor)
        assert answer.status == 200, answer.body
        items += answer.body["items"]
        if answer.body["next_cursor"] is None:
            return items
        cursor = f"&cursor={answer.body['next_cursor']}"


async def three(hall: Hall) -> list[str]:
    """SKUs of which 5, 0 and 9 are available."""
    skus = sorted([await hall.new_sku() for _ in range(3)])
    await hall.receive(skus[0], 5)
    await hall.receive(skus[2], 9)
    return skus


async def test_stock_is_listed_by_sku_or_the_lowest_first(hall: Hall) -> None:
    skus = await three(hall)
    await hall.call("PUT", f"/api/stock/{skus[1]}/replenishment", {"target": 7, "interval_seconds": 90000})
    mine = set(skus)
    by_sku = [row for row in await everything(hall, "/api/stock?limit=2") if row["sku"] in mine]
    assert [row["sku"] for row in by_sku] == skus
    assert by_sku[1] | {"version": 0} == {
        "sku": skus[1],
        "on_hand": 0,
        "reserved": 0,
        "available": 0,
        "version": 0,
        "replenished_to": 7,
    }
    low = [row["sku"] for row in await everything(hall, "/api/stock?limit=2&sort=available") if row["sku"] in mine]
    assert low == [skus[1], skus[0], skus[2]]
    rows = await everything(hall, "/api/stock?limit=2&sort=available&available_below=9")
    assert mine & {row["sku"] for row in rows} == {skus[0], skus[1]}
    found = await everything(hall, f"/api/stock?query={skus[2][3:].lower()}")
    assert [row["sku"] for row in found] == [skus[2]]


async def test_the_list_of_stock_is_for_admins_and_refuses_nonsense(hall: Hall) -> None:
    buyer = hall.accounts.bearer(uuid.uuid4())
    assert (await hall.call("GET", "/api/stock", **buyer)).status == 403
    for query in ("sort=price", "available_below=-1", "limit=0", "query=%00", "cursor=x"):
        assert (await hall.call("GET", f"/api/stock?{query}")).status == 422, query
    await three(hall)
    cursor = (await hall.call("GET", "/api/stock?limit=1")).body["next_cursor"]
    elsewhere = await hall.call("GET", f"/api/stock?limit=1&sort=available&cursor={cursor}")
    assert (elsewhere.status, elsewhere.body["code"]) == (422, "invalid_cursor")


async def test_the_ledger_shows_the_balance_after_each_movement_on_all_pages(hall: Hall) -> None:
    sku = await hall.new_sku()
    await hall.receive(sku, 10)
    await hall.receive(sku, -2)
    await publish(hall.orders, ORDERS_PLACED, placed((new_id(), {sku: 3})))
    await eventually(lambda: hall.has_level(sku, (8, 3, 5)))
    await hall.receive(sku, 4)
    path = f"/api/stock/{sku}/movements"
    whole = (await hall.call("GET", path)).body["items"]
    assert [(one["kind"], one["on_hand"], one["reserved"]) for one in whole] == [
        ("receipt", 12, 3),
        ("reservation", 8, 3),
        ("correction", 8, 0),
        ("receipt", 10, 0),
    ]
    first = (await hall.call("GET", f"{path}?limit=3")).body
    # What comes in meanwhile does not change what was.
    await hall.receive(sku, 100)
    rest = (await hall.call("GET", f"{path}?limit=3&cursor={first['next_cursor']}")).body
    assert first["items"] + rest["items"] == whole
    assert rest["next_cursor"] is None
