"""A replica that ends turns nobody away who was about to ask."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from markethall.kit.bus import Bus
from markethall.kit.unix_sockets import short
from markethall.local.nats import EmbeddedNats
from tests.front.neighbours import Neighbour
from tests.support.machine import eventually, running, settings_for

REQUEST = b"GET /x HTTP/1.1\r\nHost: shop\r\n\r\n"
ANSWER = b'{"ok":true}'
LAST = b"connection: close"

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def test_what_comes_late_on_a_kept_connection_is_answered_and_is_the_last(nats: EmbeddedNats) -> None:
    settings = settings_for("catalog", "", nats, drain_seconds=8.0)
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(running(Neighbour("catalog", Bus(settings, "catalog")).create, settings))
        port = int(url.rpartition(":")[2])
        kept = [await asyncio.open_connection("127.0.0.1", port) for _ in range(20)]
        assert [LAST in await ask(*connection) for connection in kept] == [False] * 20
        ending = asyncio.create_task(stack.aclose())
        reader, writer = kept.pop()
        for connection in kept:
            if LAST in await ask(*connection):
                break
            await asyncio.sleep(0.02)
        # The replica drains, and this connection has been idle since before.
        assert LAST in await ask(reader, writer)
        assert await reader.read() == b""
        for _, idle in [*kept, (reader, writer)]:
            idle.close()
        await asyncio.wait_for(ending, 20)


async def test_whoever_finds_the_proxys_socket_is_answered(nats: EmbeddedNats, deep: Path) -> None:
    """It goes from one moment to the next: those before it are served, those after it know that they are not."""
    for _ in range(3):
        settings = settings_for("catalog", "", nats, drain_seconds=8.0, proxy_socket=deep)
        replica = running(Neighbour("catalog", Bus(settings, "catalog")).create, settings)
        async with asyncio.TaskGroup() as proxies, replica:
            knocking = [proxies.create_task(knock(deep)) for _ in range(32)]
        assert all(task.result() > 10 for task in knocking)


async def knock(path: Path) -> int:
    """Asks on a connection of its own, again and again, until nobody is there; how often."""
    answered = 0
    while True:
        try:
            reader, writer = await connect(path)
        except (FileNotFoundError, ConnectionRefusedError):
            return answered
        await ask(reader, writer)
        answered += 1
        writer.close()


async def test_the_proxys_connections_are_left_to_the_proxy(nats: EmbeddedNats, deep: Path) -> None:
    """It may be about to send on one, however late it hears that the replica drains."""
    settings = settings_for("catalog", "", nats, drain_seconds=8.0, proxy_socket=deep)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(running(Neighbour("catalog", Bus(settings, "catalog")).create, settings))
        reader, writer = await connect(deep)
        assert LAST not in await ask(reader, writer)
        ending = asyncio.create_task(stack.aclose())
        await eventually(lambda: not deep.exists())
        assert LAST in await ask(reader, writer)
        assert await reader.read() == b""
        writer.close()
        await asyncio.wait_for(ending, 20)


@pytest.fixture
def deep(tmp_path: Path) -> Path:
    """The place of a socket, too long for the kernel."""
    folder = tmp_path / ("deep" * 30)
    folder.mkdir()
    return folder / "replica.sock"


async def connect(path: Path) -> Streams:
    with short(path) as name:
        return await asyncio.open_unix_connection(name)


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """The answer's head."""
    writer.write(REQUEST)
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    await asyncio.wait_for(reader.readexactly(len(ANSWER)), 10)
    assert head.startswith(b"HTTP/1.1 200 ")
    return head.lower()
