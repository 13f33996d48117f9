"""Connections that come while the loop has other things to do."""

import asyncio
import socket
from contextlib import ExitStack

import pytest
import uvloop

from markethall.kit.accepting import AT_ONCE, Acceptor

CROWD = 500


class Noted(asyncio.Protocol):
    made: set[asyncio.BaseTransport] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.made.add(transport)
        connected: socket.socket = transport.get_extra_info("socket")
        assert connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def turns_until_all_are_taken(listener: socket.socket) -> int:
    Noted.made = set()
    with ExitStack() as clients:
        for _ in range(CROWD):  # while this loop stands still
            clients.enter_context(socket.create_connection(listener.getsockname()))
        turns = 0
        async with asyncio.timeout(20):
            while len(Noted.made) < CROWD:
                await asyncio.sleep(0)
                turns += 1
        for transport in Noted.made:
            transport.close()
    return turns


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_crowd_is_taken_in_a_few_turns(loop: type) -> None:
    async def taken() -> int:
        with socket.create_server(("127.0.0.1", 0), backlog=CROWD) as listener:
            acceptor = Acceptor(listener, Noted)
            try:
                return await turns_until_all_are_taken(listener)
            finally:
                acceptor.close()
                await acceptor.wait_closed()

    with asyncio.Runner(loop_factory=loop) as runner:
        assert runner.run(taken()) < CROWD / AT_ONCE + 20


def test_the_loop_s_own_server_takes_as_many_turns_as_there_are_people() -> None:
    """Why there is one of ours. Where this fails, ours can go."""

    async def taken() -> int:
        with socket.create_server(("127.0.0.1", 0), backlog=CROWD) as listener:
            async with await asyncio.get_running_loop().create_server(Noted, sock=listener, backlog=CROWD):
                return await turns_until_all_are_taken(listener)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(taken()) > CROWD


async def test_once_closed_nobody_is_taken() -> None:
    Noted.made = set()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        acceptor = Acceptor(listener, Noted)
        acceptor.close()
        acceptor.close()
        with socket.create_connection(listener.getsockname()):
            for _ in range(100):
                await asyncio.sleep(0)
            await acceptor.wait_closed()
            assert not Noted.made
