"""A replica that ends turns nobody away who was about to ask."""

import asyncio
from contextlib import AsyncExitStack

from markethall.kit.bus import Bus
from markethall.local.nats import EmbeddedNats
from tests.front.neighbours import Neighbour
from tests.support.machine import running, settings_for

REQUEST = b"GET /x HTTP/1.1\r\nHost: shop\r\n\r\n"
LAST = b"connection: close"


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


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """The answer's head."""
    writer.write(REQUEST)
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    await asyncio.wait_for(reader.readexactly(len(b'{"ok":true}')), 10)
    assert head.startswith(b"HTTP/1.1 200 ")
    return head.lower()
