"""Carts: guests' and users', claimed, checked out, contended for."""

import asyncio
import uuid
from typing import Any

from tests.orders.conftest import Answer, Hall


async def new_cart(hall: Hall, *lines: tuple[str, int], headers: dict[str, str] | None = None) -> str:
    opened = await hall.call("POST", "/api/carts", headers=headers)
    cart_id: str = opened.body["id"]
    for sku, quantity in lines:
        assert (await put(hall, cart_id, sku, quantity, headers=headers)).status == 200
    return cart_id


async def put(
    hall: Hall, cart_id: str, sku: str, quantity: object, headers: dict[str, str] | None = None, replica: int = 0
) -> Answer:
    path = f"/api/carts/{cart_id}/lines/{sku}"
    return await hall.call("PUT", path, {"quantity": quantity}, headers=headers, replica=replica)


async def check_out(hall: Hall, cart_id: str, headers: dict[str, str] | None = None, **more: Any) -> Answer:
    return await hall.call("POST", "/api/orders", {"cart_id": cart_id} | more, headers=headers)


async def show(hall: Hall, cart_id: str, headers: dict[str, str] | None = None) -> Answer:
    return await hall.call("GET", f"/api/carts/{cart_id}", headers=headers)


async def test_a_guest_fills_a_cart_and_changes_it(hall: Hall) -> None:
    first, second = await hall.sell(100, size="S"), await hall.sell(30)
    cart_id = await new_cart(hall, (first, 2), (second, 1))
    cart = (await put(hall, cart_id, first, 3)).body
    assert [(line["sku"], line["quantity"], line["line_total"]["amount"]) for line in cart["lines"]] == [
        (first, 3, 300),
        (second, 1, 30),
    ]
    assert cart["lines"][0]["options"] == {"size": "S"}
    assert cart["lines"][0]["available"] is None
    assert cart["lines"][0]["slug"] == await hall.database.fetchval("SELECT slug FROM price_list WHERE sku = $1", first)
    assert cart["total"] == {"amount": 330, "currency": "EUR"}
    assert (await show(hall, cart_id)).body == cart
    without = await hall.call("DELETE", f"/api/carts/{cart_id}/lines/{first}")
    assert [line["sku"] for line in without.body["lines"]] == [second]
    assert without.body["version"] > cart["version"]
    again = await hall.call("DELETE", f"/api/carts/{cart_id}/lines/{first}")
    assert again.body == without.body
    assert (await hall.call("DELETE", f"/api/carts/{cart_id}")).status == 204
    assert (await show(hall, cart_id)).status == 404


async def test_quantities_out_of_bounds_and_unknown_skus_are_refused(hall: Hall) -> None:
    sku = await hall.sell()
    cart_id = await new_cart(hall)
    for quantity in (0, -1, 10_000, 10**18, 1.5, "1", None, True):
        answer = await put(hall, cart_id, sku, quantity)
        assert (answer.status, answer.body["code"]) == (422, "invalid"), quantity
    for unknown in ("NO-SUCH", "a%00b", "x" * 300, "%27%3B%20DROP%20TABLE%20carts%3B--", "%F0%9F%98%80"):
        answer = await put(hall, cart_id, unknown, 1)
        assert (answer.status, answer.body["code"]) == (422, "unknown_sku"), unknown
    assert (await put(hall, cart_id, sku, 9999)).status == 200


async def test_a_user_has_one_open_cart_however_often_it_is_opened_at_once(hall: Hall) -> None:
    user = hall.accounts.bearer(uuid.uuid4())
    opened = await asyncio.gather(*(hall.call("POST", "/api/carts", headers=user, replica=n) for n in range(20)))
    assert len({answer.body["id"] for answer in opened}) == 1
    assert sorted(answer.status for answer in opened) == [200] * 19 + [201]


async def test_the_cart_of_a_user_is_nobody_elses(hall: Hall) -> None:
    sku = await hall.sell()
    owner, other = hall.accounts.bearer(uuid.uuid4()), hall.accounts.bearer(uuid.uuid4())
    cart_id = await new_cart(hall, (sku, 1), headers=owner)
    for stranger in (None, other):
        assert (await show(hall, cart_id, stranger)).status == 404
        assert (await put(hall, cart_id, sku, 5, stranger)).status == 404
        assert (await hall.call("DELETE", f"/api/carts/{cart_id}", headers=stranger)).status == 404
        assert (await check_out(hall, cart_id, stranger)).body["code"] == "cart_not_found"
    assert (await hall.call("POST", f"/api/carts/{cart_id}/claim", headers=other)).status == 404
    assert (await show(hall, cart_id, owner)).body["lines"][0]["quantity"] == 1


async def test_checkout_moves_the_cart_into_an_order_and_empties_it(hall: Hall) -> None:
    user = hall.accounts.bearer(uuid.uuid4())
    sku = await hall.sell(70, colour="red")
    cart_id = await new_cart(hall, (sku, 2), headers=user)
    total = {"amount": 140, "currency": "EUR"}
    answer = await check_out(hall, cart_id, user, expected_total=total)
    assert answer.status == 201
    assert answer.body["total"] == total
    assert answer.body["lines"][0]["options"] == {"colour": "red"}
    assert (await show(hall, cart_id, user)).body["lines"] == []
    assert (await check_out(hall, cart_id, user)).body["code"] == "empty_order"


async def test_a_repeated_checkout_finds_its_order_though_the_cart_is_empty_or_dearer_by_now(hall: Hall) -> None:
    sku = await hall.sell(70)
    cart_id = await new_cart(hall, (sku, 1))
    headers, total = {"Idempotency-Key": uuid.uuid4().hex}, {"amount": 70, "currency": "EUR"}
    first = await check_out(hall, cart_id, headers, expected_total=total)
    assert first.status == 201
    assert (await check_out(hall, cart_id, headers, expected_total=total)).body == first.body
    assert (await put(hall, cart_id, sku, 5)).status == 200
    assert (await check_out(hall, cart_id, headers, expected_total=total)).body == first.body
    assert (await show(hall, cart_id)).body["lines"][0]["quantity"] == 5, "a repeat takes nothing from the cart"
    assert (await hall.call("DELETE", f"/api/carts/{cart_id}")).status == 204
    assert (await check_out(hall, cart_id, headers, expected_total=total)).body == first.body


async def test_two_checkouts_of_one_cart_at_once_sell_it_once(hall: Hall) -> None:
    sku = await hall.sell()
    for _ in range(5):
        cart_id = await new_cart(hall, (sku, 1))
        answers = await asyncio.gather(
            *(hall.call("POST", "/api/orders", {"cart_id": cart_id}, replica=n) for n in range(8))
        )
        assert sorted(answer.status for answer in answers) == [201] + [422] * 7
        assert {answer.body["code"] for answer in answers if answer.status == 422} == {"empty_order"}


async def test_a_line_no_longer_sold_stays_visible_and_keeps_the_checkout_from_passing(hall: Hall) -> None:
    sku, other = await hall.sell(55), await hall.sell(5)
    cart_id = await new_cart(hall, (sku, 1), (other, 1))
    await hall.withdraw(sku)
    line = (await show(hall, cart_id)).body["lines"][0]
    assert (line["sku"], line["unit_price"]["amount"], line["available"]) == (sku, 55, 0)
    refused = await check_out(hall, cart_id)
    assert (refused.status, refused.body["code"], refused.body["skus"]) == (422, "unknown_sku", [sku])
    assert len((await show(hall, cart_id)).body["lines"]) == 2


async def test_claiming_adds_the_guests_lines_once_however_often_it_is_asked(hall: Hall) -> None:
    user = hall.accounts.bearer(uuid.uuid4())
    both, mine, theirs = await hall.sell(), await hall.sell(), await hall.sell()
    own = await new_cart(hall, (both, 2), (mine, 1), headers=user)
    guest = await new_cart(hall, (both, 3), (theirs, 9999))
    path = f"/api/carts/{guest}/claim"
    assert (await hall.call("POST", path)).status == 401
    answers = await asyncio.gather(*(hall.call("POST", path, headers=user, replica=n) for n in range(10)))
    assert {answer.status for answer in answers} == {200}
    assert {answer.body["id"] for answer in answers} == {own}
    cart = (await show(hall, own, user)).body
    assert {line["sku"]: line["quantity"] for line in cart["lines"]} == {both: 5, mine: 1, theirs: 9999}
    assert (await show(hall, guest)).status == 404
    assert (await show(hall, guest, user)).status == 404
    assert (await put(hall, guest, both, 1)).status == 404
    assert (await check_out(hall, guest)).status == 404
    other = hall.accounts.bearer(uuid.uuid4())
    assert (await hall.call("POST", path, headers=other)).status == 404
    assert (await hall.call("POST", f"/api/carts/{own}/claim", headers=user)).body == cart


async def test_claimed_quantities_stop_at_the_most_a_line_may_have(hall: Hall) -> None:
    user, sku = hall.accounts.bearer(uuid.uuid4()), await hall.sell()
    await new_cart(hall, (sku, 9000), headers=user)
    guest = await new_cart(hall, (sku, 9000))
    claimed = await hall.call("POST", f"/api/carts/{guest}/claim", headers=user)
    assert claimed.body["lines"][0]["quantity"] == 9999


async def test_a_cart_takes_a_thousand_lines_and_no_more(hall: Hall) -> None:
    skus = await hall.sell_many(1001)
    cart_id = await new_cart(hall)
    await hall.database.execute(
        "INSERT INTO cart_lines (cart_id, sku, quantity) SELECT $1, sku, 1 FROM unnest($2::text[]) AS sku",
        uuid.UUID(cart_id),
        skus[:999],
    )
    assert (await put(hall, cart_id, skus[999], 1)).status == 200
    full = await put(hall, cart_id, skus[1000], 1)
    assert (full.status, full.body["code"]) == (422, "too_many_lines")
    assert (await put(hall, cart_id, skus[0], 2)).status == 200
    user = hall.accounts.bearer(uuid.uuid4())
    await new_cart(hall, (skus[1000], 1), headers=user)
    claimed = await hall.call("POST", f"/api/carts/{cart_id}/claim", headers=user)
    assert (claimed.status, claimed.body["code"]) == (422, "too_many_lines")
    assert len((await show(hall, cart_id)).body["lines"]) == 1000
    bought = await check_out(hall, cart_id)
    assert (bought.status, len(bought.body["lines"])) == (201, 1000)


async def test_changes_to_one_cart_at_once_are_all_kept(hall: Hall) -> None:
    skus = [await hall.sell() for _ in range(8)]
    cart_id = await new_cart(hall)
    await asyncio.gather(*(put(hall, cart_id, sku, 1, replica=n) for n, sku in enumerate(skus)))
    cart = (await show(hall, cart_id)).body
    assert {line["sku"] for line in cart["lines"]} == set(skus)
    assert cart["version"] == 9
