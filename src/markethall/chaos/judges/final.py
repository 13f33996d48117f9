"""How things stand when all is quiet, read from the databases themselves."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from markethall.chaos.history import History
from markethall.chaos.judges.oversell import receipts_by_sku
from markethall.chaos.judges.sightings import sightings
from markethall.chaos.workload.answers import as_bought
from markethall.local.credentials import DATABASES
from markethall.local.errors import LocalError
from markethall.local.shop import LocalShop
from markethall.orders.fulfilment.status import status_of
from markethall.orders.order import Line, facts_from

STATEMENT_SECONDS = 60.0
LOOK_SECONDS = 0.5

FIRST_NUMBER = "SELECT min(number) FROM orders WHERE id = ANY ($1::uuid[])"
ORDERS = """
SELECT id, number, lines::text AS lines, total, placed_at, reserved_at, rejected_at, cancel_asked_at, released_at,
    fulfil_asked_at, dispatched_at
FROM orders WHERE number >= $1
"""
STOCK = "SELECT sku, on_hand, reserved FROM stock WHERE sku = ANY ($1)"
RECEIPTS = """
SELECT id, sku, on_hand_delta FROM movements WHERE sku = ANY ($1) AND kind IN ('receipt', 'correction')
"""
WAITING_ORDERS = """
SELECT format('order %s waits', number) FROM orders
WHERE (reserved_at IS NULL AND rejected_at IS NULL AND cancel_asked_at IS NULL)
    OR (cancel_asked_at IS NOT NULL AND released_at IS NULL)
    OR (fulfil_asked_at IS NOT NULL AND dispatched_at IS NULL)
LIMIT 5
"""
WAITING_OUTBOX = "SELECT format('%s is in the outbox', subject) FROM outbox LIMIT 5"

_lines = msgspec.json.Decoder(list[Line])


@dataclass(frozen=True)
class FinalOrder:
    """An order of the run as the database has it."""

    id: str
    number: int
    status: str
    lines: Mapping[str, int]
    total: int
    bought: Mapping[str, list[Any]]
    """As an answer has it (`markethall.chaos.workload.answers`)."""


@dataclass(frozen=True)
class FinalStock:
    """`receipts`: movement id → quantity, corrections included."""

    on_hand: int
    reserved: int
    receipts: Mapping[int, int]


@dataclass(frozen=True)
class Final:
    """All orders that touch the run's SKUs, whether an answer named them or not, and those SKUs' stock."""

    orders: Mapping[str, FinalOrder]
    stock: Mapping[str, FinalStock]


async def quiet(shop: LocalShop, seconds: float) -> list[str]:
    """Wait until nothing is under way any more. What still is after `seconds`; empty: nothing."""
    deadline = monotonic() + seconds
    calm = 0
    while True:
        try:
            waiting = await _waiting(shop)
        except (LocalError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            waiting = [f"a database does not answer: {error!r}"]
        # Twice: between two commits of one journey nothing may be waiting for an instant.
        calm = 0 if waiting else calm + 1
        if calm == 2:
            return []
        if monotonic() > deadline:
            return waiting or ["it has been quiet for an instant only"]
        await asyncio.sleep(LOOK_SECONDS)


async def read_final(shop: LocalShop, history: History) -> Final:
    """Raises LocalError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError."""
    skus = sorted(receipts_by_sku(history))
    return Final(await _orders(shop, list(sightings(history)), set(skus)), await _stock(shop, skus))


async def _waiting(shop: LocalShop) -> list[str]:
    found: list[str] = []
    for database in DATABASES:
        connection = await connect(shop.dsn(database))
        try:
            statements = [WAITING_OUTBOX] + ([WAITING_ORDERS] if database == "orders" else [])
            for statement in statements:
                found += [f"{database}: {row[0]}" for row in await connection.fetch(statement)]
        finally:
            await connection.close(timeout=5)
    return found


async def _orders(shop: LocalShop, ids: Sequence[str], skus: set[str]) -> dict[str, FinalOrder]:
    connection = await connect(shop.dsn("orders"))
    try:
        first = await connection.fetchval(FIRST_NUMBER, [UUID(order_id) for order_id in ids])
        rows = await connection.fetch(ORDERS, first if first is not None else 0)
    finally:
        await connection.close(timeout=5)
    found = {}
    for row in rows:
        bought = _lines.decode(row["lines"])
        if not skus.isdisjoint(line.sku for line in bought):
            order = _order(row, bought)
            found[order.id] = order
    return found


def _order(row: asyncpg.Record, lines: Sequence[Line]) -> FinalOrder:
    return FinalOrder(
        str(row["id"]),
        row["number"],
        status_of(facts_from(row)),
        {line.sku: line.quantity for line in lines},
        row["total"],
        {
            line.sku: [line.unit_price, line.unit_price * line.quantity, as_bought(line.name, line.options)]
            for line in lines
        },
    )


async def _stock(shop: LocalShop, skus: Sequence[str]) -> dict[str, FinalStock]:
    connection = await connect(shop.dsn("inventory"))
    try:
        rows = await connection.fetch(STOCK, skus)
        receipts: dict[str, dict[int, int]] = {sku: {} for sku in skus}
        for movement_id, sku, quantity in await connection.fetch(RECEIPTS, skus):
            receipts[sku][movement_id] = quantity
    finally:
        await connection.close(timeout=5)
    return {row["sku"]: FinalStock(row["on_hand"], row["reserved"], receipts[row["sku"]]) for row in rows}


async def connect(dsn: str) -> "asyncpg.Connection[asyncpg.Record]":
    return await asyncpg.connect(dsn, timeout=10, command_timeout=STATEMENT_SECONDS)
