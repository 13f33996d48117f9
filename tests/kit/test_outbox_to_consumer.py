"""The plumbing on the real parts: outbox to consumer, over a real bus."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import asyncpg
import msgspec
import pytest
from sqlalchemy import MetaData
from sqlalchemy.schema import CreateTable

from markethall.contracts.messages import AccountErased, Replica
from markethall.contracts.topology import ACCOUNTS_ERASED, ORDERS_ACCOUNTS
from markethall.kit.applied import AppliedNotices
from markethall.kit.bus import Bus
from markethall.kit.consumer import Consumer
from markethall.kit.db import Database
from markethall.kit.outbox import OutboxMessage, Written, enqueue_hot, outbox_table
from markethall.kit.registry import Directory, Registration
from markethall.kit.relay import Relay
from markethall.kit.tasks import cancel
from markethall.local.nats import EmbeddedNats
from tests.support.machine import Machine, eventually, settings_for


@dataclass
class Pair:
    """accounts says, orders hears."""

    database: Database
    relay: Relay
    sender: Bus
    receiver: Bus
    heard: list[bytes] = field(default_factory=list)
    fail_next: list[Exception] = field(default_factory=list)

    async def apply(self, messages: Sequence[AccountErased]) -> None:
        if self.fail_next:
            raise self.fail_next.pop()
        self.heard.extend(message.user_id for message in messages)

    async def say(self, *users: bytes, reply_to: str | None = None) -> None:
        await self.write(*users, reply_to=reply_to)
        self.relay.wake()

    async def write(self, *users: bytes, reply_to: str | None = None) -> list[Written]:
        payloads = [msgspec.msgpack.encode(AccountErased(user_id=user)) for user in users]
        async with self.database.hot() as connection:
            return await enqueue_hot(connection, [OutboxMessage(ACCOUNTS_ERASED, p, reply_to) for p in payloads])

    async def waiting(self) -> int:
        async with self.database.hot() as connection:
            count: int = await connection.fetchval("SELECT count(*) FROM outbox")
        return count

    async def drained(self) -> bool:
        return await self.waiting() == 0


@pytest.fixture
async def pair(machine: Machine, nats: EmbeddedNats) -> AsyncIterator[Pair]:
    url = await machine.new_database("accounts")
    connection = await asyncpg.connect(url)
    await connection.execute(str(CreateTable(outbox_table(MetaData())).compile(dialect=_dialect())))
    await connection.close()
    settings = settings_for("accounts", url, nats)
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database(settings))
        sender = await stack.enter_async_context(Bus(settings, "accounts"))
        receiver = await stack.enter_async_context(Bus(settings_for("orders", "", nats), "orders"))
        relay = await stack.enter_async_context(Relay(database, sender))
        pair = Pair(database, relay, sender, receiver)
        await stack.enter_async_context(
            Consumer(receiver, ORDERS_ACCOUNTS, {ACCOUNTS_ERASED: AccountErased}, pair.apply)
        )
        yield pair


def _dialect() -> object:
    from sqlalchemy.dialects import postgresql

    return postgresql.dialect()  # type: ignore[no-untyped-call]


async def test_what_a_transaction_said_arrives_and_leaves_the_outbox(pair: Pair) -> None:
    await pair.say(b"a" * 16, b"b" * 16)
    await eventually(lambda: sorted(pair.heard) == [b"a" * 16, b"b" * 16])
    await eventually(pair.drained)


async def test_what_is_handed_over_is_said_without_being_read_from_the_outbox(pair: Pair) -> None:
    await cancel(pair.relay._task)
    pair.relay.hand_over(await pair.write(b"g" * 16, b"h" * 16))
    await eventually(lambda: pair.heard == [b"g" * 16, b"h" * 16])
    await eventually(pair.drained)
    assert not pair.relay._in_hand


async def test_what_is_in_hand_is_not_taken_from_the_outbox_as_well(pair: Pair) -> None:
    await cancel(pair.relay._task)
    said = await pair.write(b"i" * 16)
    pair.relay._in_hand.update(each.id for each in said)
    assert await pair.relay.relay_once() == 0
    pair.relay._in_hand.clear()
    assert await pair.relay.relay_once() == 1


async def test_a_relay_that_closes_leaves_no_row_of_what_it_has_said(pair: Pair) -> None:
    relay = Relay(pair.database, pair.sender)
    async with relay:
        relay.hand_over(await pair.write(b"j" * 16))
    assert await pair.waiting() == 0
    await eventually(lambda: pair.heard == [b"j" * 16])


async def test_what_is_handed_over_while_the_bus_is_down_waits_in_the_outbox(pair: Pair, nats: EmbeddedNats) -> None:
    await nats.stop()
    pair.relay.hand_over(await pair.write(b"k" * 16))
    assert await pair.waiting() == 1
    await nats.start()
    await eventually(lambda: pair.heard == [b"k" * 16], seconds=20)
    await eventually(pair.drained)
    assert not pair.relay._in_hand


async def test_a_failed_batch_comes_again(pair: Pair) -> None:
    pair.fail_next.append(OSError("database away"))
    await pair.say(b"c" * 16)
    await eventually(lambda: pair.heard == [b"c" * 16])


async def test_what_cannot_be_read_is_set_aside_with_its_reason(pair: Pair) -> None:
    async with pair.database.hot() as connection:
        await enqueue_hot(connection, [OutboxMessage(ACCOUNTS_ERASED, b"\xc1 not msgpack")])
    pair.relay.wake()

    async def set_aside() -> bool:
        info = await pair.receiver.jetstream.stream_info("DEAD")
        return info.state.messages == 1

    await eventually(set_aside)
    await pair.say(b"d" * 16)
    await eventually(lambda: pair.heard == [b"d" * 16])


async def test_nothing_is_lost_while_the_bus_is_down_or_wiped(pair: Pair, nats: EmbeddedNats) -> None:
    await nats.stop()
    await pair.say(b"e" * 16)
    assert await pair.waiting() == 1
    await nats.start()
    await eventually(lambda: pair.heard == [b"e" * 16], seconds=20)
    await eventually(pair.drained)


async def test_a_writer_hears_who_has_applied_its_change(pair: Pair, nats: EmbeddedNats) -> None:
    settings = settings_for("accounts", "", nats)
    orders = Replica(service="orders", id="r1", address="http://127.0.0.1:1", version="", since="")
    async with (
        Directory(pair.sender) as directory,
        AppliedNotices(pair.sender, directory, settings) as notices,
        Registration(pair.receiver, orders),
    ):
        await eventually(lambda: directory.live("orders"))
        with notices.notice() as notice:
            await pair.say(b"f" * 16, reply_to=notice.reply_to)
            assert await notice.wait({"orders": ORDERS_ACCOUNTS.name})
        assert b"f" * 16 in pair.heard
        with notices.notice() as unheard:
            assert not await unheard.wait({"orders": ORDERS_ACCOUNTS.name})


async def test_the_directory_sees_replicas_come_leave_and_lapse(nats: EmbeddedNats) -> None:
    settings = settings_for("catalog", "", nats)
    replica = Replica(service="catalog", id="r7", address="http://127.0.0.1:1", version="", since="")
    async with Bus(settings, "catalog") as bus, Directory(bus) as directory:
        registration = Registration(bus, replica)
        async with registration:
            await eventually(lambda: directory.live("catalog") == [replica])
        await eventually(lambda: directory.live("catalog") == [])
        async with asyncio.timeout(20), Bus(settings, "catalog") as other:
            dying = Registration(other, replica)
            await dying.__aenter__()
            await eventually(lambda: directory.live("catalog") == [replica])
            await dying._renewal.__aexit__(None, None, None)
            await eventually(lambda: directory.live("catalog") == [])
