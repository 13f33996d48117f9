"""HTTP/1.1 connections with limits before there is a request: time and size of a head, and errors in our own form."""

import asyncio
import socket

import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from markethall.kit.errors import PROBLEM_JSON, Problem, Unreadable
from markethall.kit.ids import random_id

HEAD_SECONDS = 10.0
MAX_HEAD_BYTES = 64 << 10
LINGER_SECONDS = 1.0
PROXY = "proxy"
"""Stands for the address of whoever connects to the proxy's own socket (`Settings.proxy_socket`)."""


class SlowHead(Problem):
    """The request line and headers did not arrive in time."""

    status = 408
    code = "head_timeout"
    title = "The headers did not arrive in time"


class LargeHead(Problem):
    """Request line and headers over `MAX_HEAD_BYTES`."""

    status = 431
    code = "head_too_large"
    title = "The headers are too large"


_REASONS = {400: b"Bad Request", 408: b"Request Timeout", 431: b"Request Header Fields Too Large"}


class LimitedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which limits only the time between requests.

    A head is what comes before the body. From the first byte, or the connection, to its end it
    may take `HEAD_SECONDS` and `MAX_HEAD_BYTES`.
    """

    _head_bytes = 0
    _head_timer: asyncio.TimerHandle | None = None
    _refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        connected = transport.get_extra_info("socket")
        if connected is not None and connected.family == socket.AF_UNIX:
            self.client = (PROXY, 0)
        self._begin_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_head()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        if self._head_timer is None and self.cycle is not None and self.cycle.response_complete:
            self._begin_head()
        super().data_received(data)
        # A body that came along with its head is over it by now, and does not count.
        if self._head_timer is not None and not self._refused:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refuse(LargeHead(f"At most {MAX_HEAD_BYTES} bytes."))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._head_timer is None:
            self._begin_head()

    def on_headers_complete(self) -> None:
        self._end_head()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        self._refuse(Unreadable(msg))

    def _begin_head(self) -> None:
        self._head_bytes = 0
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._head_is_late)

    def _end_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_is_late(self) -> None:
        if self._head_bytes:
            self._refuse(SlowHead())
        else:
            self._end_head()
            self.transport.close()

    def _refuse(self, problem: Problem) -> None:
        """The last answer on this connection."""
        self._end_head()
        if self._refused or self.transport.is_closing():
            return
        body = msgspec.json.encode(problem.document())
        head = (
            b"HTTP/1.1 %d %s\r\ncontent-type: %s\r\ncontent-length: %d\r\nx-request-id: %s\r\nconnection: close\r\n\r\n"
            % (
                problem.status,
                _REASONS[problem.status],
                PROBLEM_JSON.encode(),
                len(body),
                str(random_id()).encode(),
            )
        )
        self.transport.write(head + body)
        # Closing on what is still coming in would reset the connection, and the answer be lost.
        self._refused = True
        self.transport.write_eof()
        self._head_timer = self.loop.call_later(LINGER_SECONDS, self.transport.close)
