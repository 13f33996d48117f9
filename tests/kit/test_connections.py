"""How many may be connected to a replica at once."""

import asyncio
import gc
import json
import resource
import subprocess
import sys
import weakref
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from uvicorn.server import ServerState

from markethall.kit.room import Room, most_of
from tests.kit.server import serving
from tests.support.machine import eventually

MOST = 16
TOLD = MOST // 8 + 1
ASK = b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n"

Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def app(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async with serving(app, Room(MOST)) as number:
        yield number


async def connected(port: int, open_ones: AsyncExitStack) -> Client:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    open_ones.callback(writer.close)
    return reader, writer


async def asked(client: Client, path: bytes = b"/") -> bytes:
    """Status and headers; nothing where the connection was closed."""
    reader, writer = client
    async with asyncio.timeout(10):
        try:
            writer.write(ASK % path)
            return await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""


async def test_who_is_one_too_many_is_told_and_who_is_connected_is_served(port: int) -> None:
    async with AsyncExitStack() as open_ones:
        first = [await connected(port, open_ones) for _ in range(MOST)]
        assert all([(await asked(each)).startswith(b"HTTP/1.1 200") for each in first])
        told = await connected(port, open_ones)
        answer = await asked(told)
        assert answer.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
        assert b"\r\nretry-after: 1\r\n" in answer
        assert b"\r\nconnection: close\r\n" in answer
        assert json.loads(await told[0].read())["code"] == "too_many_connections"
        assert all([(await asked(each)).startswith(b"HTTP/1.1 200") for each in first])


async def test_health_is_told_to_one_too_many_and_beyond_them_all_are_closed(port: int) -> None:
    async with AsyncExitStack() as open_ones:
        for _ in range(MOST):
            assert await asked(await connected(port, open_ones))
        for _ in range(TOLD):
            assert (await asked(await connected(port, open_ones), b"/health/ready")).startswith(b"HTTP/1.1 200")
        assert not await asked(await connected(port, open_ones), b"/health/ready")


async def test_where_one_has_gone_the_next_is_served(port: int) -> None:
    async with AsyncExitStack() as open_ones:
        first = [await connected(port, open_ones) for _ in range(MOST)]
        assert (await asked(await connected(port, open_ones))).startswith(b"HTTP/1.1 503")
        first[0][1].close()

        async def is_served() -> bool:
            async with AsyncExitStack() as one:
                return (await asked(await connected(port, one))).startswith(b"HTTP/1.1 200")

        await eventually(is_served)


async def test_a_place_that_is_free_again_is_given_to_who_was_told(port: int) -> None:
    async with AsyncExitStack() as open_ones:
        first = [await connected(port, open_ones) for _ in range(MOST)]
        assert all([await asked(each) for each in first])
        waiting = await connected(port, open_ones)
        assert (await asked(waiting, b"/health/ready")).startswith(b"HTTP/1.1 200")
        for _, writer in first[:2]:
            writer.close()

        async def is_served() -> bool:
            return (await asked(waiting, b"/health/ready")).startswith(b"HTTP/1.1 200") and (
                await asked(waiting)
            ).startswith(b"HTTP/1.1 200")

        await asyncio.wait_for(first[0][1].wait_closed(), 10)
        await eventually(is_served)
        assert (await asked(await connected(port, open_ones))).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("behind", [ASK % b"/", ASK % b"/health/ready", b"\x01garbage"])
async def test_one_too_many_has_one_answer_whatever_comes_behind(port: int, behind: bytes) -> None:
    async with AsyncExitStack() as open_ones:
        for _ in range(MOST):
            assert await asked(await connected(port, open_ones))
        for _ in range(3 * TOLD):
            reader, writer = await connected(port, open_ones)
            writer.write(ASK % b"/" + behind)
            async with asyncio.timeout(10):
                answer = await reader.read()
            assert answer.count(b"HTTP/1.1 ") == 1
            assert answer.startswith(b"HTTP/1.1 503")
            writer.close()


async def test_behind_health_nobody_slips_in(port: int) -> None:
    async with AsyncExitStack() as open_ones:
        for _ in range(MOST):
            assert await asked(await connected(port, open_ones))
        reader, writer = await connected(port, open_ones)
        writer.write(ASK % b"/health/ready" + ASK % b"/" + ASK % b"/")
        async with asyncio.timeout(10):
            answers = await reader.read()
        assert [answers.count(b"HTTP/1.1 " + status) for status in (b"200", b"503")] == [1, 1]


async def test_what_a_connection_took_is_given_back_with_it() -> None:
    """Not when the collector comes for what knows each other: that is after tens of thousands of connections."""
    state = ServerState()
    gc.collect()
    gc.disable()
    try:
        async with serving(app, state=state) as port:
            async with AsyncExitStack() as open_ones:
                assert await asked(await connected(port, open_ones))
                (left,) = [weakref.ref(connection) for connection in state.connections]
            await eventually(lambda: left() is None)
    finally:
        gc.enable()


def test_all_of_them_fit_into_the_files() -> None:
    for files in (1, 2, 9, 10, 768, 20_000):
        most = most_of(files)
        assert most == 1 or most + most // 8 + 1 <= files


def test_a_process_opens_as_many_files_as_the_system_allows() -> None:
    """A shell gives it 1,024 where the system would give it many more."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    program = """
import os
from markethall.kit.open_files import allow_as_many_as_possible
most = allow_as_many_as_possible()
files = [os.open(os.devnull, os.O_RDONLY) for _ in range(200)]
print(most)
"""
    most = subprocess.run(
        [sys.executable, "-c", program],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (100, hard)),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert int(most.stdout) == (hard if hard != resource.RLIM_INFINITY else 1 << 20)
