"""A server that falls silent instead of going away, seen by the library's client and by ours."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress

import psutil
import pytest
from nats.aio.client import Client

from markethall.kit.bus_connection import Connection
from markethall.local.credentials import BUS_OPERATOR, Credentials
from markethall.local.nats import EmbeddedNats
from tests.support.machine import eventually, nats_server

NOTICED_SECONDS = 3.0
"""Pings every 0.3 s, of which two may stay without an answer."""


@pytest.fixture
async def servers(
    tmp_path_factory: pytest.TempPathFactory, credentials: Credentials
) -> AsyncIterator[list[EmbeddedNats]]:
    async with AsyncExitStack() as stack:
        folders = [tmp_path_factory.mktemp("bus") for _ in range(2)]
        yield [await stack.enter_async_context(nats_server(folder, credentials)) for folder in folders]


@contextmanager
def frozen(server: EmbeddedNats) -> Iterator[None]:
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


@asynccontextmanager
async def connected(client: Client, servers: list[EmbeddedNats]) -> AsyncIterator[Client]:
    """To the first of them."""

    async def note(_error: Exception) -> None:
        return None

    await client.connect(
        [server.url_for(BUS_OPERATOR) for server in servers],
        dont_randomize=True,
        max_reconnect_attempts=-1,
        ping_interval=0.3,  # type: ignore[arg-type]
        max_outstanding_pings=2,
        connect_timeout=1,
        reconnect_time_wait=0.1,  # type: ignore[arg-type]
        flush_timeout=1,
        pending_size=64 << 20,
        error_cb=note,
    )
    try:
        yield client
    finally:
        with suppress(asyncio.CancelledError):  # the library's own, where its reconnection hangs
            await asyncio.wait_for(client.close(), 10)


def is_at(client: Client, server: EmbeddedNats) -> bool:
    return client.is_connected and client.connected_url is not None and client.connected_url.port == server.port


async def moves_on(client: Client, servers: list[EmbeddedNats]) -> bool:
    """Whether it reaches the second server in time, once the first is frozen and holds up what was sent to it."""
    async with connected(client, servers):
        assert is_at(client, servers[0])
        with frozen(servers[0]):
            for _ in range(8):
                await client.publish("nobody.hears", bytes(4 << 20))
            try:
                await eventually(lambda: is_at(client, servers[1]), seconds=NOTICED_SECONDS)
            except AssertionError:
                return False
            return True


async def test_the_librarys_client_stays_with_a_silent_server_and_ours_moves_on(servers: list[EmbeddedNats]) -> None:
    assert not await moves_on(Client(), servers)
    assert await moves_on(Connection(), servers)


async def test_no_connections_are_left_behind_at_a_silent_server(servers: list[EmbeddedNats]) -> None:
    alone = servers[:1]

    def open_connections() -> int:
        connections = psutil.Process().net_connections("tcp")
        return sum(bool(c.raddr) and c.raddr.port == alone[0].port and c.status == "ESTABLISHED" for c in connections)

    client = Connection()
    async with connected(client, alone):
        with frozen(alone[0]):
            tries = 0
            attempt = client._connect_to_server

            async def counted(server: object) -> None:
                nonlocal tries
                await attempt(server)  # type: ignore[arg-type]
                tries += 1

            client._connect_to_server = counted  # type: ignore[method-assign]
            await eventually(lambda: tries >= 4, seconds=30)
            assert open_connections() <= 1
        await eventually(lambda: client.is_connected, seconds=20)
