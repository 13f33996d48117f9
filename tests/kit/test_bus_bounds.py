"""What happens when something on the bus is full: nothing acknowledged is dropped, and it flows when there is room."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace

import asyncpg
import msgspec
import pytest
from nats.js.errors import APIError
from sqlalchemy import MetaData
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from markethall.contracts.messages import AccountErased, CatalogChanged, Replica, StockChanged
from markethall.contracts.topology import (
    ACCOUNTS_ERASED,
    CATALOG_CHANGED,
    LIVE_STOCK_CHANGED,
    ORDERS_ACCOUNTS,
    ORDERS_CATALOG,
    ORDERS_STOCK,
    REPLICAS_BUCKET,
    STOCK_SETTLED,
)
from markethall.kit import consumer as consumer_module
from markethall.kit.bus import Bus
from markethall.kit.consumer import Consumer
from markethall.kit.db import Database
from markethall.kit.dead_letters import DeadLetters
from markethall.kit.outbox import OutboxMessage, enqueue_hot, outbox_table
from markethall.kit.registry import Directory, Registration
from markethall.kit.relay import BATCH_BYTES, Relay
from markethall.local.credentials import BUS_OPERATOR, Credentials
from markethall.local.nats import EmbeddedNats
from tests.support.machine import Machine, eventually, nats_server, settings_for

ROOM = 64 << 10
"""Bytes that each stream and bucket may hold here."""


@pytest.fixture
async def nats(tmp_path_factory: pytest.TempPathFactory, credentials: Credentials) -> AsyncIterator[EmbeddedNats]:
    """A bus for each test: what is full stays so."""
    async with nats_server(tmp_path_factory.mktemp("bus"), credentials) as server:
        yield server


@dataclass
class Sender:
    """A part's outbox and relay."""

    database: Database
    relay: Relay
    bus: Bus

    async def say(self, *messages: OutboxMessage) -> None:
        async with self.database.hot() as connection:
            await enqueue_hot(connection, messages)
        self.relay.wake()

    async def waiting(self, subject: str) -> int:
        async with self.database.hot() as connection:
            count: int = await connection.fetchval("SELECT count(*) FROM outbox WHERE subject = $1", subject)
        return count


@dataclass
class Hall:
    machine: Machine
    nats: EmbeddedNats
    stack: AsyncExitStack

    async def sender(self, part: str, *, relaying: bool = True) -> Sender:
        url = await self.machine.new_database(part)
        connection = await asyncpg.connect(url)
        table = CreateTable(outbox_table(MetaData())).compile(dialect=postgresql.dialect())  # type: ignore[no-untyped-call]
        await connection.execute(str(table))
        await connection.close()
        settings = settings_for(part, url, self.nats, bus_stream_bytes=ROOM)
        database = await self.stack.enter_async_context(Database(settings))
        bus = await self.bus(part)
        relay = Relay(database, bus)
        if relaying:
            await self.stack.enter_async_context(relay)
        return Sender(database, relay, bus)

    async def bus(self, part: str) -> Bus:
        return await self.stack.enter_async_context(Bus(settings_for(part, "", self.nats, bus_stream_bytes=ROOM), part))


@pytest.fixture
async def hall(machine: Machine, nats: EmbeddedNats) -> AsyncIterator[Hall]:
    async with AsyncExitStack() as stack:
        yield Hall(machine, nats, stack)


@dataclass
class Ears:
    """What a consumer applied; it applies nothing while the gate is closed, and never what is `poison`."""

    heard: set[bytes] = field(default_factory=set)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    poison: bytes = b""

    async def apply(self, messages: Sequence[AccountErased]) -> None:
        await self.gate.wait()
        if any(message.user_id == self.poison for message in messages):
            raise ArithmeticError("nobody foresaw this")
        self.heard |= {message.user_id for message in messages}


def erased(count: int, size: int = 2000) -> tuple[set[bytes], list[OutboxMessage]]:
    said = {uuid.uuid4().bytes * (size // 16) for _ in range(count)}
    return said, [OutboxMessage(ACCOUNTS_ERASED, msgspec.msgpack.encode(AccountErased(user))) for user in said]


async def stored(bus: Bus, stream: str) -> int:
    return (await bus.jetstream.stream_info(stream)).state.messages


async def test_a_full_stream_refuses_and_the_outbox_keeps_until_there_is_room(hall: Hall) -> None:
    sender, receiver, ears = await hall.sender("accounts"), await hall.bus("orders"), Ears()
    said, messages = erased(100)
    await sender.say(*messages)

    async def refused() -> bool:
        return 0 < await sender.waiting(ACCOUNTS_ERASED) < 100 and bool(sender.relay._refused)

    # What was stored leaves the outbox a moment later.
    async def none_is_lost() -> bool:
        return await stored(sender.bus, "ACCOUNTS") + await sender.waiting(ACCOUNTS_ERASED) == 100

    async def all_are_taken() -> bool:
        return await sender.waiting(ACCOUNTS_ERASED) == 0

    await eventually(refused)
    await eventually(none_is_lost)
    ears.gate.set()
    async with Consumer(receiver, ORDERS_ACCOUNTS, {ACCOUNTS_ERASED: AccountErased}, ears.apply):
        await eventually(lambda: ears.heard == said, seconds=30)
        await eventually(all_are_taken)


async def test_what_one_stream_refuses_does_not_hold_up_what_goes_elsewhere(hall: Hall) -> None:
    sender, front = await hall.sender("inventory"), await hall.bus("front")
    heard: list[bytes] = []

    async def hear(message: object) -> None:
        heard.append(b"")

    await front.listen(LIVE_STOCK_CHANGED, hear)
    await sender.say(*[OutboxMessage(STOCK_SETTLED, bytes(2000)) for _ in range(500)])
    await eventually(lambda: sender.relay._refused)
    await sender.say(OutboxMessage(LIVE_STOCK_CHANGED, msgspec.msgpack.encode(StockChanged([], [], []))))
    await eventually(lambda: heard)
    assert await sender.waiting(STOCK_SETTLED) > 400


async def test_a_message_that_is_too_large_for_the_bus_holds_up_no_other(hall: Hall) -> None:
    sender, receiver, ears = await hall.sender("accounts"), await hall.bus("orders"), Ears()
    ears.gate.set()
    await sender.say(OutboxMessage(ACCOUNTS_ERASED, bytes(9 << 20)))
    await eventually(lambda: sender.relay._refused)
    said, messages = erased(20)
    await sender.say(*messages)
    async with Consumer(receiver, ORDERS_ACCOUNTS, {ACCOUNTS_ERASED: AccountErased}, ears.apply):
        await eventually(lambda: ears.heard == said, seconds=30)
    assert await sender.waiting(ACCOUNTS_ERASED) == 1


async def test_a_durable_that_nobody_reads_keeps_what_it_has_to_hear(hall: Hall) -> None:
    """The stream of catalog's changes keeps a message until every durable has acknowledged it."""
    sender, receiver = await hall.sender("catalog"), await hall.bus("orders")
    payload = msgspec.msgpack.encode(CatalogChanged([], former_slugs=["x" * 2000]))
    heard = 0

    async def apply(messages: Sequence[CatalogChanged]) -> None:
        nonlocal heard
        heard += len(messages)

    await sender.say(*[OutboxMessage(CATALOG_CHANGED, payload) for _ in range(100)])
    await eventually(lambda: sender.relay._refused)

    async def are_all_kept() -> bool:
        # What the bus took goes out of the outbox a moment later.
        return await stored(sender.bus, "CATALOG") + await sender.waiting(CATALOG_CHANGED) == 100

    await eventually(are_all_kept)
    async with Consumer(receiver, ORDERS_CATALOG, {CATALOG_CHANGED: CatalogChanged}, apply):
        await eventually(lambda: heard >= 100, seconds=30)


async def test_no_more_is_given_out_than_may_be_unacknowledged(hall: Hall) -> None:
    sender, receiver, ears = await hall.bus("accounts"), await hall.bus("orders"), Ears()
    durable = replace(ORDERS_ACCOUNTS, max_ack_pending=8)
    said = {uuid.uuid4().bytes for _ in range(30)}
    for user in said:
        payload = msgspec.msgpack.encode(AccountErased(user))
        await sender.publish_stored(ACCOUNTS_ERASED, payload, message_id=str(uuid.uuid4()))
    receiver._setup._durables = (durable,)
    await receiver.ensure_topology()

    async def given_out() -> int:
        info = await receiver.jetstream.consumer_info(durable.stream, durable.name)
        return info.num_ack_pending or 0

    async with Consumer(receiver, durable, {ACCOUNTS_ERASED: AccountErased}, ears.apply, batch=64):

        async def as_many_as_may_be() -> bool:
            return await given_out() == 8

        await eventually(as_many_as_may_be)
        ears.gate.set()
        await eventually(lambda: ears.heard == said)


async def test_a_full_stream_of_dead_letters_leaves_messages_where_they_are(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer_module, "NO_ROOM_SECONDS", 0.5)
    sender, receiver, ears = await hall.sender("accounts"), await hall.bus("orders"), Ears()
    ears.gate.set()
    unreadable = 45  # more than there is room for, less than would fill their own stream, too
    async with Consumer(receiver, ORDERS_ACCOUNTS, {ACCOUNTS_ERASED: AccountErased}, ears.apply):
        await sender.say(*[OutboxMessage(ACCOUNTS_ERASED, b"\xc1" * 2000) for _ in range(unreadable)])
        said, messages = erased(20, size=160)
        await sender.say(*messages)
        await eventually(lambda: ears.heard == said, seconds=30)
        async with operator(hall.nats) as operators:
            letters = DeadLetters(operators.client)

            async def full() -> bool:
                left = await stored(receiver, "ACCOUNTS") + await sender.waiting(ACCOUNTS_ERASED)
                return left > 0 and left + await letters.count() == unreadable

            await eventually(full)
            deleted = 0

            async def all_set_aside() -> bool:
                nonlocal deleted
                async for letter in letters.all():
                    await letters.delete(letter)
                    deleted += 1
                return deleted == unreadable

            await eventually(all_set_aside, seconds=30)


async def test_a_message_that_always_fails_is_set_aside_and_the_others_go_on(hall: Hall) -> None:
    sender, receiver, ears = await hall.sender("accounts"), await hall.bus("orders"), Ears()
    ears.gate.set()
    said, messages = erased(20, size=160)
    ears.poison = next(iter(said))
    await sender.say(*messages)
    types = {ACCOUNTS_ERASED: AccountErased}
    async with Consumer(receiver, ORDERS_ACCOUNTS, types, ears.apply, max_deliveries=3):
        await eventually(lambda: ears.heard == said - {ears.poison})

        async def set_aside() -> bool:
            return await stored(receiver, "DEAD") == 1

        await eventually(set_aside)

        async def nothing_left() -> bool:
            return await stored(receiver, "ACCOUNTS") == 0

        await eventually(nothing_left)
    async with operator(hall.nats) as operators:
        [letter] = [letter async for letter in DeadLetters(operators.client).all()]
    assert (letter.consumer, letter.subject) == (ORDERS_ACCOUNTS.name, ACCOUNTS_ERASED)
    assert "nobody foresaw this" in letter.reason
    assert msgspec.msgpack.decode(letter.payload, type=AccountErased).user_id == ears.poison


async def test_a_large_backlog_is_relayed_in_bounded_pieces(hall: Hall) -> None:
    sender = await hall.sender("inventory", relaying=False)
    size = BATCH_BYTES // 2
    await sender.say(*[OutboxMessage(LIVE_STOCK_CHANGED, bytes(size)) for _ in range(5)])
    assert [await sender.relay.relay_once() for _ in range(3)] == [4, 1, 0]


async def test_a_full_bucket_of_replicas_hides_nobody(hall: Hall) -> None:
    bus = await hall.bus("catalog")
    for number in range(1000):
        with_it = Replica(service="catalog", id=f"r{number}", address="x" * 200, version="", since="")
        try:
            await bus.jetstream.publish(f"$KV.{REPLICAS_BUCKET}.catalog.r{number}", msgspec.json.encode(with_it))
        except APIError:
            break
    else:
        raise AssertionError("it took all of them")
    late = Replica(service="catalog", id="late", address="http://127.0.0.1:1", version="", since="")
    async with Directory(bus) as directory, Registration(bus, late):
        await eventually(lambda: late in directory.live("catalog"))


def operator(nats: EmbeddedNats) -> Bus:
    """All of the bus's doors open: no part's connection."""
    return Bus(settings_for("front", "", nats, bus_url=nats.url_for(BUS_OPERATOR)), "front")


def test_every_durable_has_a_bound() -> None:
    for durable in (ORDERS_ACCOUNTS, ORDERS_CATALOG, ORDERS_STOCK):
        assert durable.max_ack_pending > 0
        assert durable.max_waiting > 0
