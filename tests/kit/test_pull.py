"""Several replicas on one durable."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import msgspec
import pytest

from markethall.contracts.messages import AccountErased
from markethall.contracts.topology import ACCOUNTS_ERASED, ORDERS_ACCOUNTS
from markethall.kit.bus import Bus
from markethall.kit.consumer import Consumer
from markethall.local.nats import EmbeddedNats
from tests.support.machine import eventually, settings_for


@dataclass
class Ears:
    """What one replica applied. While `gate` is closed it applies nothing."""

    heard: list[bytes] = field(default_factory=list)
    trying: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def apply(self, messages: Sequence[AccountErased]) -> None:
        self.trying += len(messages)
        await self.gate.wait()
        self.heard.extend(message.user_id for message in messages)


@dataclass
class Pair:
    sender: Bus
    receivers: list[Bus]

    def consumer(self, index: int, ears: Ears, batch: int = 64) -> Consumer[AccountErased]:
        types = {ACCOUNTS_ERASED: AccountErased}
        return Consumer(self.receivers[index], ORDERS_ACCOUNTS, types, ears.apply, batch=batch)

    async def say(self, count: int) -> set[bytes]:
        said = [uuid.uuid4().bytes for _ in range(count)]
        for user in said:
            payload = msgspec.msgpack.encode(AccountErased(user))
            await self.sender.publish_stored(ACCOUNTS_ERASED, payload, message_id=str(uuid.uuid4()))
        return set(said)


@pytest.fixture
async def pair(nats: EmbeddedNats) -> AsyncIterator[Pair]:
    async with AsyncExitStack() as stack:
        sender = await stack.enter_async_context(Bus(settings_for("accounts", "", nats), "accounts"))
        receivers = [await stack.enter_async_context(Bus(settings_for("orders", "", nats), "orders")) for _ in range(2)]
        yield Pair(sender, receivers)


async def test_no_message_waits_for_a_request_to_run_out(pair: Pair) -> None:
    ears = Ears()
    ears.gate.set()
    async with pair.consumer(0, ears), pair.consumer(1, ears):
        for count in (70, 1, 70, 3, 70, 1, 70, 2):
            said = await pair.say(count)
            # Requests run for 5 s.
            await eventually(lambda said=said: said <= set(ears.heard), seconds=4)  # type: ignore[misc]


async def test_a_replica_that_leaves_finishes_its_batch_and_gives_the_rest_back(pair: Pair) -> None:
    leaving, staying = Ears(), Ears()
    staying.gate.set()
    consumer = pair.consumer(0, leaving, batch=8)
    async with consumer:
        said = await pair.say(1)
        await eventually(lambda: leaving.trying == 1)
        said |= await pair.say(4)
        await eventually(lambda: len(consumer._pull._arrived) == 4)
        asyncio.get_running_loop().call_soon(leaving.gate.set)
    assert len(leaving.heard) == 1
    async with pair.consumer(1, staying):
        # Sooner than `ack_wait_seconds`, after which the bus itself would send them again.
        await eventually(lambda: said == {*leaving.heard, *staying.heard}, seconds=20)
    assert len(staying.heard) == 4
