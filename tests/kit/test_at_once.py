"""Requests that the application answers without a task, at once or later, between others that it is called with."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn

from markethall.kit.asgi import LATER, Headers, Later, Reply, Scope, Surroundings, Tell, read_body, send_answer
from markethall.kit.errors import NotFound
from markethall.kit.http_exchange import WHOLE_BODY, Exchange, Prepared, prepared
from markethall.kit.http_protocol import LimitedProtocol
from tests.kit.test_http_exchange import ask, asked, connected
from tests.support.machine import eventually

TEXT = (b"content-type", b"text/plain")
LARGE = 4 << 20
SMALL_BUFFER = 1 << 16
"""Bytes that the kernel may hold at either end, so that it never has room for what is large."""
CALLED: list[str] = []
"""Paths that the application was called with."""
TOLD_LATER: list[Tell] = []
"""Of requests that wait for their answer."""


def at_once(scope: Scope, tell: Tell) -> Reply | Prepared | Later | None:
    match scope["path"]:
        case "/prepared":
            return prepared(200, [TEXT], b"known ")
        case "/prepared-unchanged":
            return prepared(304, [], b"")
        case "/later":
            asyncio.get_running_loop().call_soon(tell, Reply(200, b"later " + scope[WHOLE_BODY], [TEXT]))
            return LATER
        case "/later-broken":
            asyncio.get_running_loop().call_soon(tell, ZeroDivisionError())
            return LATER
        case "/much-later":
            TOLD_LATER.append(tell)
            return LATER
        case "/known":
            return Reply(200, b"known " + scope[WHOLE_BODY], [TEXT])
        case "/large":
            return Reply(200, b"x" * LARGE, [TEXT])
        case "/unchanged":
            return Reply(304, b"", [])
        case "/refused":
            raise NotFound()
        case "/broken":
            raise ZeroDivisionError
        case "/injected":
            return Reply(200, b"", [(b"location", b"/a\r\nset-cookie: x=y")])
    return None


async def app(scope: Scope, receive: Any, send: Any) -> None:
    CALLED.append(scope["path"])
    body = await read_body(scope, receive, 1 << 20, 10.0)
    await send_answer(send, 200, [TEXT], b"asked " + body)


@pytest.fixture
async def port() -> AsyncIterator[int]:
    config = uvicorn.Config(
        Surroundings(app, at_once=at_once),
        port=0,
        http=LimitedProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        server_header=False,
        proxy_headers=False,
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(server._serve())
    CALLED.clear()
    TOLD_LATER.clear()
    try:
        await eventually(lambda: server.started)
        listening = server.servers[0].sockets[0]
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL_BUFFER)  # who is accepted inherits it
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        await asyncio.wait_for(task, 20)


async def test_the_application_is_not_called_for_what_is_known(port: int) -> None:
    async with connected(port) as client:
        for _ in range(3):
            got = await asked(client, ask("/known", "POST", b"x"), lambda got: got.endswith(b"known x"))
            assert got.startswith(b"HTTP/1.1 200 OK\r\n")
            assert b"\r\nx-request-id: " in got
            assert b"\r\nx-content-type-options: nosniff\r\n" in got
        got = await asked(client, ask("/other", "POST", b"y"), lambda got: got.endswith(b"asked y"))
    assert CALLED == ["/other"]


async def test_requests_sent_together_are_answered_in_turn(port: int) -> None:
    """However many: none is answered from within the answer to another."""
    pattern = ("/known", "/other", "/later", "/later", "/other", "/known", "/known", "/later")
    paths = [pattern[n % len(pattern)] for n in range(2000)]
    requests = b"".join(ask(path, "POST", b"%d." % n) for n, path in enumerate(paths))
    async with connected(port) as client:
        got = await asked(client, requests, lambda got: got.count(b".") - got.count(b"/1.1") >= len(paths))
    answers = [part.partition(b"\r\n\r\n")[2] for part in got.split(b"HTTP/1.1 200 OK\r\n")[1:]]
    assert [int(body.split()[1][:-1]) for body in answers] == list(range(len(paths)))


async def test_whoever_does_not_read_is_waited_for(port: int) -> None:
    """Their answers must not pile up: what is asked next is left to the application, which waits until it can send."""
    async with connected(port, receive_buffer=SMALL_BUFFER) as client:
        client[1].write(ask("/large"))
        first = await client[0].readuntil(b"\r\n\r\n")
        client[1].write(ask("/known", "POST", b"later"))
        await eventually(lambda: CALLED == ["/known"])
        length = int(first.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        async with asyncio.timeout(10):
            assert await client[0].readexactly(length) == b"x" * LARGE
            assert (await client[0].readuntil(b"asked later")).startswith(b"HTTP/1.1 200")


async def test_an_answer_may_come_later(port: int) -> None:
    async with connected(port) as client:
        for _ in range(3):
            got = await asked(client, ask("/later", "POST", b"x"), lambda got: got.endswith(b"later x"))
            assert got.startswith(b"HTTP/1.1 200 OK\r\n")
    assert CALLED == []


async def test_whoever_has_gone_before_his_answer_harms_nobody(port: int, caplog: pytest.LogCaptureFixture) -> None:
    async with connected(port) as client:
        client[1].write(ask("/much-later"))
        await eventually(lambda: len(TOLD_LATER) == 1)
    async with connected(port) as other:
        # What the server hears of the second connection it hears after the end of the first.
        await asked(other, ask("/known"), lambda got: b"known" in got)
        TOLD_LATER[0](Reply(200, b"too late", [TEXT]))
        assert b"known" in await asked(other, ask("/known"), lambda got: b"known" in got)
    assert not caplog.records


@pytest.mark.parametrize(("path", "status"), [("/refused", b"404"), ("/broken", b"500"), ("/later-broken", b"500")])
async def test_errors_are_problems(port: int, path: str, status: bytes) -> None:
    async with connected(port) as client:
        got = await asked(client, ask(path), lambda got: got.endswith(b"}"))
        assert got.startswith(b"HTTP/1.1 " + status)
        assert b"application/problem+json" in got
        assert b"ZeroDivision" not in got
        assert b"known" in await asked(client, ask("/known"), lambda got: b"known" in got)


async def test_an_answer_that_cannot_be_sent_is_an_error(port: int) -> None:
    async with connected(port) as client:
        got = await asked(client, ask("/injected"), lambda got: False)
    assert got.startswith(b"HTTP/1.1 500")
    assert b"set-cookie" not in got


async def test_what_has_no_body_has_no_length(port: int) -> None:
    async with connected(port) as client:
        got = await asked(client, ask("/unchanged"), lambda got: got.endswith(b"\r\n\r\n"))
    assert got.startswith(b"HTTP/1.1 304")
    assert b"content-length" not in got
    assert b"transfer-encoding" not in got


async def test_the_last_answer_of_a_connection_says_so(port: int) -> None:
    async with connected(port) as client:
        got = await asked(client, ask("/known", "POST", b"1", "Connection: close"), lambda got: False)
    assert b"\r\nconnection: close\r\n" in got


async def test_a_body_that_has_not_come_is_waited_for(port: int) -> None:
    request = ask("/known", "POST", b"late")
    async with connected(port) as client:
        client[1].write(request[:-1])
        await eventually(lambda: CALLED == ["/known"])
        assert (await asked(client, request[-1:], lambda got: got.endswith(b"late"))).endswith(b"asked late")


def _lines(answer: bytes) -> list[bytes]:
    """Without what differs each time: the values of two headers."""
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = [re.sub(rb"^(x-request-id|date): .*", rb"\1", line) for line in head.split(b"\r\n")]
    return [*sorted(lines), body]


@pytest.mark.parametrize(("path", "like"), [("/prepared", "/known"), ("/prepared-unchanged", "/unchanged")])
@pytest.mark.parametrize("more", [[], ["Connection: close"]])
@pytest.mark.parametrize("drains", [False, True])
async def test_an_answer_that_was_prepared_is_written_as_any_other(
    port: int, path: str, like: str, more: list[str], drains: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if drains:
        whole = Exchange.__init__

        def begin(exchange: Exchange, *args: Any, **named: Any) -> None:
            whole(exchange, *args, **named)
            state = exchange._server
            if (b"connection", b"close") not in state.default_headers:
                state.default_headers = [*state.default_headers, (b"connection", b"close")]

        monkeypatch.setattr(Exchange, "__init__", begin)
    end = b"known " if path == "/prepared" else b"\r\n\r\n"
    is_last = bool(more) or drains
    answers = []
    for each in (path, like):
        async with connected(port) as client:
            request = ask(each, "GET", b"", *more)
            answers.append(await asked(client, request, lambda got: not is_last and got.endswith(end)))
    got, other = answers
    assert got.count(b"connection: close") == int(is_last)
    assert _lines(got) == _lines(other)
    assert all(b"\r\nx-request-id: " in each and b"\r\ndate: " in each for each in (got, other))


def test_what_is_prepared_has_one_line_a_header() -> None:
    with pytest.raises(RuntimeError):
        prepared(200, [(b"location", b"/a\r\nset-cookie: x=y")], b"")


class Answers:
    """Keeps the headers of what is answered."""

    def __init__(self) -> None:
        self.headers: list[Headers] = []

    def answer(self, status: int, headers: Headers, body: bytes) -> None:
        self.headers.append(headers)

    def answer_prepared(self, answer: Prepared, more: bytes) -> None:
        raise AssertionError("nothing was prepared")


def test_headers_of_answers_are_not_shared() -> None:
    """What is added to one answer must not be in the next one."""
    mine: Headers = [TEXT]
    surroundings = Surroundings(app, at_once=lambda scope, tell: Reply(200, b"", mine))
    answers = Answers()
    for _ in range(2):
        scope = {"method": "GET", "path": "/", "headers": []}
        assert surroundings.answer_at_once(scope, answers)
    assert [len(headers) for headers in answers.headers] == [4, 4]
    assert mine == [TEXT]
