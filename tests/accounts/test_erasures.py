"""An erasure outlives the bus that carried it."""

import uuid

import msgspec
import nats as nats_client
from nats.js.errors import NotFoundError

from markethall.contracts.messages import AccountErased
from markethall.contracts.topology import ORDERS_ACCOUNTS
from markethall.local.nats import EmbeddedNats
from tests.accounts.client import Client
from tests.support.machine import eventually


async def test_who_was_erased_is_said_again_when_the_bus_has_lost_it(client: Client, nats: EmbeddedNats) -> None:
    person = await client.newcomer()
    assert (await client.call("DELETE", "/api/users/me", token=person.access)).status == 204
    operator = await nats_client.connect(nats.url_for())
    try:
        stream = operator.jetstream(timeout=5)

        async def said() -> bool:
            try:
                message = await stream.get_last_msg(ORDERS_ACCOUNTS.stream, "accounts.erased")
            except NotFoundError:
                return False
            erased = msgspec.msgpack.decode(message.data or b"", type=AccountErased)
            return uuid.UUID(bytes=erased.user_id) == uuid.UUID(person.id)

        await eventually(said)
        await stream.delete_stream(ORDERS_ACCOUNTS.stream)
        assert not await said()
        await eventually(said, seconds=30)
    finally:
        await operator.close()
