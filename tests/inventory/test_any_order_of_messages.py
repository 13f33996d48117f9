"""Messages come at least once, in any order, in any batches: where stock ends must not depend on it."""

import random
from dataclasses import dataclass
from typing import Literal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from markethall.contracts.messages import StockDispatched, StockReleased, StockSettled
from markethall.inventory.decisions import Command
from tests.inventory.warehouse import Lines, Warehouse, cancelled, fulfilled, new_id, placed

Kind = Literal["place", "cancel", "fulfil"]
Delivery = tuple[Kind, int]
"""A command for the order of this index."""

ORDERS = 4
few = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

order_lines = st.dictionaries(st.sampled_from([0, 1, 2]), st.integers(1, 3), min_size=1)
"""Quantities by index of the SKU; there is none of the last one."""
deliveries = st.lists(
    st.tuples(st.sampled_from(["place", "place", "cancel", "fulfil"]), st.integers(0, ORDERS - 1)), max_size=16
)
cuts = st.lists(st.integers(1, 5), min_size=16, max_size=16)
"""Sizes of the batches that the deliveries come in."""


@dataclass
class Model:
    """One command at a time on plain numbers: what the shop promises, in as few words as there are."""

    on_hand: dict[str, int]
    orders: list[Lines]

    def __post_init__(self) -> None:
        self.reserved = dict.fromkeys(self.on_hand, 0)
        self.states: dict[int, str] = {}

    def deliver(self, delivery: Delivery) -> None:
        kind, index = delivery
        lines, state = self.orders[index], self.states.get(index)
        if kind == "place" and state is None:
            fits = all(n <= self.on_hand[sku] - self.reserved[sku] for sku, n in lines.items())
            self.states[index] = "reserved" if fits else "rejected"
            for sku, quantity in lines.items() if fits else ():
                self.reserved[sku] += quantity
        elif kind == "cancel" and state is None:
            self.states[index] = "cancelled"
        elif kind in ("cancel", "fulfil") and state == "reserved":
            self.states[index] = "released" if kind == "cancel" else "dispatched"
            for sku, quantity in lines.items():
                self.reserved[sku] -= quantity
                self.on_hand[sku] -= quantity if kind == "fulfil" else 0


@few
@given(st.lists(order_lines, min_size=ORDERS, max_size=ORDERS), st.integers(0, 5), deliveries, cuts)
async def test_batches_come_to_what_one_command_after_another_comes_to(
    warehouse: Warehouse, wanted: list[dict[int, int]], on_hand: int, script: list[Delivery], cuts: list[int]
) -> None:
    skus = [await warehouse.stock(on_hand), await warehouse.stock(on_hand + 1), await warehouse.stock(0)]
    orders = [{skus[index]: quantity for index, quantity in lines.items()} for lines in wanted]
    ids = [new_id() for _ in orders]
    model = Model({sku: (await warehouse.level(sku)).on_hand for sku in skus}, orders)

    await deliver(warehouse, ids, orders, script, cuts)
    for delivery in script:
        model.deliver(delivery)

    assert await warehouse.states(ids) == [model.states.get(index) for index in range(ORDERS)]
    levels = {sku: await warehouse.level(sku) for sku in skus}
    assert {sku: level.on_hand for sku, level in levels.items()} == model.on_hand
    assert {sku: level.reserved for sku, level in levels.items()} == model.reserved
    await warehouse.assert_books_balance()


@few
@given(
    st.lists(order_lines, min_size=ORDERS, max_size=ORDERS),
    st.sets(st.integers(0, ORDERS - 1)),
    st.sets(st.integers(0, ORDERS - 1)),
    st.integers(1, 3),
    st.randoms(use_true_random=False),
    cuts,
)
async def test_with_stock_for_all_neither_order_nor_repetition_of_messages_matters(
    warehouse: Warehouse,
    wanted: list[dict[int, int]],
    to_cancel: set[int],
    to_fulfil: set[int],
    repetitions: int,
    chance: random.Random,
    cuts: list[int],
) -> None:
    skus = [await warehouse.stock(50) for _ in range(3)]
    orders = [{skus[index]: quantity for index, quantity in lines.items()} for lines in wanted]
    ids = [new_id() for _ in orders]
    to_fulfil = to_fulfil - to_cancel  # orders never asks for both
    script: list[Delivery] = [("place", index) for index in range(ORDERS)]
    script += [("cancel", index) for index in to_cancel]
    script += [("fulfil", index) for index in to_fulfil]
    script *= repetitions
    chance.shuffle(script)

    await warehouse.said()
    await deliver(warehouse, ids, orders, script, cuts * 3)
    # What was not answered is sent again, as the reconciler of orders does.
    settled, ended = await answered(warehouse)
    unsettled = [index for index in range(ORDERS) if ids[index] not in settled | ended]
    assert unsettled == []
    unfulfilled: list[Delivery] = [("fulfil", index) for index in to_fulfil if ids[index] not in ended]
    await deliver(warehouse, ids, orders, unfulfilled, cuts)
    settled, ended_again = await answered(warehouse)
    assert ended | ended_again == {ids[index] for index in to_cancel | to_fulfil}

    held: dict[str, int] = dict.fromkeys(skus, 0)
    gone: dict[str, int] = dict.fromkeys(skus, 0)
    for index, lines in enumerate(orders):
        for sku, quantity in lines.items():
            held[sku] += quantity if index not in to_cancel | to_fulfil else 0
            gone[sku] += quantity if index in to_fulfil else 0
    for sku in skus:
        level = await warehouse.level(sku)
        assert (level.on_hand, level.reserved) == (50 - gone[sku], held[sku])
    await warehouse.assert_books_balance()


async def deliver(
    warehouse: Warehouse, ids: list[bytes], orders: list[Lines], script: list[Delivery], cuts: list[int]
) -> None:
    """The script in batches, each by another replica than the one before."""
    commands: list[Command] = []
    for kind, index in script:
        match kind:
            case "place":
                commands.append(placed((ids[index], orders[index])))
            case "cancel":
                commands.append(cancelled(ids[index]))
            case "fulfil":
                commands.append(fulfilled(ids[index]))
    for turn, size in enumerate(cuts):
        batch, commands = commands[:size], commands[size:]
        if batch:
            await warehouse.replica(turn % 2).apply(batch)
    assert not commands


async def answered(warehouse: Warehouse) -> tuple[set[bytes], set[bytes]]:
    """Orders that were settled, and those that were released or dispatched."""
    settled: set[bytes] = set()
    ended: set[bytes] = set()
    for answer in await warehouse.said():
        if isinstance(answer, StockSettled):
            settled.update(answer.order_ids)
        elif isinstance(answer, StockReleased | StockDispatched):
            ended.update(answer.order_ids)
    return settled, ended
