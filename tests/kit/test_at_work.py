"""What a consumer has in hand comes to another one soon after it died, and not while it works."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import msgspec
import pytest

from markethall.contracts.messages import AccountErased
from markethall.contracts.topology import ACCOUNTS_ERASED, ORDERS_ACCOUNTS
from markethall.kit.bus import Bus
from markethall.kit.consumer import Consumer
from markethall.kit.tasks import Periodic
from markethall.local.nats import EmbeddedNats
from tests.support.machine import eventually, settings_for

ACK_WAIT_SECONDS = ORDERS_ACCOUNTS.ack_wait_seconds


class Replicas:
    """Two that share the durable. Whoever gets a message first keeps it in hand until `done`."""

    def __init__(self) -> None:
        self.taken: list[int] = []
        self.done = asyncio.Event()
        self.consumers: list[Consumer[AccountErased]] = []

    async def take(self, replica: int, messages: Sequence[AccountErased]) -> None:
        self.taken += [replica] * len(messages)
        if len(self.taken) == 1:
            await self.done.wait()


@asynccontextmanager
async def two_replicas(nats: EmbeddedNats) -> AsyncIterator[Replicas]:
    replicas = Replicas()
    async with (
        Bus(settings_for("orders", "", nats), "orders") as one,
        Bus(settings_for("orders", "", nats), "orders") as two,
    ):
        for number, bus in enumerate((one, two)):

            async def apply(messages: Sequence[AccountErased], number: int = number) -> None:
                await replicas.take(number, messages)

            replicas.consumers.append(Consumer(bus, ORDERS_ACCOUNTS, {ACCOUNTS_ERASED: AccountErased}, apply))
        async with replicas.consumers[0], replicas.consumers[1]:
            try:
                yield replicas
            finally:
                replicas.done.set()


async def say(nats: EmbeddedNats) -> None:
    async with Bus(settings_for("accounts", "", nats), "accounts") as bus:
        payload = msgspec.msgpack.encode(AccountErased(user_id=b"u" * 16))
        await bus.publish_stored(ACCOUNTS_ERASED, payload, message_id=f"erased-{asyncio.get_running_loop().time()}")


async def nothing_said() -> None:
    return None


@pytest.mark.parametrize("says_so", [True, False])
async def test_a_long_work_is_done_once_if_one_says_that_one_is_at_it(nats: EmbeddedNats, says_so: bool) -> None:
    async with two_replicas(nats) as replicas:
        if not says_so:
            for consumer in replicas.consumers:
                await consumer._at_work.__aexit__(None, None, None)
                consumer._at_work = Periodic("says nothing", nothing_said, 60)
        await say(nats)
        await eventually(lambda: len(replicas.taken) == 1)
        with_company = asyncio.create_task(eventually(lambda: len(replicas.taken) > 1, seconds=2.5 * ACK_WAIT_SECONDS))
        await asyncio.wait([with_company])
        assert (with_company.exception() is None) == (not says_so)


async def test_what_a_dead_replica_had_in_hand_comes_to_another(nats: EmbeddedNats) -> None:
    async with two_replicas(nats) as replicas:
        await say(nats)
        await eventually(lambda: len(replicas.taken) == 1)
        dead = replicas.consumers[replicas.taken[0]]
        # As by kill -9: nothing is said any more.
        await dead._at_work.__aexit__(None, None, None)
        dead._at_work = Periodic("dead", nothing_said, 60)
        await eventually(lambda: len(replicas.taken) > 1, seconds=20)
        assert replicas.taken[1] != replicas.taken[0]
