"""Orders with a bus that listens for devices, and a device."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import nats as nats_client
import pytest
from nats.js import JetStreamContext

from markethall.local.credentials import BUS_OPERATOR, DEVICE, Credentials
from markethall.local.mqtt import MqttListener
from markethall.local.nats import EmbeddedNats
from markethall.local.ports import free_port
from tests.support.machine import eventually, nats_server
from tests.support.mosquitto import Broker


@pytest.fixture(scope="module")
async def nats(tmp_path_factory: pytest.TempPathFactory, credentials: Credentials) -> AsyncIterator[EmbeddedNats]:
    listener = MqttListener("127.0.0.1", free_port())
    async with nats_server(tmp_path_factory.mktemp("bus"), credentials, listener) as server:
        yield server


@pytest.fixture
def device(nats: EmbeddedNats, credentials: Credentials) -> Broker:
    assert nats.mqtt is not None
    return Broker(nats.mqtt.port, DEVICE, credentials.bus[DEVICE])


@dataclass(frozen=True)
class DeadLetter:
    """`code` is what its reason begins with."""

    code: str
    subject: str
    payload: bytes


class DeadLetters:
    """Those that came since it was made."""

    def __init__(self, jetstream: JetStreamContext, before: int) -> None:
        self._jetstream = jetstream
        self._read = before

    async def count(self) -> int:
        return await _last(self._jetstream) - self._read

    async def next(self) -> DeadLetter:
        async def is_there() -> bool:
            return await self.count() > 0

        await eventually(is_there, seconds=30)
        self._read += 1
        found = await self._jetstream.get_msg("DEAD", self._read)
        headers = found.headers or {}
        return DeadLetter(headers["Dead-Reason"].partition(":")[0], headers["Dead-Subject"], found.data or b"")


@pytest.fixture
async def letters(nats: EmbeddedNats) -> AsyncIterator[DeadLetters]:
    client = await nats_client.connect(nats.url_for(BUS_OPERATOR))
    try:
        yield DeadLetters(client.jetstream(), await _last(client.jetstream()))
    finally:
        await client.close()


async def _last(jetstream: JetStreamContext) -> int:
    return int((await jetstream.stream_info("DEAD")).state.last_seq)
