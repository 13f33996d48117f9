"""Three servers as one bus."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
from nats.js.api import StreamInfo

from markethall.contracts.topology import BUCKETS, PARTS, STREAMS
from markethall.kit.bus import Bus
from markethall.kit.settings import Settings
from markethall.local.bus_nodes import BusNodes
from markethall.local.credentials import BUS_OPERATOR, Credentials
from markethall.local.folder import DataFolder
from markethall.local.ports import free_port
from markethall.local.supervisor import Supervisor
from tests.support.machine import eventually


@asynccontextmanager
async def running(path: Path, credentials: Credentials, ports: dict[str, int] | None = None) -> AsyncIterator[BusNodes]:
    folder = DataFolder(path)
    with folder.hold():
        nodes = BusNodes(folder, credentials.bus, ports or {}, count=3)
        supervisor = Supervisor(lambda _row: None)
        try:
            await nodes.open(supervisor)
            yield nodes
        finally:
            await nodes.close(supervisor)


@pytest.fixture
async def nodes(tmp_path: Path, credentials: Credentials) -> AsyncIterator[BusNodes]:
    async with running(tmp_path / "data", credentials) as nodes:
        yield nodes


def settings(nodes: BusNodes, part: str, user: str | None = None, copies: int = 3) -> Settings:
    return Settings(service=part, bus_url=nodes.url_for(user or part), bus_replicas=copies)


async def info(bus: Bus, stream: str) -> StreamInfo:
    return await bus.jetstream.stream_info(stream)


async def test_parts_know_every_server_and_each_keeps_all(nodes: BusNodes) -> None:
    assert len(nodes.url_for("orders").split(",")) == 3
    async with Bus(settings(nodes, "orders"), "orders") as bus:
        await bus.wait_connected(5)
        await bus.ensure_topology()
        for name in [*PARTS["orders"].streams, *(f"KV_{bucket.name}" for bucket in BUCKETS)]:
            found = await info(bus, name)
            assert found.config.num_replicas == 3
            assert found.config.max_bytes
        for durable in PARTS["orders"].durables:
            consumer = await bus.jetstream.consumer_info(durable.stream, durable.name)
            assert consumer.cluster is not None
            assert len(consumer.cluster.replicas or []) == 2


async def test_they_say_who_leads_and_how_far_everyone_is(nodes: BusNodes) -> None:
    async with Bus(settings(nodes, "orders"), "orders") as bus:
        await bus.wait_connected(5)
        await bus.ensure_topology()
        for number in range(3):
            await bus.publish_stored("orders.placed", b"x", message_id=str(number))

        async def said() -> bool:
            streams = {stream["stream"]: stream for stream in (await nodes.describe())["streams"]}
            orders = streams.get("ORDERS", {})
            return (orders.get("messages"), orders.get("copies"), orders.get("current")) == (3, 3, 3)

        await eventually(said, seconds=30)
    description = await nodes.describe()
    assert json.dumps(description)
    assert [node["node"] for node in description["nodes"]] == ["1", "2", "3"]
    assert sorted(node["role"] for node in description["nodes"]) == ["follower", "follower", "leader"]
    [leading] = [node["node"] for node in description["nodes"] if node["role"] == "leader"]
    assert description["leader"] == leading


async def test_a_stream_made_for_one_server_is_copied_where_its_maker_may(nodes: BusNodes) -> None:
    async with Bus(settings(nodes, "orders", copies=1), "orders") as bus:
        await bus.wait_connected(5)
        await bus.ensure_topology()
        assert (await info(bus, "ORDERS")).config.num_replicas == 1
    # A part of the local shop may make streams, not change them.
    async with Bus(settings(nodes, "orders"), "orders") as bus:
        await bus.wait_connected(5)
        await bus.ensure_topology()
        assert (await info(bus, "ORDERS")).config.num_replicas == 1
    async with Bus(settings(nodes, "orders", BUS_OPERATOR), "orders") as bus:
        await bus.wait_connected(5)
        await bus.ensure_topology()
        for stream in STREAMS:
            assert (await info(bus, stream.name)).config.num_replicas == 3


async def test_ports_are_kept_where_they_are_free(tmp_path: Path, credentials: Credentials) -> None:
    ports = {f"nats-{number}": free_port() for number in (1, 2, 3)}
    with socket.socket() as other:
        other.bind(("127.0.0.1", ports["nats-2"]))
        other.listen()
        async with running(tmp_path / "data", credentials, ports) as nodes:
            found = [url.rpartition(":")[2] for url in nodes.url_for("orders").split(",")]
    assert found[0] == str(ports["nats-1"])
    assert found[1] != str(ports["nats-2"])
    assert found[2] == str(ports["nats-3"])


async def test_nobody_joins_without_the_password_of_the_routes(nodes: BusNodes) -> None:
    listening = {
        c.laddr.port
        for unit in nodes.units
        for c in psutil.Process(unit.pid).net_connections("tcp")
        if c.status == "LISTEN" and c.laddr.ip == "127.0.0.1"
    }
    routes = {node.route_port for node in nodes._nodes}
    assert routes <= listening
    reader, writer = await asyncio.open_connection("127.0.0.1", routes.pop())
    try:
        async with asyncio.timeout(10):
            await reader.readline()
            writer.write(b'CONNECT {"user":"routes","pass":"guessed","name":"stranger"}\r\nPING\r\n')
            said = await reader.read()
        assert b"Authorization Violation" in said
    finally:
        writer.close()
