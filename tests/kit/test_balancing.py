"""Requests to replicas that are silent, slow, killed or leaving."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import aiohttp
import pytest

from markethall.contracts.messages import Replica
from markethall.kit.balancing import Balancer, ServiceUnavailable
from markethall.kit.bus import Bus
from markethall.kit.registry import Directory
from markethall.local.nats import EmbeddedNats
from tests.front.neighbours import Neighbour, Seen, neighbour
from tests.support.machine import eventually, settings_for

SLACK_SECONDS = 3.0
"""For a loaded machine, above the bound that is promised."""


@asynccontextmanager
async def silent_server() -> AsyncIterator[str]:
    """Takes connections and says nothing, as a suspended process does."""
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


@pytest.fixture
async def catalog(nats: EmbeddedNats) -> AsyncIterator[Neighbour]:
    async with neighbour("catalog", nats) as living:
        yield living


@asynccontextmanager
async def balancing(nats: EmbeddedNats, *silent: str) -> AsyncIterator[Balancer]:
    """Over whoever is registered as catalog, and replicas that are listed and silent."""
    bus = Bus(settings_for("front", "", nats), "front")
    directory = Directory(bus)
    balancer = Balancer(directory)
    async with bus, directory, balancer:
        await eventually(lambda: len(directory.live("catalog")) == 1)
        for address in silent:
            replica = Replica("catalog", address, address, "", "")
            directory._seen["catalog", address] = (replica, time.monotonic() + 3600)
        yield balancer


async def test_a_silent_replica_costs_one_request_a_moment_and_the_next_nothing(
    nats: EmbeddedNats, catalog: Neighbour
) -> None:
    async with silent_server() as silent, balancing(nats, silent) as balancer:

        async def read() -> float:
            began = time.monotonic()
            answer = await balancer.request(
                "catalog", "GET", "/x", repeatable=True, deadline_seconds=30, attempt_seconds=20
            )
            assert answer.status == 200
            return time.monotonic() - began

        taken = await asyncio.gather(*(read() for _ in range(20)))
        assert max(taken) < 3 + SLACK_SECONDS
        # Whoever was sent to it has learned; the rest of the requests go to the one that answers.
        before = len(asked(catalog))
        await asyncio.gather(*(read() for _ in range(20)))
        assert len(asked(catalog)) - before == 20
        assert balancer._suspicion.of(next(r for r in balancer.replicas("catalog") if r.address == silent))


async def test_what_may_not_be_repeated_is_refused_in_a_moment(nats: EmbeddedNats, catalog: Neighbour) -> None:
    async with silent_server() as silent, balancing(nats, silent) as balancer:
        outcomes = await asyncio.gather(
            *(balancer.request("catalog", "PATCH", "/x", repeatable=False, deadline_seconds=300) for _ in range(20)),
            return_exceptions=True,
        )
        refused = [outcome for outcome in outcomes if isinstance(outcome, ServiceUnavailable)]
        assert refused
        assert len(refused) + len(asked(catalog)) == 20


async def test_a_slow_replica_is_waited_for(nats: EmbeddedNats, catalog: Neighbour) -> None:
    async def slow(seen: Seen) -> tuple[int, dict[str, str], bytes]:
        if seen.target == "/x":
            await eventually(lambda: len(catalog.seen) > 2)  # it was looked at, twice
        return 200, {}, b"at last"

    catalog.script = slow  # type: ignore[assignment]
    async with balancing(nats) as balancer:
        answer = await balancer.request(
            "catalog", "PATCH", "/x", repeatable=False, deadline_seconds=30, attempt_seconds=20
        )
        assert (answer.body, len(asked(catalog))) == (b"at last", 1)


async def test_a_suspect_that_answers_again_is_trusted_again(nats: EmbeddedNats, catalog: Neighbour) -> None:
    awake = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await awake.wait()
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with balancing(nats, address) as balancer:
        suspect = next(r for r in balancer.replicas("catalog") if r.address == address)
        balancer._suspicion.doubt(suspect)
        await eventually(lambda: balancer._suspicion.of(suspect))
        awake.set()
        await eventually(lambda: not balancer._suspicion.of(suspect))
    server.close()


async def test_nothing_fails_while_a_replica_leaves(nats: EmbeddedNats, catalog: Neighbour) -> None:
    """Requests that may not be repeated, over connections that are kept, while the other replica drains."""
    stop = asyncio.Event()
    answered = 0

    async def ask(balancer: Balancer) -> None:
        nonlocal answered
        while not stop.is_set():
            assert (await balancer.request("catalog", "PATCH", "/x", repeatable=False)).status == 200
            answered += 1

    async with AsyncExitStack() as leaving, balancing(nats) as balancer:
        other = await leaving.enter_async_context(neighbour("catalog", nats, replica="leaving", drain_seconds=8.0))
        await eventually(lambda: len(balancer.replicas("catalog")) == 2)
        asking = [asyncio.create_task(ask(balancer)) for _ in range(16)]
        await eventually(lambda: len(asked(other)) > 50)
        await leaving.aclose()
        after = answered
        await eventually(lambda: answered > after + 50 or any(task.done() for task in asking))
        stop.set()
        await asyncio.gather(*asking)


def asked(neighbour: Neighbour) -> list[Seen]:
    """What it was asked but whether it lives."""
    return [seen for seen in neighbour.seen if seen.target == "/x"]


async def test_a_stream_ends_when_its_replica_falls_silent(nats: EmbeddedNats) -> None:
    """So that it can be taken up at another one; the silence alone would be noticed after `idle_seconds`."""

    async def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if b"/events" in await reader.readuntil(b"\r\n\r\n"):
            writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n")

    server = await asyncio.start_server(begin, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    bus = Bus(settings_for("front", "", nats), "front")
    heard = b""
    async with bus, Balancer(Directory(bus), f"catalog={address}") as balancer, asyncio.timeout(60):
        with suppress(aiohttp.ClientError):
            async with balancer.stream("catalog", "/events", headers={}, idle_seconds=3600) as response:
                async for chunk in response.content.iter_any():
                    heard += chunk
    assert heard == b"hello"
    server.close()
