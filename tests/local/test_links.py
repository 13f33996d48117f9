"""Links: what goes through, and what the other end sees of each thing a link can do."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from markethall.kit.unix_sockets import bind, short
from markethall.local.errors import LocalError
from markethall.local.links import Links
from tests.support.machine import eventually

PATIENCE_SECONDS = 20


@dataclass
class Echo:
    """A server that says everything again, and keeps what it heard."""

    port: int = 0
    service: str = "echo"
    replica: str = "1"
    heard: bytes = b""
    open: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        try:
            while data := await reader.read(1 << 16):
                self.heard += data
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            self.open -= 1
            writer.close()


@dataclass
class Linked:
    links: Links
    echo: Echo
    address: str

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, _, port = self.address.partition(":")
        return await asyncio.open_connection(host, int(port))


@asynccontextmanager
async def linked_echo() -> AsyncIterator[Linked]:
    echo = Echo()
    server = await asyncio.start_server(echo.serve, "127.0.0.1", 0)
    echo.port = server.sockets[0].getsockname()[1]
    links = Links()
    try:
        yield Linked(links, echo, links.address("test", echo))
    finally:
        await links.close()
        server.close()


async def answered(reader: asyncio.StreamReader, count: int) -> bytes:
    return await asyncio.wait_for(reader.readexactly(count), PATIENCE_SECONDS)


async def test_an_open_link_passes_everything_on_and_its_end_too() -> None:
    async with linked_echo() as linked:
        reader, writer = await linked.connect()
        said = bytes(range(256)) * 20_000
        writer.write(said)
        assert await answered(reader, len(said)) == said
        writer.write_eof()
        assert await asyncio.wait_for(reader.read(), PATIENCE_SECONDS) == b""
        writer.close()
        await eventually(lambda: linked.echo.open == 0)


async def test_a_client_that_goes_is_gone_for_the_server() -> None:
    async with linked_echo() as linked:
        reader, writer = await linked.connect()
        writer.write(b"a")
        await answered(reader, 1)
        writer.transport.abort()
        await eventually(lambda: linked.echo.open == 0)
        assert (await linked.links.show())[0]["connections"] == 0


async def test_a_delay_holds_each_word_back_and_keeps_their_order() -> None:
    async with linked_echo() as linked:
        reader, writer = await linked.connect()
        await linked.links.set("test→echo-1", "delay", delay_ms=60, jitter_ms=50)
        before = time.monotonic()
        said = b"".join(number.to_bytes(2, "big") for number in range(500))
        for start in range(0, len(said), 100):
            writer.write(said[start : start + 100])
            await writer.drain()
            await asyncio.sleep(0)
        assert await answered(reader, len(said)) == said
        assert time.monotonic() - before > 0.02


async def test_a_silent_link_lets_nothing_through_and_loses_nothing() -> None:
    async with linked_echo() as linked:
        reader, writer = await linked.connect()
        writer.write(b"before")
        await answered(reader, 6)
        await linked.links.set("*", "silent")
        writer.write(b" during")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.3)
        assert linked.echo.heard == b"before"
        late_reader, late_writer = await linked.connect()  # accepted, and no more
        late_writer.write(b"late")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(late_reader.read(1), 0.3)
        await linked.links.set("*", "open")
        assert await answered(reader, 7) == b" during"
        assert await answered(late_reader, 4) == b"late"
        writer.close()
        late_writer.close()


async def test_a_half_open_link_is_silent_one_way() -> None:
    async with linked_echo() as linked:
        reader, writer = await linked.connect()
        await linked.links.set("*", "silent", direction="back")
        writer.write(b"heard")
        await eventually(lambda: linked.echo.heard == b"heard")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.3)
        await linked.links.set("*", "open")
        assert await answered(reader, 5) == b"heard"
        writer.close()


async def test_a_silent_link_holds_a_bounded_amount() -> None:
    async with linked_echo() as linked:
        _, writer = await linked.connect()
        await linked.links.set("*", "silent")

        async def pour() -> None:
            while True:
                writer.write(bytes(1 << 20))
                await writer.drain()

        pouring = asyncio.create_task(pour())
        done, _ = await asyncio.wait([pouring], timeout=1.0)
        assert not done
        [link] = linked.links._links.values()
        [connection] = link._connections
        assert connection.near._held_bytes < 1 << 20
        pouring.cancel()
        writer.transport.abort()


async def test_a_link_that_is_cut_resets_what_it_carries_and_whoever_comes() -> None:
    async with linked_echo() as linked:
        reader, writer = await linked.connect()
        writer.write(b"a")
        await answered(reader, 1)
        await linked.links.set("test*", "cut")
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.read(1), PATIENCE_SECONDS)
        await eventually(lambda: linked.echo.open == 0)
        late_reader, _ = await linked.connect()
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(late_reader.read(1), PATIENCE_SECONDS)
        await linked.links.set("test*", "open")
        reader, writer = await linked.connect()
        writer.write(b"b")
        assert await answered(reader, 1) == b"b"
        writer.close()


async def test_a_link_finds_its_place_where_it_is_now() -> None:
    async with linked_echo() as linked, linked_echo() as elsewhere:
        linked.echo.port = elsewhere.echo.port
        reader, writer = await linked.connect()
        writer.write(b"x")
        await answered(reader, 1)
        assert (linked.echo.heard, elsewhere.echo.heard) == (b"", b"x")
        writer.close()


async def test_nobody_behind_a_link_is_a_reset() -> None:
    async with linked_echo() as linked:
        linked.echo.port = 1
        reader, _ = await linked.connect()
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.read(1), PATIENCE_SECONDS)


async def test_a_link_joins_unix_sockets_too(tmp_path: Path) -> None:
    """Where nobody listens yet, or any longer, whoever connects finds the end of the connection, not a refusal."""
    folder = tmp_path / ("deep" * 30)
    folder.mkdir()
    near, far = folder / "near", folder / "far"
    links, echo = Links(), Echo()
    links.join("test", echo, near, far)

    async def connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        with short(near) as name:
            return await asyncio.open_unix_connection(name)

    async def assert_nobody() -> None:
        reader, writer = await connect()
        with suppress(ConnectionResetError):
            assert await asyncio.wait_for(reader.read(), PATIENCE_SECONDS) == b""
        writer.close()

    try:
        await assert_nobody()
        server = await asyncio.start_unix_server(echo.serve, sock=bind(far))
        reader, writer = await connect()
        writer.write(b"before")
        assert await answered(reader, 6) == b"before"
        assert (await links.show()) == [{"name": "test→echo-1", "mode": "open", "connections": 1}]
        await links.set("test→echo-1", "cut")
        with suppress(ConnectionResetError):
            assert await asyncio.wait_for(reader.read(), PATIENCE_SECONDS) == b""
        await eventually(lambda: echo.open == 0)
        await links.set("test→echo-1", "open")
        server.close()
        await assert_nobody()
    finally:
        await links.close()


async def test_settings_are_led_through_links() -> None:
    async with linked_echo() as linked:
        settings = {"DATABASE_URL": f"postgresql://a:b@127.0.0.1:{linked.echo.port},127.0.0.1:1/a", "OTHER": "c"}
        led = linked.links.through("test", settings, [linked.echo])
        assert led == {"DATABASE_URL": f"postgresql://a:b@{linked.address},127.0.0.1:1/a", "OTHER": "c"}


async def test_what_is_no_link_or_no_mode_is_refused() -> None:
    async with linked_echo() as linked:
        with pytest.raises(LocalError, match="test→echo-1"):
            await linked.links.set("nobody→*", "cut")
        with pytest.raises(LocalError, match="open or delay or cut or silent"):
            await linked.links.set("*", "broken")
