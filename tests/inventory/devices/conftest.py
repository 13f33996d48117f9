"""Inventory with a bus that listens for devices, and a device."""

from collections.abc import AsyncIterator

import pytest

from markethall.local.credentials import DEVICE, Credentials
from markethall.local.mqtt import MqttListener
from markethall.local.nats import EmbeddedNats
from markethall.local.ports import free_port
from tests.support.machine import nats_server
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
