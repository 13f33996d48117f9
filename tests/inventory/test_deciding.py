"""Commands against a real database: what they come to, and what is said about it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import msgspec
import pytest

from markethall.contracts.messages import (
    OrdersPlaced,
    Shortage,
    StockChanged,
    StockDispatched,
    StockReleased,
    StockSettled,
)
from markethall.inventory.decisions import Level
from tests.inventory.warehouse import Warehouse, cancelled, fulfilled, new_id, placed
from tests.support.machine import eventually


@pytest.fixture(autouse=True)
async def clean(warehouse: Warehouse) -> AsyncIterator[None]:
    """Each test begins with an empty outbox and ends with balanced books."""
    await warehouse.said()
    yield
    await warehouse.assert_books_balance()


async def test_an_order_is_reserved_whole_and_everyone_is_told(warehouse: Warehouse) -> None:
    first, second = await warehouse.stock(10), await warehouse.stock(5)
    order = new_id()
    await warehouse.apply(placed((order, {first: 3, second: 5})))
    settled, changed = await warehouse.said()
    assert isinstance(settled, StockSettled)
    assert (settled.order_ids, settled.reserved, settled.shortages) == ([order], [True], {})
    assert changed == StockChanged([first, second], [7, 0], [2, 2])
    assert await warehouse.level(first) == Level(on_hand=10, reserved=3, version=2)


async def test_an_order_that_cannot_be_served_whole_takes_nothing(warehouse: Warehouse) -> None:
    plenty, scarce = await warehouse.stock(10), await warehouse.stock(1)
    order = new_id()
    await warehouse.apply(placed((order, {plenty: 1, scarce: 2, "NO-SUCH": 1})))
    [settled] = await warehouse.said()
    assert isinstance(settled, StockSettled)
    assert settled.reserved == [False]
    assert settled.shortages == {0: [Shortage(scarce, 2, 1), Shortage("NO-SUCH", 1, 0)]}
    assert await warehouse.level(plenty) == Level(10, 0, 1)


async def test_later_orders_of_a_batch_see_what_earlier_ones_took(warehouse: Warehouse) -> None:
    sku = await warehouse.stock(5)
    orders = [new_id() for _ in range(4)]
    await warehouse.apply(placed(*((order, {sku: 2}) for order in orders[:3])), placed((orders[3], {sku: 1})))
    outcomes = await warehouse.outcomes()
    assert [outcomes[order] for order in orders] == [True, True, False, True]
    assert await warehouse.level(sku) == Level(5, 5, 2)


async def test_repeated_skus_of_one_order_are_summed(warehouse: Warehouse) -> None:
    sku = await warehouse.stock(5)
    order = new_id()
    await warehouse.apply(OrdersPlaced([order], [2], [sku, sku], [3, 3]))
    assert await warehouse.outcomes() == {order: False}


async def test_a_repeated_order_is_answered_as_before_and_moves_nothing(warehouse: Warehouse) -> None:
    sku = await warehouse.stock(1)
    winner, loser = new_id(), new_id()
    message = placed((winner, {sku: 1}), (loser, {sku: 1}))
    await warehouse.apply(message)
    first = await warehouse.said()
    await warehouse.apply(message, message)
    [again] = await warehouse.said()
    assert isinstance(first[0], StockSettled)
    assert isinstance(again, StockSettled)
    assert again.order_ids == [winner, loser] * 2
    assert again.reserved == [True, False] * 2
    assert again.at == first[0].at * 2
    assert again.shortages == {1: [Shortage(sku, 1, 0)], 3: [Shortage(sku, 1, 0)]}
    assert await warehouse.level(sku) == Level(1, 1, 2)


async def test_an_order_that_stands_twice_in_one_message_is_reserved_once(warehouse: Warehouse) -> None:
    sku = await warehouse.stock(10)
    order = new_id()
    await warehouse.apply(placed((order, {sku: 2}), (order, {sku: 2})))
    assert await warehouse.level(sku) == Level(10, 2, 2)


async def test_cancelling_returns_what_was_reserved_once(warehouse: Warehouse) -> None:
    sku = await warehouse.stock(3)
    order = new_id()
    await warehouse.apply(placed((order, {sku: 3})))
    await warehouse.said()
    await warehouse.apply(cancelled(order), cancelled(order))
    released, changed = await warehouse.said()
    assert isinstance(released, StockReleased)
    assert released.order_ids == [order, order]
    assert released.at[0] == released.at[1]
    assert changed == StockChanged([sku], [3], [3])
    await warehouse.apply(cancelled(order))
    assert await warehouse.said() == [StockReleased([order], released.at[:1])]
    assert await warehouse.level(sku) == Level(3, 0, 3)


async def test_what_a_cancellation_returns_is_there_for_the_next_order_of_the_batch(warehouse: Warehouse) -> None:
    sku = await warehouse.stock(1)
    first, second = new_id(), new_id()
    await warehouse.apply(placed((first, {sku: 1})))
    await warehouse.apply(cancelled(first), placed((second, {sku: 1})))
    assert await warehouse.states([first, second]) == ["released", "reserved"]


async def test_an_order_whose_cancellation_came_first_reserves_nothing(warehouse: Warehouse) -> None:
    sku = await warehouse.stock(3)
    order = new_id()
    await warehouse.apply(cancelled(order))
    [released] = await warehouse.said()
    assert isinstance(released, StockReleased)
    await warehouse.apply(placed((order, {sku: 3})))
    assert await warehouse.said() == [released]
    assert await warehouse.level(sku) == Level(3, 0, 1)


async def test_an_order_cancelled_in_its_own_batch_holds_nothing(warehouse: Warehouse) -> None:
    sku = await warehouse.stock(3)
    order = new_id()
    await warehouse.apply(placed((order, {sku: 3})), cancelled(order))
    settled, released = await warehouse.said()
    assert isinstance(settled, StockSettled)
    assert settled.reserved == [True]
    assert isinstance(released, StockReleased)
    assert await warehouse.level(sku) == Level(3, 0, 1)


async def test_cancelling_a_rejected_order_is_answered_and_moves_nothing(warehouse: Warehouse) -> None:
    order = new_id()
    await warehouse.apply(placed((order, {"NO-SUCH": 1})), cancelled(order))
    settled, released = await warehouse.said()
    assert isinstance(settled, StockSettled)
    assert released == StockReleased([order], settled.at)
    assert await warehouse.states([order]) == ["rejected"]


async def test_fulfilment_takes_the_goods_off_the_shelf_once(warehouse: Warehouse) -> None:
    sku = await warehouse.stock(5)
    order = new_id()
    await warehouse.apply(placed((order, {sku: 2})))
    await warehouse.said()
    await warehouse.apply(fulfilled(order), fulfilled(order))
    dispatched, changed = await warehouse.said()
    assert isinstance(dispatched, StockDispatched)
    assert dispatched.order_ids == [order, order]
    assert changed == StockChanged([sku], [3], [3])
    await warehouse.apply(fulfilled(order))
    assert await warehouse.said() == [StockDispatched([order], dispatched.at[:1])]
    assert await warehouse.level(sku) == Level(3, 0, 3)


async def test_commands_out_of_turn_move_nothing(warehouse: Warehouse) -> None:
    sku = await warehouse.stock(5)
    gone, rejected, returned, unknown = (new_id() for _ in range(4))
    await warehouse.apply(
        placed((gone, {sku: 2}), (rejected, {sku: 9}), (returned, {sku: 1})), fulfilled(gone), cancelled(returned)
    )
    before = await warehouse.level(sku)
    await warehouse.apply(cancelled(gone), fulfilled(rejected), fulfilled(returned), fulfilled(unknown))
    assert await warehouse.level(sku) == before
    assert await warehouse.states([gone, rejected, returned, unknown]) == ["dispatched", "rejected", "released", None]


async def test_many_shortages_are_said_in_messages_that_the_bus_takes(warehouse: Warehouse) -> None:
    wanted = {f"{'NO-SUCH-' * 7}{number:04}": 1 for number in range(900)}
    orders = [new_id() for _ in range(40)]
    await warehouse.apply(placed(*((order, wanted) for order in orders)))
    answers = await warehouse.said()
    assert len(answers) > 1
    assert max(len(msgspec.msgpack.encode(answer)) for answer in answers) < 2 << 20
    told = [answer for answer in answers if isinstance(answer, StockSettled)]
    assert [order_id for answer in told for order_id in answer.order_ids] == orders
    assert all(len(answer.shortages[i]) == 900 for answer in told for i in range(len(answer.order_ids)))


async def test_two_replicas_that_get_the_same_orders_at_once_decide_them_once(warehouse: Warehouse) -> None:
    first, second = await warehouse.stock(300), await warehouse.stock(300)
    orders = [(new_id(), {first: 1, second: 1} if n % 2 else {second: 1, first: 1}) for n in range(400)]
    forth, back = placed(*orders), placed(*reversed(orders))
    one, two = warehouse.replicas
    await asyncio.gather(one.apply([forth]), two.apply([back]), one.apply([back]), two.apply([forth]))
    outcomes = await warehouse.outcomes()
    assert sum(outcomes.values()) == 300
    assert await warehouse.level(first) == Level(300, 300, 2)


@pytest.mark.parametrize("state", ["rejected", "cancelled"])
async def test_an_order_that_another_replica_is_just_deciding_is_not_decided_again(
    warehouse: Warehouse, state: str
) -> None:
    """Of SKUs that nobody knows, so that no row of stock is there to wait for."""
    order = new_id()
    async with another_decides(warehouse, order, state):
        ours = asyncio.create_task(warehouse.apply(placed((order, {"NO-SUCH": 1}))))
        await eventually(warehouse.blocked)
    await ours
    [answer] = await warehouse.said()
    assert isinstance(answer, StockSettled if state == "rejected" else StockReleased)
    assert await warehouse.states([order]) == [state]


async def test_a_cancellation_waits_for_the_replica_that_reserves_its_order_and_releases_it(
    warehouse: Warehouse,
) -> None:
    sku = await warehouse.stock(4)
    order = new_id()
    async with another_decides(warehouse, order, "reserved", sku):
        ours = asyncio.create_task(warehouse.apply(cancelled(order)))
        await eventually(warehouse.blocked)
    await ours
    assert await warehouse.level(sku) == Level(4, 0, 2)
    assert await warehouse.states([order]) == ["released"]


async def test_an_order_that_waits_for_its_stock_heeds_a_cancellation_that_came_meanwhile(warehouse: Warehouse) -> None:
    sku = await warehouse.stock(4)
    order = new_id()
    async with another_decides(warehouse, new_id(), "reserved", sku):
        place = asyncio.create_task(warehouse.replica(0).apply([placed((order, {sku: 1}))]))
        await eventually(warehouse.blocked)
        await warehouse.replica(1).apply([cancelled(order)])
    await place
    assert await warehouse.level(sku) == Level(4, 1, 1)
    assert await warehouse.states([order]) == ["cancelled"]


@asynccontextmanager
async def another_decides(
    warehouse: Warehouse, order: bytes, state: str, sku: str | None = None
) -> AsyncIterator[None]:
    """A replica that has written its decision (one of the SKU reserved), and commits at the end of the block."""
    skus = [sku] if sku else []
    other = await asyncpg.connect(warehouse.url)
    try:
        async with other.transaction():
            await other.execute("UPDATE stock SET reserved = 1 WHERE sku = ANY($1)", skus)
            await other.execute(
                "INSERT INTO movements (sku, kind, on_hand_delta, reserved_delta, at) "
                "SELECT sku, 'reservation', 0, 1, now() FROM unnest($1::text[]) AS sku",
                skus,
            )
            await other.execute(
                "INSERT INTO reservations (order_id, state, skus, quantities, settled_at, ended_at) "
                "VALUES ($1, $2, $3, $4, CASE WHEN $2 <> 'cancelled' THEN now() END, "
                "CASE WHEN $2 = 'cancelled' THEN now() END)",
                order.hex(),
                state,
                skus,
                [1 for _ in skus],
            )
            yield
    finally:
        await other.close()


async def test_opposite_lines_and_cancellations_at_once_never_lock_each_other_out(
    warehouse: Warehouse,
) -> None:
    skus = [await warehouse.stock(40) for _ in range(6)]
    orders = [(new_id(), dict.fromkeys(skus if n % 2 else reversed(skus), 1)) for n in range(120)]
    ids = [order_id for order_id, _ in orders]
    one, two = warehouse.replicas
    await asyncio.gather(
        *(one.apply([placed(*orders[n : n + 10])]) for n in range(0, 120, 10)),
        *(two.apply([cancelled(*reversed(ids[n : n + 15]))]) for n in range(0, 120, 15)),
        *(two.apply([placed(*reversed(orders[n : n + 20]))]) for n in range(0, 120, 20)),
    )
    assert set(await warehouse.states(ids)) <= {"cancelled", "released", "rejected"}
    levels = [await warehouse.level(sku) for sku in skus]
    assert [(level.on_hand, level.reserved) for level in levels] == [(40, 0)] * 6


async def test_the_ledger_only_grows(warehouse: Warehouse) -> None:
    await warehouse.stock(1)
    for statement in ("UPDATE movements SET on_hand_delta = 2", "DELETE FROM movements", "TRUNCATE movements"):
        with pytest.raises(asyncpg.RestrictViolationError):
            await warehouse.connection.execute(statement)
