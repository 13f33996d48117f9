"""Invariants across orders and inventory: both are read in order of id, side by side, in bounded memory."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import TypeVar
from uuid import UUID

import msgspec

from markethall.auditing.inside import MAX_ROWS, Connection, Finding
from markethall.auditing.judgement import OrderSeen, ReservationSeen, Rule, disagreement
from markethall.orders.order import Line, facts_from

MAX_SUSPECTS = 1_000
SECOND_LOOKS = 20
SECOND_LOOK_SECONDS = 0.5

ORDERS = """
SELECT id, number, lines::text AS lines, placed_at, reserved_at, rejected_at, cancel_asked_at, released_at,
    fulfil_asked_at, dispatched_at
FROM orders WHERE $1::uuid[] IS NULL OR id = ANY ($1) ORDER BY id
"""
RESERVATIONS = """
SELECT order_id, state, skus, quantities
FROM reservations WHERE $1::uuid[] IS NULL OR order_id = ANY ($1) ORDER BY order_id
"""
Seen = TypeVar("Seen", OrderSeen, ReservationSeen)
_lines = msgspec.json.Decoder(list[Line])


async def check(orders: Connection, inventory: Connection, *, live: bool) -> list[Finding]:
    """One finding a rule. In a live shop, what looks wrong is looked at again for 10 s before it is believed."""
    counted: Counter[Rule] = Counter()
    broken: dict[UUID, tuple[Rule, str]] = {}
    total = 0
    async for order, reservation in _pairs(orders, inventory, None):
        for rule in Rule:
            counted[rule] += 1
        if found := disagreement(order, reservation):
            total += 1
            if len(broken) < MAX_SUSPECTS:
                broken[_id_of(order, reservation)] = found
    overflow = total - len(broken)
    for _ in range(SECOND_LOOKS if live else 0):
        if not broken:
            break
        await asyncio.sleep(SECOND_LOOK_SECONDS)
        suspects = list(broken)
        broken = {}
        async for order, reservation in _pairs(orders, inventory, suspects):
            if found := disagreement(order, reservation):
                broken[_id_of(order, reservation)] = found
    return [_finding(rule, counted[rule], broken, overflow if rule is Rule.CONFIRMED_IS_HELD else 0) for rule in Rule]


def _finding(rule: Rule, counted: int, broken: dict[UUID, tuple[Rule, str]], overflow: int) -> Finding:
    rows = [f"{order_id}: {how}" for order_id, (which, how) in broken.items() if which is rule]
    return Finding(rule.value, counted, len(rows) + overflow, tuple(rows[:MAX_ROWS]))


def _id_of(order: OrderSeen | None, reservation: ReservationSeen | None) -> UUID:
    if order is not None:
        return order.id
    assert reservation is not None
    return reservation.order_id


async def _pairs(
    orders: Connection, inventory: Connection, only: Sequence[UUID] | None
) -> AsyncIterator[tuple[OrderSeen | None, ReservationSeen | None]]:
    """Each order with its reservation, from one snapshot of either database.

    The snapshot of orders is the older one: what an order says of its reservation was so already
    when the reservation is read. A reservation may be newer than its order's absence.
    """
    async with orders.transaction(isolation="repeatable_read", readonly=True):
        left = _orders(orders, only)
        order = await anext(left, None)
        async with inventory.transaction(isolation="repeatable_read", readonly=True):
            right = _reservations(inventory, only)
            reservation = await anext(right, None)
            while order is not None or reservation is not None:
                if reservation is None or (order is not None and order.id < reservation.order_id):
                    yield order, None
                    order = await anext(left, None)
                elif order is None or reservation.order_id < order.id:
                    yield None, reservation
                    reservation = await anext(right, None)
                else:
                    yield order, reservation
                    order, reservation = await anext(left, None), await anext(right, None)


async def _orders(connection: Connection, only: Sequence[UUID] | None) -> AsyncIterator[OrderSeen]:
    async for row in connection.cursor(ORDERS, only, prefetch=500):
        quantities: Counter[str] = Counter()
        for line in _lines.decode(row["lines"]):
            quantities[line.sku] += line.quantity
        yield OrderSeen(
            id=row["id"],
            number=row["number"],
            facts=facts_from(row),
            lines=dict(quantities),
        )


async def _reservations(connection: Connection, only: Sequence[UUID] | None) -> AsyncIterator[ReservationSeen]:
    async for row in connection.cursor(RESERVATIONS, only, prefetch=500):
        yield ReservationSeen(row["order_id"], row["state"], dict(zip(row["skus"], row["quantities"], strict=True)))
