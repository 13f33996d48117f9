"""A database of inventory's and replicas that decide on it, without a bus: answers are read from the outbox."""

import itertools
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import asyncpg
import msgspec

from markethall.contracts.messages import (
    OrdersCancelled,
    OrdersFulfilled,
    OrdersPlaced,
    StockChanged,
    StockDispatched,
    StockReleased,
    StockSettled,
)
from markethall.contracts.topology import LIVE_STOCK_CHANGED, STOCK_DISPATCHED, STOCK_RELEASED, STOCK_SETTLED
from markethall.inventory.allocation import allocate
from markethall.inventory.app import MIGRATIONS
from markethall.inventory.consumers import OrderDecider
from markethall.inventory.decisions import Allocate, Command, Level
from markethall.kit.bus import Bus
from markethall.kit.db import Database
from markethall.kit.migrations import migrate
from markethall.kit.relay import Relay
from markethall.kit.settings import Settings
from tests.support.machine import Machine

Answer = StockSettled | StockReleased | StockDispatched | StockChanged
ANSWERS: dict[str, type[Answer]] = {
    STOCK_SETTLED: StockSettled,
    STOCK_RELEASED: StockReleased,
    STOCK_DISPATCHED: StockDispatched,
    LIVE_STOCK_CHANGED: StockChanged,
}

Lines = dict[str, int]

_numbers = itertools.count(1)


@dataclass
class Warehouse:
    """`replicas` decide on one database, which `connection` looks at."""

    url: str
    databases: list[Database]
    relay: Relay
    connection: "asyncpg.Connection[asyncpg.Record]"

    @property
    def replicas(self) -> list[OrderDecider]:
        return [self.replica(index) for index in range(len(self.databases))]

    def replica(self, index: int = 0, allocate: Allocate = allocate) -> OrderDecider:
        return OrderDecider(self.databases[index], self.relay, allocate)

    async def apply(self, *commands: Command) -> None:
        await self.replica().apply(commands)

    async def stock(self, on_hand: int) -> str:
        """A new SKU with so many on hand, all of them received."""
        sku = f"SKU-{next(_numbers):06}"
        await self.connection.execute("INSERT INTO stock (sku, on_hand) VALUES ($1, $2)", sku, on_hand)
        await self.connection.execute(
            "INSERT INTO movements (sku, kind, on_hand_delta, reserved_delta, at) VALUES ($1, 'receipt', $2, 0, now())",
            sku,
            on_hand,
        )
        return sku

    async def level(self, sku: str) -> Level:
        row = await self.connection.fetchrow("SELECT on_hand, reserved, version FROM stock WHERE sku = $1", sku)
        assert row is not None
        return Level(*row)

    async def states(self, order_ids: Sequence[bytes]) -> list[str | None]:
        rows = await self.connection.fetch(
            "SELECT order_id, state FROM reservations WHERE order_id = ANY($1::uuid[])",
            [order_id.hex() for order_id in order_ids],
        )
        states = {row["order_id"].bytes: row["state"] for row in rows}
        return [states.get(order_id) for order_id in order_ids]

    async def said(self) -> list[Answer]:
        """What stands in the outbox, taken out of it."""
        rows = await self.connection.fetch("DELETE FROM outbox RETURNING id, subject, payload")
        return [
            msgspec.msgpack.decode(row["payload"], type=ANSWERS[row["subject"]])
            for row in sorted(rows, key=lambda row: int(row["id"]))
        ]

    async def outcomes(self) -> dict[bytes, bool]:
        """Each order that was answered, and whether it was reserved; asserts that all answers agree."""
        outcomes: dict[bytes, bool] = {}
        for answer in await self.said():
            if isinstance(answer, StockSettled):
                for order_id, reserved in zip(answer.order_ids, answer.reserved, strict=True):
                    assert outcomes.setdefault(order_id, reserved) == reserved
        return outcomes

    async def assert_books_balance(self) -> None:
        """The ledger's sums and the live reservations are what the stock rows say; nothing is oversold."""
        unbalanced = await self.connection.fetch(
            """
            SELECT sku, on_hand, reserved, ledger.on_hand_sum, ledger.reserved_sum, held.quantity
            FROM stock
            LEFT JOIN (
                SELECT sku, sum(on_hand_delta) AS on_hand_sum, sum(reserved_delta) AS reserved_sum
                FROM movements GROUP BY sku
            ) AS ledger USING (sku)
            LEFT JOIN (
                SELECT line.sku, sum(line.quantity) AS quantity
                FROM reservations, unnest(skus, quantities) AS line (sku, quantity)
                WHERE state = 'reserved' GROUP BY line.sku
            ) AS held USING (sku)
            WHERE on_hand <> coalesce(on_hand_sum, 0) OR reserved <> coalesce(reserved_sum, 0)
                OR reserved <> coalesce(held.quantity, 0) OR NOT reserved BETWEEN 0 AND on_hand
            """
        )
        assert unbalanced == []

    async def blocked(self) -> int:
        """How many sessions wait for a lock."""
        count: int = await self.connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return count


@asynccontextmanager
async def open_warehouse(machine: Machine, replicas: int = 2) -> AsyncIterator[Warehouse]:
    url = await machine.new_database("inventory")
    settings = Settings(service="inventory", database_url=url)
    await migrate(settings, MIGRATIONS)
    async with AsyncExitStack() as stack:
        databases = [await stack.enter_async_context(Database(settings)) for _ in range(replicas)]
        connection = await asyncpg.connect(url)
        stack.push_async_callback(connection.close)
        # Never started: what is said stays in the outbox.
        yield Warehouse(url, databases, Relay(databases[0], Bus(settings, "inventory")), connection)


def new_id() -> bytes:
    return uuid.uuid4().bytes


def placed(*orders: tuple[bytes, Lines]) -> OrdersPlaced:
    return OrdersPlaced(
        [order_id for order_id, _ in orders],
        [len(lines) for _, lines in orders],
        [sku for _, lines in orders for sku in lines],
        [quantity for _, lines in orders for quantity in lines.values()],
    )


def cancelled(*order_ids: bytes) -> OrdersCancelled:
    return OrdersCancelled(list(order_ids))


def fulfilled(*order_ids: bytes) -> OrdersFulfilled:
    return OrdersFulfilled(list(order_ids))
