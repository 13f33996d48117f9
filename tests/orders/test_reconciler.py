"""What the bus lost is said again: a shop whose broker was wiped loses no order."""

import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import asyncpg
import msgspec
import pytest

from markethall.contracts.messages import OrdersCancelled, OrdersFulfilled, OrdersPlaced
from markethall.kit.bus import Bus
from markethall.kit.db import Database
from markethall.kit.migrations import migrate
from markethall.kit.relay import Relay
from markethall.local.nats import EmbeddedNats
from markethall.orders.app import MIGRATIONS
from markethall.orders.fulfilment import reconciler
from markethall.orders.fulfilment.reconciler import Reconciler
from tests.support.machine import Machine, settings_for

MESSAGES: dict[str, type[OrdersPlaced | OrdersCancelled | OrdersFulfilled]] = {
    "orders.placed": OrdersPlaced,
    "orders.cancelled": OrdersCancelled,
    "orders.fulfilled": OrdersFulfilled,
}


class Desk:
    """A reconciler that looks when it is told to, over an outbox that nobody empties."""

    def __init__(self, database: Database, relay: Relay, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self.reconciler = Reconciler(database, relay)
        self.connection = connection

    async def order(self, age_seconds: float, **facts: float) -> uuid.UUID:
        """An order so old, with facts so many seconds ago."""
        order_id = uuid.uuid4()
        await self.connection.execute(
            """
            INSERT INTO orders (id, number, fingerprint, currency, lines, total, placed_at)
            VALUES ($1, nextval('order_numbers'), '', 'EUR', $2, 1, $3)
            """,
            order_id,
            msgspec.json.encode([{"sku": "A", "name": "A", "options": {}, "quantity": 2, "unit_price": 1}]).decode(),
            ago(age_seconds),
        )
        for fact, seconds in facts.items():
            await self.connection.execute(f"UPDATE orders SET {fact} = $2 WHERE id = $1", order_id, ago(seconds))
        return order_id

    async def look(self, *, last_look_seconds_ago: float) -> dict[str, list[uuid.UUID]]:
        """Which orders are named by subject. The outbox is empty again afterwards."""
        await self.connection.execute(
            "UPDATE reconciliation SET walk_until = $1 WHERE position IS NULL", ago(last_look_seconds_ago)
        )
        await self.reconciler.look()
        rows = await self.connection.fetch("DELETE FROM outbox RETURNING subject, payload")
        said: dict[str, list[uuid.UUID]] = {}
        for row in rows:
            message = msgspec.msgpack.decode(row["payload"], type=MESSAGES[row["subject"]])
            said.setdefault(row["subject"], []).extend(uuid.UUID(bytes=raw) for raw in message.order_ids)
        return said

    async def watermark(self) -> int:
        below: int = await self.connection.fetchval("SELECT settled_below FROM reconciliation")
        return below

    async def number(self, order_id: uuid.UUID) -> int:
        number: int = await self.connection.fetchval("SELECT number FROM orders WHERE id = $1", order_id)
        return number


def ago(seconds: float) -> datetime:
    return datetime.now(UTC) - timedelta(seconds=seconds)


@pytest.fixture
async def desk(machine: Machine, nats: EmbeddedNats) -> AsyncIterator[Desk]:
    url = await machine.new_database("orders")
    settings = settings_for("orders", url, nats)
    await migrate(settings, MIGRATIONS)
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database(settings))
        connection = await asyncpg.connect(url)
        stack.push_async_callback(connection.close)
        yield Desk(database, Relay(database, Bus(settings, "orders")), connection)


async def test_a_pending_order_is_named_again_with_its_lines_after_five_seconds_and_not_before(desk: Desk) -> None:
    old, _young = await desk.order(6), await desk.order(3)
    await desk.order(6, reserved_at=5)
    await desk.order(6, rejected_at=5)
    assert await desk.look(last_look_seconds_ago=2) == {"orders.placed": [old]}


async def test_it_is_not_named_at_every_look_but_ever_more_seldom(desk: Desk) -> None:
    await desk.order(12)
    assert await desk.look(last_look_seconds_ago=2) == {}
    assert await desk.look(last_look_seconds_ago=10) != {}


async def test_unanswered_cancellations_and_fulfilments_are_said_again(desk: Desk) -> None:
    cancelled = await desk.order(100, cancel_asked_at=6)
    await desk.order(100, cancel_asked_at=6, released_at=5)
    fulfilled = await desk.order(100, reserved_at=90, fulfil_asked_at=6)
    await desk.order(100, reserved_at=90, fulfil_asked_at=6, dispatched_at=5)
    said = await desk.look(last_look_seconds_ago=2)
    assert said == {"orders.cancelled": [cancelled], "orders.fulfilled": [fulfilled]}


async def test_nothing_is_repeated_while_the_outbox_still_holds_what_was_said(desk: Desk) -> None:
    order_id = await desk.order(6)
    await desk.connection.execute(
        "INSERT INTO outbox (subject, payload, created_at) VALUES ('orders.placed', $1, $2)",
        msgspec.msgpack.encode(OrdersPlaced([], [], [], [])),
        ago(6),
    )
    assert await desk.look(last_look_seconds_ago=2) == {"orders.placed": []}
    assert await desk.look(last_look_seconds_ago=2) == {"orders.placed": [order_id]}


async def test_the_watermark_passes_settled_orders_and_stops_at_open_or_young_ones(desk: Desk) -> None:
    for _ in range(3):
        await desk.order(100, reserved_at=90)
    still_open = await desk.order(60)
    young = await desk.order(4, reserved_at=3)
    await desk.look(last_look_seconds_ago=2)
    assert await desk.watermark() == await desk.number(still_open)
    await desk.connection.execute("UPDATE orders SET rejected_at = now() WHERE id = $1", still_open)
    await desk.look(last_look_seconds_ago=2)
    assert await desk.number(still_open) < await desk.watermark() <= await desk.number(young)


async def test_an_order_committed_late_under_a_lower_number_is_still_found(desk: Desk) -> None:
    number = await desk.connection.fetchval("SELECT nextval('order_numbers')")
    await desk.order(4, reserved_at=3)
    await desk.look(last_look_seconds_ago=2)
    late = await desk.order(6)
    await desk.connection.execute("UPDATE orders SET number = $2 WHERE id = $1", late, number)
    assert await desk.look(last_look_seconds_ago=2) == {"orders.placed": [late]}


async def test_a_walk_over_many_orders_goes_chunk_by_chunk_and_on_at_the_next_look(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciler, "CHUNK_ORDERS", 2)
    monkeypatch.setattr(reconciler, "CHUNKS_PER_LOOK", 2)
    for _ in range(3):
        await desk.order(20, reserved_at=19)
    open_orders = [await desk.order(6) for _ in range(4)]
    assert await desk.look(last_look_seconds_ago=2) == {"orders.placed": open_orders[:1]}
    assert await desk.watermark() == await desk.number(open_orders[0])
    assert await desk.look(last_look_seconds_ago=2) == {"orders.placed": open_orders[1:]}


async def test_only_one_replica_looks_at_a_time(desk: Desk) -> None:
    await desk.order(6)
    async with desk.connection.transaction():
        await desk.connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('reconciliation', 0))")
        await desk.reconciler.look()
        assert await desk.connection.fetchval("SELECT count(*) FROM outbox") == 0
