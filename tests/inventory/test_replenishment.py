"""Topping up: what is due, by one replica, once."""

import asyncio
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from markethall.contracts.messages import StockChanged
from markethall.inventory.decisions import Level
from markethall.inventory.replenishment import BATCH, replenish, topped_up
from markethall.inventory.tables import MAX_ON_HAND
from tests.inventory.warehouse import Warehouse, new_id, placed


async def schedule(warehouse: Warehouse, sku: str, target: int, *, interval_seconds: int = 10, due: str) -> None:
    """`due`: an SQL interval from now, such as '-25 s'."""
    await warehouse.connection.execute(
        "INSERT INTO replenishments (sku, target, interval_seconds, next_at) "
        "VALUES ($1, $2, $3, now() + $4::text::interval)",
        sku,
        target,
        interval_seconds,
        due,
    )


async def seconds_until_next(warehouse: Warehouse, sku: str) -> float:
    row = await warehouse.connection.fetchrow("SELECT next_at, now() FROM replenishments WHERE sku = $1", sku)
    assert row is not None
    left: timedelta = row[0] - row[1]
    return left.total_seconds()


@given(st.integers(0, 200), st.integers(0, 200), st.integers(1, 150))
def test_as_much_comes_in_as_is_missing_from_what_is_available(on_hand: int, reserved: int, target: int) -> None:
    level = Level(on_hand, min(reserved, on_hand), 1)
    missing = topped_up(level, target)
    assert missing >= 0
    assert level.available + missing == max(level.available, target)


def test_topping_up_stops_at_what_can_be_on_hand() -> None:
    assert topped_up(Level(MAX_ON_HAND - 3, MAX_ON_HAND - 3, 1), 10) == 3


async def test_what_is_due_is_topped_up_written_down_and_told(warehouse: Warehouse) -> None:
    sku, early = await warehouse.stock(10), await warehouse.stock(10)
    await warehouse.apply(placed((new_id(), {sku: 8})))
    await warehouse.said()
    await schedule(warehouse, sku, 5, due="-1 s")
    await schedule(warehouse, early, 50, due="5 s")
    assert await replenish(warehouse.databases[0], warehouse.relay) == 1
    assert await warehouse.level(sku) == Level(13, 8, 3)
    assert await warehouse.level(early) == Level(10, 0, 1)
    assert await warehouse.said() == [StockChanged([sku], [5], [3])]
    last = await warehouse.connection.fetchrow("SELECT * FROM movements WHERE sku = $1 ORDER BY id DESC LIMIT 1", sku)
    assert last is not None
    assert (last["kind"], last["on_hand_delta"], last["reserved_delta"]) == ("replenishment", 3, 0)
    await warehouse.assert_books_balance()


async def test_enough_is_left_as_it_is(warehouse: Warehouse) -> None:
    sku = await warehouse.stock(10)
    await schedule(warehouse, sku, 10, due="-1 s")
    await warehouse.said()
    await replenish(warehouse.databases[0], warehouse.relay)
    assert await warehouse.level(sku) == Level(10, 0, 1)
    assert await warehouse.said() == []


async def test_missed_turns_are_not_made_up_and_the_rhythm_is_kept(warehouse: Warehouse) -> None:
    sku = await warehouse.stock(0)
    await schedule(warehouse, sku, 5, interval_seconds=100, due="-1050 s")
    await replenish(warehouse.databases[0], warehouse.relay)
    assert await warehouse.level(sku) == Level(5, 0, 2)
    assert 0 < await seconds_until_next(warehouse, sku) <= 50
    assert await replenish(warehouse.databases[0], warehouse.relay) == 0


async def test_replicas_that_look_at_once_top_up_once(warehouse: Warehouse) -> None:
    skus = [await warehouse.stock(0) for _ in range(BATCH + 100)]
    for sku in skus:
        await schedule(warehouse, sku, 7, due="-1 s", interval_seconds=3600)
    done = await asyncio.gather(*(replenish(database, warehouse.relay) for database in warehouse.databases * 2))
    assert sum(done) == len(skus)
    assert {await warehouse.level(sku) for sku in skus} == {Level(7, 0, 2)}
    await warehouse.assert_books_balance()


async def test_topping_up_while_orders_come_in_keeps_the_books(warehouse: Warehouse) -> None:
    skus = sorted([await warehouse.stock(5) for _ in range(20)])
    for sku in skus:
        await schedule(warehouse, sku, 50, due="-1 s", interval_seconds=3600)
    one, two = warehouse.replicas
    orders = [placed((new_id(), dict.fromkeys(reversed(skus), 1))) for _ in range(12)]
    await asyncio.gather(
        *(one.apply([order]) for order in orders),
        *(two.apply([order]) for order in orders),
        *(replenish(database, warehouse.relay) for database in warehouse.databases),
    )
    await warehouse.assert_books_balance()
