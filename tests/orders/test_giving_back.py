"""A rejected order gives its lines back to its cart; no other does."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from markethall.contracts.messages import StockSettled
from markethall.kit.db import Database
from markethall.kit.migrations import migrate
from markethall.local.nats import EmbeddedNats
from markethall.orders.app import MIGRATIONS
from markethall.orders.checkout import repository as checkout
from markethall.orders.checkout.draft import Draft, Wanted
from markethall.orders.fulfilment.repository import SETTLE, Outcome, settle
from markethall.orders.order import Line, from_unix_microseconds
from tests.orders.conftest import Hall
from tests.orders.neighbours import now
from tests.orders.test_carts import check_out, new_cart, put, show
from tests.support.machine import Machine, settings_for

Headers = dict[str, str]


async def ordered(hall: Hall, cart_id: str, headers: Headers | None = None) -> str:
    """An order from the cart that inventory has heard of and not answered."""
    hall.inventory.answering = False
    try:
        answer = await check_out(hall, cart_id, (headers or {}) | {"Prefer": "respond-async"})
        assert answer.status == 202
        await hall.inventory.heard(answer.body["id"], hall.inventory.placed)
    finally:
        hall.inventory.answering = True
    order_id: str = answer.body["id"]
    return order_id


async def reject(hall: Hall, *orders: str) -> None:
    """Inventory's late answer to all of them in one message, whose effect is awaited though it repeats another."""
    sku = await hall.sell()
    last = await ordered(hall, await new_cart(hall, (sku, 1)))
    ids = [uuid.UUID(order_id).bytes for order_id in (*orders, last)]
    await hall.inventory.say(StockSettled(ids, [False] * len(ids), [now()] * len(ids)))
    await hall.has_status(last, "rejected")


async def quantities(hall: Hall, cart_id: str, headers: Headers | None = None) -> dict[str, int]:
    return {line["sku"]: line["quantity"] for line in (await show(hall, cart_id, headers)).body["lines"]}


@pytest.mark.parametrize("is_user", [False, True], ids=["guest", "user"])
async def test_a_rejected_order_fills_its_cart_again_as_it_was(hall: Hall, is_user: bool) -> None:
    headers = hall.accounts.bearer(uuid.uuid4()) if is_user else None
    first, scarce = await hall.sell(), await hall.sell()
    cart_id = await new_cart(hall, (scarce, 3), (first, 2), headers=headers)
    before = (await show(hall, cart_id, headers)).body
    hall.inventory.stock[scarce] = 2
    refused = await check_out(hall, cart_id, headers)
    assert (refused.status, refused.body["code"]) == (409, "out_of_stock")
    after = (await show(hall, cart_id, headers)).body
    assert list((await quantities(hall, cart_id, headers)).items()) == [(scarce, 3), (first, 2)]
    assert after["version"] == before["version"] + 2, "emptied, and filled again"
    assert (await put(hall, cart_id, scarce, 2, headers)).status == 200
    assert (await check_out(hall, cart_id, headers)).status == 201
    assert await quantities(hall, cart_id, headers) == {}, "a confirmed order keeps its lines"


async def test_a_repeated_rejection_brings_nothing_twice(hall: Hall) -> None:
    sku, other = await hall.sell(), await hall.sell()
    cart_id = await new_cart(hall, (sku, 1), (other, 1))
    order_id = await ordered(hall, cart_id)
    await reject(hall, order_id)
    assert await quantities(hall, cart_id) == {sku: 1, other: 1}
    taken_out = await hall.call("DELETE", f"/api/carts/{cart_id}/lines/{sku}")
    await reject(hall, order_id)
    assert (await show(hall, cart_id)).body == taken_out.body


async def test_what_the_buyer_has_put_there_meanwhile_stays(hall: Hall) -> None:
    changed, untouched, added = await hall.sell(), await hall.sell(), await hall.sell()
    cart_id = await new_cart(hall, (changed, 3), (untouched, 4))
    order_id = await ordered(hall, cart_id)
    for sku, quantity in ((added, 1), (changed, 9)):
        assert (await put(hall, cart_id, sku, quantity)).status == 200
    await reject(hall, order_id)
    assert await quantities(hall, cart_id) == {added: 1, changed: 9, untouched: 4}


async def test_a_cart_with_all_lines_in_it_again_keeps_its_version(hall: Hall) -> None:
    sku = await hall.sell()
    cart_id = await new_cart(hall, (sku, 3))
    order_id = await ordered(hall, cart_id)
    again = await put(hall, cart_id, sku, 1)
    await reject(hall, order_id)
    assert (await show(hall, cart_id)).body == again.body


async def test_two_rejected_orders_of_one_cart_both_come_back(hall: Hall) -> None:
    both, first, second = await hall.sell(), await hall.sell(), await hall.sell()
    cart_id = await new_cart(hall, (both, 1), (first, 1))
    earlier = await ordered(hall, cart_id)
    for sku in (both, second):
        assert (await put(hall, cart_id, sku, 2)).status == 200
    await reject(hall, earlier, await ordered(hall, cart_id))
    assert await quantities(hall, cart_id) == {both: 1, first: 1, second: 2}


async def test_no_cart_grows_beyond_what_it_may_hold(hall: Hall) -> None:
    skus = await hall.sell_many(1001)
    cart_id = await new_cart(hall, (skus[0], 1), (skus[1], 1))
    order_id = await ordered(hall, cart_id)
    fill = "INSERT INTO cart_lines (cart_id, sku, quantity) SELECT $1, sku, 7 FROM unnest($2::text[]) AS sku"
    await hall.database.execute(fill, uuid.UUID(cart_id), skus[2:])
    await reject(hall, order_id)
    found = await quantities(hall, cart_id)
    assert len(found) == 1000
    assert found[skus[0]] == 1
    assert skus[1] not in found


async def test_a_cancelled_order_brings_nothing_back(hall: Hall) -> None:
    cart_id = await new_cart(hall, (await hall.sell(), 1))
    order_id = await ordered(hall, cart_id)
    assert (await hall.call("POST", f"/api/orders/{order_id}/cancellation")).body["status"] == "cancelled"
    await reject(hall, order_id)
    assert await quantities(hall, cart_id) == {}


async def test_nothing_comes_back_into_a_cart_that_was_deleted_or_claimed(hall: Hall) -> None:
    user, sku = hall.accounts.bearer(uuid.uuid4()), await hall.sell()
    deleted, claimed = await new_cart(hall, (sku, 1)), await new_cart(hall, (sku, 1))
    orders = [await ordered(hall, deleted), await ordered(hall, claimed)]
    assert (await hall.call("DELETE", f"/api/carts/{deleted}")).status == 204
    own = (await hall.call("POST", f"/api/carts/{claimed}/claim", headers=user)).body["id"]
    await reject(hall, *orders)
    for order_id in orders:
        assert (await hall.order(order_id))["status"] == "rejected"
    assert await quantities(hall, own, user) == {}
    ids = [uuid.UUID(deleted), uuid.UUID(claimed)]
    assert await hall.database.fetchval("SELECT count(*) FROM cart_lines WHERE cart_id = ANY($1::uuid[])", ids) == 0


@pytest.fixture
async def database(machine: Machine, nats: EmbeddedNats) -> AsyncIterator[Database]:
    settings = settings_for("orders", await machine.new_database("orders"), nats)
    await migrate(settings, MIGRATIONS)
    async with Database(settings) as database:
        yield database


async def order_of_a_cart(database: Database) -> tuple[Draft, uuid.UUID]:
    """A pending order, and the empty cart it came from."""
    cart_id = uuid.uuid4()
    wanted = Wanted(uuid.uuid4(), None, b"", cart_id=cart_id)
    draft = Draft(wanted, [Line("A", "A", {}, 1, 100)], 100)
    async with database.hot() as connection:
        await connection.execute("INSERT INTO carts (id) VALUES ($1)", cart_id)
        assert await checkout.insert_orders(connection, [draft], "EUR")
    return draft, cart_id


async def somebody_waits(database: Database) -> None:
    """Until a transaction of this database waits for a lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with asyncio.timeout(10):
        while True:
            async with database.hot() as connection:
                if await connection.fetchval(waiting):
                    return


async def test_a_repeated_checkout_and_the_rejection_of_its_order_do_not_wait_in_a_circle(database: Database) -> None:
    draft, cart_id = await order_of_a_cart(database)
    order_id = draft.wanted.order_id

    async def reject_it() -> int:
        async with database.hot() as connection:
            return len(await settle(connection, {order_id: Outcome(False, from_unix_microseconds(now()))}))

    async with database.hot() as connection:
        await checkout.lock_carts(connection, [cart_id])
        settling = asyncio.create_task(reject_it())
        await somebody_waits(database)
        assert await checkout.insert_orders(connection, [draft], "EUR") == {}
    assert await settling == 1
    async with database.hot() as connection:
        assert (await checkout.lock_carts(connection, [cart_id]))[cart_id].quantities == {"A": 1}


async def test_settling_before_the_carts_are_locked_would_wait_in_a_circle(database: Database) -> None:
    draft, cart_id = await order_of_a_cart(database)
    outcome: Any = [[draft.wanted.order_id], [False], [from_unix_microseconds(now())], [None]]

    async def repeat_checkout(locked: asyncio.Event) -> None:
        async with database.hot() as connection:
            await checkout.lock_carts(connection, [cart_id])
            locked.set()
            await checkout.insert_orders(connection, [draft], "EUR")

    async def settle_the_other_way_round() -> None:
        locked = asyncio.Event()
        async with asyncio.TaskGroup() as group, database.hot() as connection:
            await connection.fetch(SETTLE, *outcome)
            group.create_task(repeat_checkout(locked))
            await locked.wait()
            await somebody_waits(database)
            await connection.fetch("SELECT id FROM carts WHERE id = $1 FOR UPDATE", cart_id)

    with pytest.raises(BaseExceptionGroup) as failure:
        await settle_the_other_way_round()
    (error,) = failure.value.exceptions
    assert isinstance(error.__cause__, asyncpg.DeadlockDetectedError)
