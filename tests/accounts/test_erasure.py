"""An erased user is forgotten elsewhere too: the message is written in the same commit, and arrives."""

import uuid
from collections.abc import AsyncIterator, Sequence

import pytest

from markethall.contracts.messages import AccountErased
from markethall.contracts.topology import ACCOUNTS_ERASED, ORDERS_ACCOUNTS
from markethall.kit.bus import Bus
from markethall.kit.consumer import Consumer
from markethall.local.nats import EmbeddedNats
from tests.accounts.client import Client
from tests.support.machine import eventually, settings_for


@pytest.fixture
async def heard(nats: EmbeddedNats) -> AsyncIterator[list[bytes]]:
    """What orders hears of erased users."""
    users: list[bytes] = []

    async def apply(messages: Sequence[AccountErased]) -> None:
        users.extend(message.user_id for message in messages)

    async with (
        Bus(settings_for("orders", "", nats), "orders") as bus,
        Consumer(bus, ORDERS_ACCOUNTS, {ACCOUNTS_ERASED: AccountErased}, apply),
    ):
        yield users


async def test_orders_hears_of_an_erased_user(client: Client, heard: list[bytes]) -> None:
    person = await client.newcomer()
    assert (await client.call("DELETE", "/api/users/me", token=person.access)).status == 204
    await eventually(lambda: uuid.UUID(person.id).bytes in heard)


async def test_an_erasure_without_a_bus_is_told_when_it_is_back(
    client: Client, heard: list[bytes], nats: EmbeddedNats
) -> None:
    person = await client.newcomer()
    await nats.stop()
    try:
        assert (await client.call("DELETE", "/api/users/me", token=person.access)).status == 204
    finally:
        await nats.start()
    await eventually(lambda: uuid.UUID(person.id).bytes in heard, seconds=30)
