"""Answers on one connection: short and streamed, with and without a body, one after another."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from typing import Any

import pytest
import uvicorn

from markethall.kit.http_exchange import WHOLE_BODY
from markethall.kit.http_protocol import HEAD_SECONDS, LimitedProtocol
from tests.support.machine import eventually

TEXT = (b"content-type", b"text/plain")
LEFT: list[str] = []
"""Paths of those whose clients went away while they were answered."""


async def app(scope: Any, receive: Any, send: Any) -> None:
    match scope["path"]:
        case "/echo":
            whole = scope.get(WHOLE_BODY)
            body = b"".join([part async for part in parts(receive)])
            assert whole in (None, body)
            await answer(send, 200, [TEXT, (b"content-length", str(len(body)).encode())], body)
        case "/nothing":
            await answer(send, 204, [], b"")
        case "/streamed":
            await send({"type": "http.response.start", "status": 200, "headers": [TEXT]})
            for part in (b"one", b"two"):
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body"})
        case "/later":
            await send({"type": "http.response.start", "status": 200, "headers": [TEXT]})
            assert (await receive())["type"] == "http.request"
            assert (await receive())["type"] == "http.disconnect"
            LEFT.append(scope["path"])
        case "/early":
            await answer(send, 404, [(b"content-length", b"0")], b"")
        case "/injected":
            await answer(send, 200, [(b"location", b"/a\r\nset-cookie: x=y"), (b"content-length", b"0")], b"")
        case "/short":
            await answer(send, 200, [(b"content-length", b"5")], b"four")
        case "/silent":
            return


async def parts(receive: Any) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        assert message["type"] == "http.request"
        more = message["more_body"]
        yield message["body"]


async def answer(send: Any, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Writes(LimitedProtocol):
    """Notes what is written, write by write."""

    seen: list[bytes] = []
    latest: "Writes"

    def connection_made(self, transport: Any) -> None:
        Writes.latest = self
        super().connection_made(_Noting(transport, self.seen))  # type: ignore[arg-type]


class _Noting:
    def __init__(self, transport: Any, seen: list[bytes]) -> None:
        self._transport = transport
        self._seen = seen

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        self._seen.append(data)
        self._transport.write(data)


@pytest.fixture
async def port() -> AsyncIterator[int]:
    config = uvicorn.Config(
        app, port=0, http=Writes, ws="none", lifespan="off", log_config=None, server_header=False, timeout_keep_alive=75
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(server._serve())
    Writes.seen.clear()
    try:
        await eventually(lambda: server.started)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await asyncio.wait_for(task, 20)


Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def connected(port: int, receive_buffer: int | None = None) -> AsyncIterator[Client]:
    """Connect; what the kernel may hold for the client is its own choice, or bounded by `receive_buffer` bytes."""
    with ExitStack() as until_connected:
        sock = until_connected.enter_context(socket.socket())
        if receive_buffer is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
        reader, writer = await asyncio.open_connection(sock=sock)
        until_connected.pop_all()
    try:
        yield reader, writer
    finally:
        writer.close()


async def asked(client: Client, request: bytes, done: Callable[[bytes], bool]) -> bytes:
    reader, writer = client
    writer.write(request)
    got = b""
    async with asyncio.timeout(10):
        while not done(got) and (more := await reader.read(1 << 16)):
            got += more
    return got


def ask(path: str, method: str = "GET", body: bytes = b"", *more: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *more, "", ""]
    return "\r\n".join(lines).encode() + body


async def test_a_short_answer_is_one_write(port: int) -> None:
    async with connected(port) as client:
        got = await asked(client, ask("/echo", "POST", b"hello"), lambda got: got.endswith(b"hello"))
    assert got.startswith(b"HTTP/1.1 200 OK\r\n")
    assert Writes.seen == [got]


async def test_a_body_in_pieces_arrives_whole(port: int) -> None:
    body = b"x" * 300_000
    async with connected(port) as client:
        head, end = ask("/echo", "POST", body)[:200], ask("/echo", "POST", body)[200:]
        client[1].write(head)
        await client[1].drain()
        got = await asked(client, end, lambda got: got.endswith(b"x" * 1000) and len(got) > len(body))
    assert got.partition(b"\r\n\r\n")[2] == body


async def test_a_client_that_asks_whether_to_go_on_is_told_to(port: int) -> None:
    async with connected(port) as client:
        head = ask("/echo", "POST", b"abc", "Expect: 100-continue").removesuffix(b"abc")
        got = await asked(client, head, lambda got: got.endswith(b"\r\n\r\n"))
        assert got == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert (await asked(client, b"abc", lambda got: got.endswith(b"abc"))).startswith(b"HTTP/1.1 200")


async def test_requests_sent_at_once_are_answered_in_turn(port: int) -> None:
    bodies = [str(number).encode() * 3 for number in range(5)]
    async with connected(port) as client:
        got = await asked(
            client, b"".join(ask("/echo", "POST", body) for body in bodies), lambda got: got.endswith(bodies[-1])
        )
    assert [part.partition(b"\r\n\r\n")[2] for part in got.split(b"HTTP/1.1 200 OK\r\n")[1:]] == bodies


async def test_what_has_no_body_has_none(port: int) -> None:
    async with connected(port) as client:
        for request in (ask("/nothing"), ask("/echo", "HEAD"), ask("/streamed", "HEAD")):
            got = await asked(client, request, lambda got: b"\r\n\r\n" in got)
            assert got.endswith(b"\r\n\r\n")
            assert b"transfer-encoding" not in got
        # The connection is still good.
        assert (await asked(client, ask("/echo", "POST", b"1"), lambda got: got.endswith(b"1"))).endswith(b"1")


async def test_what_comes_bit_by_bit_is_sent_so(port: int) -> None:
    async with connected(port) as client:
        got = await asked(client, ask("/streamed"), lambda got: got.endswith(b"0\r\n\r\n"))
    assert got.partition(b"\r\n\r\n")[2] == b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"


async def test_a_head_does_not_wait_for_its_body(port: int) -> None:
    async with connected(port) as client:
        got = await asked(client, ask("/later"), lambda got: got.endswith(b"\r\n\r\n"))
        assert got.startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize(("path", "status"), [("/injected", b"500"), ("/silent", b"500")])
async def test_an_answer_that_cannot_be_sent_is_an_error(port: int, path: str, status: bytes) -> None:
    async with connected(port) as client:
        got = await asked(client, ask(path), lambda got: False)
    assert got.split(b" ")[1] == status
    assert b"set-cookie" not in got


async def test_less_than_was_promised_ends_the_connection(port: int) -> None:
    async with connected(port) as client:
        assert await asked(client, ask("/short"), lambda got: False) == b""


async def test_the_last_answer_of_a_connection_says_so(port: int) -> None:
    async with connected(port) as client:
        got = await asked(client, ask("/echo", "POST", b"1", "Connection: close"), lambda got: False)
    assert b"\r\nconnection: close\r\n" in got


async def test_a_body_that_was_answered_before_it_came_is_passed_over(port: int) -> None:
    """What is sent after it is answered as ever, and nothing is said that was not asked for."""
    head, body = ask("/early", "POST", b"x" * 200_000)[:100], ask("/early", "POST", b"x" * 200_000)[100:]
    async with connected(port) as client:
        assert (await asked(client, head, lambda got: got.endswith(b"\r\n\r\n"))).startswith(b"HTTP/1.1 404")
        got = await asked(client, body + ask("/echo", "POST", b"1"), lambda got: got.endswith(b"1"))
        assert got.startswith(b"HTTP/1.1 200")
        assert (await asked(client, head, lambda got: got.endswith(b"\r\n\r\n"))).startswith(b"HTTP/1.1 404")
        client[1].write(body)
        await eventually(lambda: Writes.latest.cycle is not None and not Writes.latest.cycle.more_body)
        Writes.latest.look(asyncio.get_running_loop().time() + 2 * HEAD_SECONDS)
        got = await asked(client, ask("/echo", "POST", b"2"), lambda got: got.endswith(b"2"))
        assert got.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "after", [b"GARBAGE\r\n\r\n", ask("/echo", "POST", b"", "Transfer-Encoding: x"), b"G" * 70_000]
)
async def test_what_was_asked_is_answered_though_what_follows_cannot_be_read(port: int, after: bytes) -> None:
    """A refusal in its place would be taken for its answer."""
    requests = b"".join(ask("/echo", "POST", body) for body in (b"one", b"two"))
    async with connected(port) as client:
        got = await asked(client, requests + after, lambda got: False)
    answers = got.split(b"HTTP/1.1 ")[1:]
    assert [(each[:3], each.partition(b"\r\n\r\n")[2]) for each in answers] == [(b"200", b"one"), (b"200", b"two")]
    assert b"\r\nconnection: close\r\n" in answers[1]


async def test_who_is_answered_is_known_to_have_gone_also_with_requests_behind_it(port: int) -> None:
    LEFT.clear()
    async with connected(port) as client:
        await asked(client, ask("/later") + ask("/echo"), lambda got: got.endswith(b"\r\n\r\n"))
        assert LEFT == []
    await eventually(lambda: LEFT == ["/later"])


async def test_what_was_under_way_when_the_server_began_to_drain_is_the_last_answer_too(port: int) -> None:
    """Its connection is closed soon: who was not told so would send on it, into the void."""
    request = ask("/echo", "POST", b"abc")
    async with connected(port) as client:
        client[1].write(request[:-1])
        await eventually(lambda: Writes.latest.cycle is not None and Writes.latest.cycle.more_body)
        state = Writes.latest.server_state
        state.default_headers = [*state.default_headers, (b"connection", b"close")]
        got = await asked(client, request[-1:], lambda got: False)
    assert got.count(b"connection: close\r\n") == 1
    assert got.endswith(b"abc")
