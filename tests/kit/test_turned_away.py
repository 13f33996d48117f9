"""Requests that are turned away from their first bytes, and what comes after them on the same connection."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from prometheus_client import REGISTRY
from uvicorn.server import ServerState

from markethall.kit.asgi import Surroundings
from markethall.kit.http_exchange import Prepared, prepared
from tests.kit.server import serving
from tests.support.machine import eventually

ORDER = b"POST /api/orders HTTP/1.1\r\nHost: x\r\n%bContent-Length: 4\r\n\r\nbody"
OTHER = b"GET /other HTTP/1.1\r\nHost: x\r\n\r\n"
REFUSAL = prepared(503, [(b"retry-after", b"1")], b"later")


class Door:
    """Refuses while it is told to."""

    is_shut = True

    def refusal(self) -> Prepared | None:
        return REFUSAL if self.is_shut else None


async def app(scope: Any, receive: Any, send: Any) -> None:
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def state() -> ServerState:
    return ServerState()


@pytest.fixture
async def client(door: Door, state: ServerState) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    surrounded = Surroundings(app, at_once=lambda scope, tell: None, refuse_first={b"POST /api/orders": door.refusal})
    async with serving(surrounded, state=state) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        yield reader, writer
        writer.close()


async def status(reader: asyncio.StreamReader) -> int:
    async with asyncio.timeout(10):
        head = await reader.readuntil(b"\r\n\r\n")
        found = int(head[9:12])
        if found == 503:
            assert await reader.readexactly(5) == b"later"
            assert head.count(b"x-request-id: ") == 1
    return found


def turned_away() -> float:
    labels = {"method": "POST", "route": "/api/orders", "status": "503"}
    return REGISTRY.get_sample_value("markethall_http_request_seconds_count", labels) or 0.0


async def test_each_has_its_answer_and_is_counted(client: Any) -> None:
    reader, writer = client
    before = turned_away()
    for _ in range(3):
        writer.write(ORDER % b"")
        assert await status(reader) == 503
    await eventually(lambda: turned_away() == before + 3)


@pytest.mark.parametrize(
    "pieces",
    [
        [ORDER % b"", OTHER],
        [ORDER % b"" + OTHER],
        [(ORDER % b"")[:30], (ORDER % b"")[30:], OTHER],
        [ORDER % b"", b"\r\n", OTHER],
        [ORDER % b"X-Request-Id: mine-1\r\n", OTHER],
        [ORDER % b"Connection: keep-alive\r\n", OTHER[:9], OTHER[9:]],
    ],
)
async def test_what_comes_after_it_is_answered_too(client: Any, pieces: list[bytes]) -> None:
    reader, writer = client
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
        for _ in range(20):  # or two pieces might be one
            await asyncio.sleep(0)
    assert [await status(reader), await status(reader)] == [503, 200]


async def test_whose_body_comes_later_is_left_to_the_application(client: Any) -> None:
    reader, writer = client
    order = ORDER % b""
    for piece in (order[:-2], order[-2:] + OTHER):
        writer.write(piece)
        for _ in range(20):
            await asyncio.sleep(0)
    assert [await status(reader), await status(reader)] == [200, 200]


async def test_who_comes_while_the_door_is_open_is_served(client: Any, door: Door) -> None:
    reader, writer = client
    found = []
    for door.is_shut in (True, False, True, False):
        writer.write(ORDER % b"")
        found.append(await status(reader))
    assert found == [503, 200, 503, 200]


async def test_a_line_end_too_many_is_waited_on_for_no_longer_than_a_head(client: Any, state: ServerState) -> None:
    reader, writer = client
    writer.write(ORDER % b"")
    assert await status(reader) == 503
    writer.write(b"\r\n")
    (connection,) = state.connections
    loop = asyncio.get_running_loop()
    await eventually(lambda: connection._idle_since is None)
    connection.look(loop.time() + 11.0)  # type: ignore[union-attr]
    async with asyncio.timeout(10):
        await reader.read()  # its end


async def test_while_it_drains_it_is_the_last_answer(client: Any, state: ServerState) -> None:
    reader, writer = client
    state.default_headers = [(b"connection", b"close")]
    writer.write(ORDER % b"")
    async with asyncio.timeout(10):
        answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 503")
    assert answer.count(b"connection: close") == 1
