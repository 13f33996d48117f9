"""The bus's MQTT listener: who may enter, and what a device may do there."""

import socket
from collections.abc import AsyncIterator
from pathlib import Path

import nats as nats_client
import pytest

from markethall.contracts.topology import MQTT_STREAMS, ORDERS_DEVICES
from markethall.kit.bus import Bus
from markethall.local.credentials import BUS_OPERATOR, DEVICE, Credentials
from markethall.local.errors import PortTaken
from markethall.local.mqtt import DEFAULT_PORT, MqttListener, listeners
from markethall.local.nats import EmbeddedNats
from markethall.local.ports import bind_error, free_port
from tests.support.machine import eventually, nats_server, settings_for
from tests.support.mosquitto import REFUSED, Broker

# fmt: off
NOT_TO_BE_HEARD = (
    "#", "+/#", "markethall/#", "markethall/orders/#", "markethall/orders/place", "orders/#", "stock/#",
    "live/#", "dead/#", "$JS/#", "$KV/#", "$SYS/#", "$MQTT/msgs/#", "_INBOX_orders/#",
)
NOT_TO_BE_SAID = (
    "orders/placed", "stock/settled", "dead/orders", "live/stock/changed", "markethall/orders/status/key",
    "markethall/stock/S-1", "$JS/API/STREAM/DELETE/ORDERS", "$JS/API/STREAM/PURGE/ORDERS",
    "$KV/replicas/front/1", "$SYS/REQ/SERVER/PING", "$MQTT/msgs/markethall/orders/place", "_INBOX_orders/1",
)
# fmt: on


@pytest.fixture(scope="module")
async def bus(tmp_path_factory: pytest.TempPathFactory, credentials: Credentials) -> AsyncIterator[EmbeddedNats]:
    folder = tmp_path_factory.mktemp("mqtt")
    (folder / "logs").mkdir()
    listener = MqttListener("127.0.0.1", free_port())
    server = EmbeddedNats(folder / "nats", credentials.bus, folder / "logs", mqtt=listener)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@pytest.fixture
def device(bus: EmbeddedNats, credentials: Credentials) -> Broker:
    assert bus.mqtt is not None
    return Broker(bus.mqtt.port, DEVICE, credentials.bus[DEVICE])


async def test_nobody_enters_without_the_password(device: Broker) -> None:
    assert await Broker(device.port).publish("markethall/orders/place", {}) == REFUSED
    assert await Broker(device.port, DEVICE, "wrong").publish("markethall/orders/place", {}) == REFUSED
    assert await Broker(device.port, "nobody", device.password).publish("markethall/orders/place", {}) == REFUSED
    assert await device.publish("markethall/orders/place", {}) == 0


async def test_a_device_does_not_enter_as_a_part(bus: EmbeddedNats, credentials: Credentials) -> None:
    with pytest.raises(nats_client.errors.Error, match="Authorization Violation"):
        await nats_client.connect(
            bus.url, user=DEVICE, password=credentials.bus[DEVICE], allow_reconnect=False, connect_timeout=5
        )


@pytest.mark.parametrize("topic", ["markethall/orders/status/key", "markethall/stock/S-1", "markethall/stock/#"])
async def test_a_device_hears_what_is_meant_for_it(device: Broker, topic: str) -> None:
    async with device.subscribed(topic) as heard:
        assert heard.granted == "1"


@pytest.mark.parametrize(
    "topic",
    [
        "#",
        "+/#",
        "markethall/#",
        "markethall/orders/#",
        "markethall/orders/place",
        "orders/#",
        "stock/#",
        "live/#",
        "dead/#",
        "$JS/#",
        "$KV/#",
        "$SYS/#",
        "$MQTT/msgs/#",
        "_INBOX_orders/#",
    ],
)
async def test_a_device_hears_nothing_else(device: Broker, topic: str) -> None:
    async with device.subscribed(topic) as heard:
        assert heard.granted == "128"


@pytest.mark.parametrize(
    "topic",
    [
        "orders/placed",
        "stock/settled",
        "dead/orders",
        "live/stock/changed",
        "markethall/orders/status/key",
        "markethall/stock/S-1",
        "$JS/API/STREAM/DELETE/ORDERS",
        "$JS/API/STREAM/PURGE/ORDERS",
        "$KV/replicas/front/1",
        "$SYS/REQ/SERVER/PING",
        "$MQTT/msgs/markethall/orders/place",
        "_INBOX_orders/1",
    ],
)
async def test_what_a_device_may_not_say_reaches_nobody(bus: EmbeddedNats, device: Broker, topic: str) -> None:
    """MQTT 3.1.1 has no refusal for a message: the broker acknowledges it and lets it fall."""
    heard: list[str] = []
    client = await nats_client.connect(bus.url_for(BUS_OPERATOR))
    try:

        async def hear(message: nats_client.aio.msg.Msg) -> None:
            heard.append(message.subject)

        await client.subscribe(topic.replace("/", "."), cb=hear)
        await client.subscribe("markethall.orders.cancel", cb=hear)
        await client.flush()
        await device.publish(topic, {}, retain=True)
        assert await device.publish("markethall/orders/cancel", {}) == 0
        await eventually(lambda: heard)
        assert set(heard) == {"markethall.orders.cancel"}
        if topic.startswith("markethall"):
            async with device.subscribed("markethall/stock/#", "markethall/orders/status/#") as later:
                assert not later.messages
    finally:
        await client.close()


async def test_its_streams_are_bounded_whoever_made_them(bus: EmbeddedNats, device: Broker) -> None:
    """NATS makes them without a bound when a device is there first."""
    assert await device.publish("markethall/orders/place", {}) == 0
    orders = Bus(settings_for("orders", "", bus), "orders")
    orders.serve_devices()
    async with orders:
        await orders.wait_connected(5)
        await orders.ensure_topology()
        for stream in MQTT_STREAMS:
            config = (await orders.jetstream.stream_info(stream.name)).config
            assert config.max_bytes == stream.max_bytes
        await orders.ensure_topology()
        assert await orders.jetstream.consumer_info(ORDERS_DEVICES.stream, ORDERS_DEVICES.name)


async def test_what_finds_no_room_is_not_acknowledged_and_nothing_acknowledged_is_dropped(
    tmp_path: Path, credentials: Credentials
) -> None:
    listener = MqttListener("127.0.0.1", free_port())
    device = Broker(listener.port, DEVICE, credentials.bus[DEVICE])
    async with nats_server(tmp_path, credentials, listener) as server:
        orders = Bus(settings_for("orders", "", server), "orders")
        orders.serve_devices()
        async with orders:
            await orders.wait_connected(5)
            await orders.ensure_topology()
        operator = await nats_client.connect(server.url_for(BUS_OPERATOR))
        try:
            jetstream = operator.jetstream()
            config = (await jetstream.stream_info(ORDERS_DEVICES.stream)).config
            await jetstream.update_stream(config.evolve(max_bytes=4000))
            payloads = [bytes([65 + number]) * 700 for number in range(10)]
            acknowledged = [p for p in payloads if await device.publish("markethall/orders/place", p) == 0]
            assert 0 < len(acknowledged) < len(payloads)
            waiting = await jetstream.pull_subscribe_bind(ORDERS_DEVICES.name, ORDERS_DEVICES.stream)
            kept = await waiting.fetch(len(payloads), timeout=2)
            assert [message.data for message in kept] == acknowledged
            for message in kept:
                await message.ack_sync(timeout=5)
            assert await device.publish("markethall/orders/place", payloads[0]) == 0
        finally:
            await operator.close()


def test_a_port_that_was_asked_for_is_had_or_said_to_be_taken() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(PortTaken, match=f"port {taken} .*--mqtt-port"):
            listeners("127.0.0.1", taken)
    assert listeners("127.0.0.1", 0)[0][0].is_free()


def test_the_usual_port_is_left_to_whoever_has_it() -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if bind_error("127.0.0.1", DEFAULT_PORT) is None:
            other.bind(("127.0.0.1", DEFAULT_PORT))
            other.listen()
        found, why = listeners("127.0.0.1", None)
    assert not found
    assert f"port {DEFAULT_PORT} of 127.0.0.1 is taken: MQTT is off" in why


async def test_a_bus_whose_mqtt_port_was_taken_starts_without(tmp_path: Path, credentials: Credentials) -> None:
    (tmp_path / "logs").mkdir()
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        listener = MqttListener("127.0.0.1", other.getsockname()[1])
        server = EmbeddedNats(tmp_path / "nats", credentials.bus, tmp_path / "logs", mqtt=listener)
        await server.start()
        try:
            client = await nats_client.connect(server.url_for(BUS_OPERATOR))
            await client.close()
        finally:
            await server.stop()


def test_a_cluster_listens_on_ports_one_after_the_other() -> None:
    port = free_port()
    found, _ = listeners("127.0.0.1", port, nodes=1)
    assert [listener.address for listener in found] == [f"127.0.0.1:{port}"]
    assert len({listener.port for listener in listeners("127.0.0.1", 0, nodes=3)[0]}) == 3
