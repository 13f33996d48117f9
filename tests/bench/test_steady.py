"""Requests by the clock, and all at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest

from markethall.bench.errors import CannotMeasure
from markethall.bench.load import steady
from markethall.bench.load.connection import Connection
from markethall.bench.load.requests import request
from markethall.bench.load.seen import percentiles_ms
from markethall.local.ports import free_port
from tests.bench.server import Heard, listening

STALL_SECONDS = 0.5


async def test_as_many_are_sent_as_are_due() -> None:
    async with listening() as heard:
        prepared = [request("POST", f"{heard.address}/api/orders", body={}, keyed=True)]
        seen = await steady.run(heard.address, prepared, rate=200, seconds=1.0)
    assert seen.answers == len(heard.asked) == 200
    assert seen.statuses == {"201": 200}
    assert seen.refused == seen.broken == 0
    assert len(set(heard.keys)) == 200
    assert seen.late_ms is not None


async def test_latency_counts_from_when_a_request_was_due() -> None:
    """One connection, and a stall at the first request: all that should have been sent meanwhile show it."""

    class Stalling(Heard):
        async def pause(self) -> None:
            if len(self.asked) == 1:
                await asyncio.sleep(STALL_SECONDS)

    async with listening(Stalling()) as heard:
        prepared = [request("GET", f"{heard.address}/")]
        seen = await steady.run(heard.address, prepared, rate=100, seconds=0.4, connections=1)
    assert seen.answers == 40
    # The last was due 0.1 s before the stall ended, at the earliest.
    assert seen.latencies_ms["p50"] > 100


async def test_what_is_refused_and_what_breaks_off_is_counted() -> None:
    async with listening() as heard:
        prepared = [request("GET", heard.address + path) for path in ("/yes", "/no", "/cut")]
        seen = await steady.run(heard.address, prepared, rate=90, seconds=1.0)
    assert seen.statuses == {"201": 30, "503": 30}
    assert seen.refused == 30
    assert seen.broken == 30


async def test_a_burst_is_sent_at_once_and_told_in_the_order_of_sending() -> None:
    async with listening() as heard:
        prepared = [request("GET", heard.address + path) for path in ("/yes", "/no")]
        seen, told = await steady.burst(heard.address, prepared, buyers=300)
    assert seen.answers == 300
    assert [each.status for each in told] == [201, 503] * 150
    assert all(each.latency_ms > each.sent_ms > 0 for each in told)
    assert all(one.sent_ms <= other.sent_ms for one, other in pairwise(told))


async def test_nobody_there_is_said() -> None:
    address = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(CannotMeasure, match="failed"):
        await steady.run(address, [request("GET", address)], rate=10, seconds=1.0)


@asynccontextmanager
async def answering(pieces: list[bytes]) -> AsyncIterator[list[tuple[int, bytes]]]:
    """What a connection makes of an answer that comes in these pieces."""
    found: list[tuple[int, bytes]] = []
    connection = Connection(lambda _, status, body: found.append((status, body)), lambda _: None)
    connection.busy = True
    for piece in pieces:
        connection.data_received(piece)
    yield found


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", (200, b"hello")),
        (b"HTTP/1.1 409 Conflict\r\ncontent-length: 0\r\nx: y\r\n\r\n", (409, b"")),
        (b"HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n", (304, b"")),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", (200, b"2\r\nhi\r\n0\r\n\r\n")),
    ],
)
async def test_answers_are_whole_however_they_come(answer: bytes, told: tuple[int, bytes]) -> None:
    for pieces in ([answer], [answer[:at] for at in (7,)] + [answer[7:]], [bytes([each]) for each in answer]):
        async with answering(pieces) as found:
            assert found == [told]


def test_percentiles_are_of_what_was_seen() -> None:
    assert percentiles_ms([]) == {}
    found = percentiles_ms([number / 1000 for number in range(1, 101)])
    assert (found["p50"], found["p99"], found["max"]) == (51.0, 100.0, 100.0)
