"""Two guards keep stock from being oversold: the lock on its rows, and an allocation that sees its whole batch.

Each is taken away here, and what then happens is shown; with it, the same does not happen. Behind both
stands the database's own CHECK, which turns an oversell into an error; it is taken away too, to
show what it prevents.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

import asyncpg
import pytest

from markethall.inventory import batches
from markethall.inventory.allocation import Order, Outcome, allocate
from tests.inventory.warehouse import Warehouse, new_id, open_warehouse, placed
from tests.support.machine import Machine, eventually

REPLICAS = 8


@pytest.fixture
async def warehouse(machine: Machine) -> AsyncIterator[Warehouse]:
    async with open_warehouse(machine, REPLICAS) as warehouse:
        yield warehouse


async def test_eight_replicas_sell_one_unit_once(warehouse: Warehouse) -> None:
    assert await sold_at_once(warehouse, 1) == 1
    await warehouse.assert_books_balance()


async def test_without_the_row_lock_the_check_has_to_refuse(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "LOCK_LEVELS", without_lock())
    with pytest.raises(asyncpg.CheckViolationError, match="stock_never_oversold"):
        await sold_at_once(warehouse, 1)


async def test_without_row_lock_and_check_one_unit_is_sold_many_times(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "LOCK_LEVELS", without_lock())
    await warehouse.connection.execute("ALTER TABLE stock DROP CONSTRAINT stock_never_oversold")
    assert await sold_at_once(warehouse, 1) > 1
    with pytest.raises(AssertionError):
        await warehouse.assert_books_balance()


async def test_a_batch_sells_one_unit_once(warehouse: Warehouse) -> None:
    assert await sold_in_one_batch(warehouse, allocate) == 1


async def test_an_allocation_that_forgets_its_batch_is_refused_by_the_check(warehouse: Warehouse) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="stock_never_oversold"):
        await sold_in_one_batch(warehouse, forgetful)


async def test_an_allocation_that_forgets_its_batch_oversells_without_the_check(warehouse: Warehouse) -> None:
    await warehouse.connection.execute("ALTER TABLE stock DROP CONSTRAINT stock_never_oversold")
    assert await sold_in_one_batch(warehouse, forgetful) == REPLICAS


def forgetful(available: Mapping[str, int], orders: Sequence[Order]) -> list[Outcome]:
    """Each order by itself, as if those before it had taken nothing."""
    return [allocate(available, [order])[0] for order in orders]


def without_lock() -> str:
    assert "FOR NO KEY UPDATE" in batches.LOCK_LEVELS
    return batches.LOCK_LEVELS.replace("FOR NO KEY UPDATE", "")


async def sold_in_one_batch(
    warehouse: Warehouse, allocate: Callable[[Mapping[str, int], Sequence[Order]], list[Outcome]]
) -> int:
    sku = await warehouse.stock(1)
    await warehouse.replica(0, allocate).apply([placed(*((new_id(), {sku: 1}) for _ in range(REPLICAS)))])
    return sum((await warehouse.outcomes()).values())


async def sold_at_once(warehouse: Warehouse, on_hand: int) -> int:
    """Every replica gets an order for one unit at the same moment; how many were told that they have it.

    The moment is made by holding the row until all of them wait, be it to read it or to write it.
    """
    sku = await warehouse.stock(on_hand)
    holder = await asyncpg.connect(warehouse.url)
    try:
        async with holder.transaction():
            await holder.execute("SELECT 1 FROM stock WHERE sku = $1 FOR NO KEY UPDATE", sku)
            buying = [asyncio.create_task(each.apply([placed((new_id(), {sku: 1}))])) for each in warehouse.replicas]
            await eventually(all_blocked(warehouse))
    finally:
        await holder.close()
    for error in await asyncio.gather(*buying, return_exceptions=True):
        if error is not None:
            raise error
    return sum((await warehouse.outcomes()).values())


def all_blocked(warehouse: Warehouse) -> Callable[[], Awaitable[bool]]:
    async def so() -> bool:
        return await warehouse.blocked() == REPLICAS

    return so
