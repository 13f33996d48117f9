"""One request and its answer on an HTTP/1.1 connection, for an ASGI application.

In place of the exchange of uvicorn's protocol, which writes head and body with a system call each and makes an event
and two timers for every request: most of what a short answer costs.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, MutableMapping, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.server import ServerState

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]

WHOLE_BODY = "markethall.whole_body"
"""In the scope of a request whose body came along with its head: the body."""

BODILESS = frozenset({204, 304})
"""Statuses of answers that have no body, and say no length."""

log = logging.getLogger("uvicorn.error")


class Prepared(NamedTuple):
    """A whole answer that is given many times. `head`: status line and headers, each with its line end."""

    status: int
    head: bytes
    body: bytes


_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}
_ABOUT_THE_MESSAGE = frozenset({b"content-length", b"transfer-encoding", b"connection"})
_BROKEN = (
    b"content-type: text/plain; charset=utf-8\r\ncontent-length: 21\r\nconnection: close\r\n\r\nInternal Server Error"
)


def prepared(status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> Prepared:
    """`headers`: in lower case, without the length, and without any that is about the connection.

    Raises:
        RuntimeError: there is a line end in one of them.
    """
    lines = [_STATUS_LINES[status], *(b"%b: %b\r\n" % header for header in headers)]
    if status not in BODILESS:
        lines.append(b"content-length: %d\r\n" % len(body))
    return Prepared(status, _head(lines), body)


def _head(lines: Sequence[bytes]) -> bytes:
    head = b"".join(lines)
    # One line a header: a value with a line end in it would be a header, or an answer, of its own.
    if head.count(b"\n") != len(lines) or head.count(b"\r") != len(lines) or b"\0" in head:
        raise RuntimeError("Invalid HTTP header.")
    return head


class Exchange:
    """What the application is called with. The server's headers go before its own, as they are when it answers: in the
    meantime the server may have begun to drain. `on_complete` is called when the answer is written whole.

    `scope` is made when the application is called; `method`, `target`, `version` and `headers` are what it is made of.
    """

    __slots__ = (
        "_body_was_taken",
        "_flow",
        "_flush",
        "_head",
        "_left",
        "_loop",
        "_on_complete",
        "_server",
        "_transport",
        "_waiting",
        "body",
        "disconnected",
        "expects_continue",
        "headers",
        "is_chunked",
        "is_started",
        "keep_alive",
        "method",
        "more_body",
        "response_complete",
        "scope",
        "target",
        "version",
    )

    def __init__(
        self,
        method: bytes,
        target: bytes,
        version: str,
        headers: list[tuple[bytes, bytes]],
        transport: asyncio.Transport,
        flow: FlowControl,
        loop: asyncio.AbstractEventLoop,
        server: ServerState,
        on_complete: Callable[[], None],
        *,
        keep_alive: bool,
        expects_continue: bool,
    ) -> None:
        self.method = method
        self.target = target
        self.version = version
        self.headers = headers
        self.scope: Scope = {}
        self.keep_alive = keep_alive
        self.expects_continue = expects_continue
        self.body = bytearray()
        self.more_body = True
        self.disconnected = False
        self.response_complete = False
        self.is_started = False
        self.is_chunked = False
        self._body_was_taken = False
        """The application has all of it: what it receives next is that the client has gone."""
        self._left = 0
        """Bytes of the body that its length has promised."""
        self._head: bytes | None = None
        """Of an answer that has begun, until it is written."""
        self._flush: asyncio.Handle | None = None
        self._waiting: asyncio.Future[None] | None = None
        self._transport = transport
        self._flow = flow
        self._loop = loop
        self._server = server
        self._on_complete = on_complete

    async def run(self, app: Callable[..., Any]) -> None:
        """The application; where it breaks, as little as can be said."""
        try:
            await app(self.scope, self.receive, self.send)
        except BaseException as error:
            log.error("Exception in ASGI application", exc_info=error)
            self._break_off()
        else:
            if not self.response_complete and not self.disconnected:
                log.error("ASGI callable returned without completing response.")
                self._break_off()

    def wake(self) -> None:
        """There is more of the body, or nobody to answer any more."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def receive(self) -> Message:
        if self.expects_continue and not self._transport.is_closing():
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.expects_continue = False
        while not (self.disconnected or self.response_complete):
            if self.body or not (self.more_body or self._body_was_taken):
                break
            self._flow.resume_reading()
            self._waiting = self._loop.create_future()
            await self._waiting
            self._waiting = None
        else:
            return {"type": "http.disconnect"}
        body, self.body = bytes(self.body), bytearray()
        self._body_was_taken = not self.more_body
        return {"type": "http.request", "body": body, "more_body": self.more_body}

    async def send(self, message: Message) -> None:
        if self._flow.write_paused and not self.disconnected:
            await self._flow.drain()
        if self.disconnected:
            return
        kind = message["type"]
        if kind == "http.response.start" and not self.is_started:
            self._head = self._head_of(message["status"], message.get("headers", ()))
            self.is_started = True
            self.expects_continue = False
            # Usually the body follows at once, and both are written together.
            self._flush = self._loop.call_soon(self._write_head)
        elif kind == "http.response.body" and self.is_started and not self.response_complete:
            self._write_body(message.get("body", b""), message.get("more_body", False))
        else:
            raise RuntimeError(f"Unexpected ASGI message '{kind}'.")

    def answer(self, status: int, headers: Any, body: bytes) -> None:
        """The whole answer, in place of `run`; its length is among the headers, where it has a body."""
        if self.disconnected:
            return
        try:
            head = self._head_of(status, headers)
        except RuntimeError as error:
            log.error("Answer that cannot be sent", exc_info=error)
            self._break_off()
            return
        self._write_whole(head + body)

    def answer_prepared(self, answer: Prepared, more: bytes) -> None:
        """In place of `run`, at the price of the bytes. `more`: header lines."""
        if self.disconnected:
            return
        parts = [answer.head, more]
        closes = False
        for name, value in self._server.default_headers:
            parts.append(b"%b: %b\r\n" % (name, value))
            if name == b"connection" and b"close" in value.lower():
                closes, self.keep_alive = True, False
        if not self.keep_alive and not closes:
            parts.append(b"connection: close\r\n")
        self._write_whole(b"%b\r\n%b" % (b"".join(parts), answer.body))

    @property
    def can_be_written(self) -> bool:
        """Whether the client reads what it was sent so far."""
        return not self._flow.write_paused

    def _head_of(self, status: int, headers: Any) -> bytes:
        """Names of headers are in lower case, as ASGI has them."""
        parts = [_STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status]
        length: int | None = None
        closes = False
        for name, value in (*self._server.default_headers, *headers):
            parts.append(b"%b: %b\r\n" % (name, value))
            if name not in _ABOUT_THE_MESSAGE:
                continue
            if name == b"content-length":
                length = int(value)
            elif name == b"transfer-encoding":
                self.is_chunked = value.lower() == b"chunked"
            elif b"close" in value.lower():
                closes = True
                self.keep_alive = False
        if not self.keep_alive and not closes:
            parts.append(b"connection: close\r\n")
        bodiless = self.method == b"HEAD" or status in BODILESS
        if length is None and not self.is_chunked and not bodiless:
            self.is_chunked = True
            parts.append(b"transfer-encoding: chunked\r\n")
        self._left = 0 if bodiless else length or 0
        return _head(parts) + b"\r\n"

    def _write_whole(self, answer: bytes) -> None:
        self.is_started = self.response_complete = True
        self.expects_continue = False
        self._transport.write(answer)
        if not self.keep_alive:
            self._transport.close()
        self._on_complete()

    def _write_head(self) -> None:
        if self._head is not None:
            self._transport.write(self._head)
            self._head = None

    def _write_body(self, body: bytes, more_body: bool) -> None:
        if self.method == b"HEAD":
            body = b""
        elif self.is_chunked:
            body = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            if not more_body:
                body += b"0\r\n\r\n"
        else:
            self._left -= len(body)
            if self._left < 0:
                raise RuntimeError("Response content longer than Content-Length")
        if self._head is not None:
            assert self._flush is not None
            self._flush.cancel()
            body, self._head = self._head + body, None
        if not more_body and self._left:
            raise RuntimeError("Response content shorter than Content-Length")
        if body:
            self._transport.write(body)
        if not more_body:
            self.response_complete = True
            self.wake()
            if not self.keep_alive:
                self._transport.close()
            self._on_complete()

    def _break_off(self) -> None:
        if self.is_started or self.disconnected:
            self._transport.close()
            return
        self.is_started = self.response_complete = True
        self.keep_alive = False
        self._transport.write(_STATUS_LINES[500] + _BROKEN)
        self._transport.close()
        self._on_complete()
