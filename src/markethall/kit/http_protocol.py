"""HTTP/1.1 connections with limits before there is a request: time and size of a head, and errors in our own form."""

import asyncio
import socket
from collections import deque
from typing import Any
from urllib.parse import unquote

import httptools
import msgspec
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from markethall.kit.errors import PROBLEM_JSON, Problem, Unavailable, Unreadable
from markethall.kit.http_exchange import WHOLE_BODY, Exchange
from markethall.kit.ids import random_id
from markethall.kit.room import Place, Room

HEAD_SECONDS = 10.0
MAX_HEAD_BYTES = 64 << 10
LINGER_SECONDS = 1.0
HEALTH = b"/health/"
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


class TooManyConnections(Unavailable):
    """As many connections are open as this replica may have."""

    code = "too_many_connections"
    title = "Too many connections are open just now"


_ASGI = {"version": "3.0", "spec_version": "2.3"}
_REASONS = {
    400: b"Bad Request",
    408: b"Request Timeout",
    431: b"Request Header Fields Too Large",
    503: b"Service Unavailable",
}


class LimitedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with an exchange of our own and limits on what comes before a request.

    A head is what comes before the body. From the first byte, or the connection, to its end it
    may take `HEAD_SECONDS` and `MAX_HEAD_BYTES`. Times are looked at by `look`, which whoever runs the server calls
    every second or so: a timer for each request would cost more than all else that is done about them.

    Whoever connects and finds no `room` is told so, 503, unless he asks for the replica's health; or closed, where many
    are told already.
    """

    cycle: Exchange | None  # type: ignore[assignment]
    pipeline: deque[Exchange]  # type: ignore[assignment]
    _head_bytes = 0
    _head_since: float | None = None
    _idle_since: float | None = None
    _refused = False
    _place: Place | None = None
    _answering: Exchange | None = None
    """Whose turn it is; `cycle` is the one that came last."""
    _unstarted: Exchange | None = None
    """Its head has come, and perhaps its body: that is known at the end of `data_received`."""

    def __init__(self, *args: Any, room: Room | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._room = room or Room()
        self._turn_away = getattr(self.app, "turn_away", None)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._place = self._room.enter()
        if self._place is None:
            transport.abort()
            return
        connected = transport.get_extra_info("socket")
        if connected is not None and connected.family == socket.AF_UNIX:
            self.client = (PROXY, 0)
        self._begin_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_since = self._idle_since = None
        self.connections.discard(self)
        if self._place is not None:
            self._place.leave()
            self._place = None
        for exchange in (self._answering, self.cycle, *self.pipeline):
            if exchange is not None and not exchange.response_complete:
                exchange.disconnected = True
                exchange.wake()
        self.pipeline.clear()
        self.flow.resume_writing()
        if exc is None:
            self.transport.close()
        self.parser = None  # type: ignore[assignment]
        # They know each other. Apart, they are gone at once; together, when the collector comes: after many thousands.
        self.cycle = self._answering = self._unstarted = None

    def look(self, now: float) -> None:
        """Close what has been idle, or is late with its head, by `now` of the loop's clock."""
        if self._head_since is not None and now - self._head_since > HEAD_SECONDS:
            self._head_is_late()
        elif self._idle_since is not None and now - self._idle_since > self.timeout_keep_alive:
            self.timeout_keep_alive_handler()

    def data_received(self, data: bytes) -> None:
        if self._refused or (self._turn_away and data.startswith(b"POST ") and self._is_turned_away(data)):
            return
        self._idle_since = None
        former = self.cycle
        if self._head_since is None and (former is None or former.response_complete):
            self._begin_head()
        # Of a body that was answered before it was there: no head, but it may not take longer than one.
        is_rest = former is not None and former.response_complete and former.more_body
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # it may go on in HTTP/1.1
        except httptools.HttpParserError:
            self._refuse(Unreadable("Invalid HTTP request received."))
        exchange, self._unstarted = self._unstarted, None
        if exchange is not None and not self._finds_no_room(exchange) and not self._is_answered(exchange):
            self._start(exchange)
        # A body that came along with its head is over it by now, and does not count.
        if self._head_since is not None and not self._refused and not is_rest:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refuse(LargeHead(f"At most {MAX_HEAD_BYTES} bytes."))

    def _is_turned_away(self, data: bytes) -> bool:
        """Whether it is a request that needs no more than an answer: then the parser does not see it."""
        former = self.cycle
        if former is None:
            is_between = not self._head_bytes
        else:
            is_between = former.response_complete and not former.more_body and self._head_since is None
        is_served = self._place is not None and self._place.is_served
        can_be_answered = is_between and is_served and not self.flow.write_paused
        answer = self._turn_away(data) if can_be_answered and self._turn_away else None
        if answer is None:
            return False
        refusal, lines = answer
        is_last = False
        for name, value in self.server_state.default_headers:
            lines += b"%b: %b\r\n" % (name, value)
            is_last = is_last or name == b"connection"  # to be closed, while it drains
        self.transport.write(b"%b%b\r\n%b" % (refusal.head, lines, refusal.body))
        self.server_state.total_requests += 1
        self._head_since, self._idle_since = None, self.loop.time()
        if is_last:
            self.transport.close()
        return True

    # What the parser calls

    def on_message_begin(self) -> None:
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        if self._head_since is None:
            self._begin_head()

    def on_headers_complete(self) -> None:
        self._head_since = None
        parser = self.parser
        version = parser.get_http_version()
        exchange = Exchange(
            parser.get_method(),
            self.url,
            version,
            self.headers,
            self.transport,
            self.flow,
            self.loop,
            self.server_state,
            self.on_response_complete,
            keep_alive=version != "1.0" and parser.should_keep_alive(),
            expects_continue=self.expect_100_continue,
        )
        former, self.cycle = self.cycle, exchange
        if former is None or former.response_complete:
            self._answering = self._unstarted = exchange
        else:
            # Sent before the former one was answered: it waits for its turn.
            self.flow.pause_reading()
            self.pipeline.appendleft(exchange)

    def on_body(self, body: bytes) -> None:
        exchange = self.cycle
        if exchange is not None and not exchange.response_complete:
            exchange.body += body
            if len(exchange.body) > HIGH_WATER_LIMIT:
                self.flow.pause_reading()
            exchange.wake()

    def on_message_complete(self) -> None:
        exchange = self.cycle
        if exchange is None:
            return
        exchange.more_body = False
        if exchange.response_complete:
            self._head_since = None
            self._idle_since = self.loop.time()
        else:
            exchange.wake()

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._answering = self.pipeline.pop()
            if not self._finds_no_room(self._answering):
                self._start(self._answering)
        else:
            self._idle_since = self.loop.time()

    def _scope_of(self, exchange: Exchange) -> dict[str, Any]:
        raw_path, _, query = exchange.target.partition(b"?")
        if not raw_path.startswith(b"/"):  # `OPTIONS *`, or a whole address, as proxies are sent
            url = httptools.parse_url(exchange.target)
            raw_path, query = url.path or b"", url.query or b""
        path = raw_path.decode("ascii")
        return {
            "type": "http",
            "asgi": _ASGI,
            "http_version": exchange.version,
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme,
            "method": exchange.method.decode("ascii"),
            "root_path": "",
            "path": unquote(path) if "%" in path else path,
            "raw_path": raw_path,
            "query_string": query,
            "headers": exchange.headers,
            "state": self.app_state.copy(),
        }

    def _finds_no_room(self, exchange: Exchange) -> bool:
        """Whether that is the answer, and the last one: whatever came behind it has none."""
        if self._place is None or exchange.target.startswith(HEALTH) or not self._place.is_refused():
            return False
        exchange.response_complete = True
        self.pipeline.clear()
        self.flow.resume_reading()  # to notice when he goes
        self._refused = False  # that what came behind it is not HTTP matters no more
        self._refuse(TooManyConnections())
        return True

    def _is_answered(self, exchange: Exchange) -> bool:
        """Whether the application takes it without a task: it has answered, or will."""
        answer_at_once = getattr(self.app, "answer_at_once", None)
        if answer_at_once is None or exchange.more_body or not exchange.can_be_written:
            return False
        refused = self.app.refuse(exchange.method, exchange.target, exchange.headers)
        if refused is not None:
            exchange.answer_prepared(*refused)
            return True
        exchange.scope = self._scope_of(exchange)
        exchange.scope[WHOLE_BODY] = bytes(exchange.body)
        taken: bool = answer_at_once(exchange.scope, exchange)
        return taken

    def _start(self, exchange: Exchange) -> None:
        if not exchange.scope:
            exchange.scope = self._scope_of(exchange)
            if not exchange.more_body:
                exchange.scope[WHOLE_BODY] = bytes(exchange.body)
        task = self.loop.create_task(exchange.run(self.app))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def _begin_head(self) -> None:
        self._head_bytes = 0
        self._head_since = self.loop.time()

    def _head_is_late(self) -> None:
        self._head_since = None
        if self._head_bytes:
            self._refuse(SlowHead())
        else:
            self.transport.close()

    def _refuse(self, problem: Problem) -> None:
        """The last answer on this connection."""
        self._head_since = None
        if self._refused or self.transport.is_closing():
            return
        if self._answers_first():
            return
        body = msgspec.json.encode(problem.document())
        lines = [
            b"HTTP/1.1 %d %s" % (problem.status, _REASONS[problem.status]),
            b"content-type: " + PROBLEM_JSON.encode(),
            b"content-length: %d" % len(body),
            b"x-request-id: " + str(random_id()).encode(),
            b"connection: close",
            *(f"{name.lower()}: {value}".encode() for name, value in problem.headers.items()),
        ]
        self.transport.write(b"\r\n".join([*lines, b"", body]))
        # Closing on what is still coming in would reset the connection, and the answer be lost.
        self._refused = True
        self.transport.write_eof()
        self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def _answers_first(self) -> bool:
        """Whether what was asked before is still to be answered: then the connection ends with that. A refusal now
        would be taken for the answer to it."""
        if self.pipeline and self.pipeline[0].more_body:
            self.pipeline.popleft()
        last = self.pipeline[0] if self.pipeline else self._answering
        if last is None or last.response_complete or last.more_body:
            return False
        self._refused = True
        last.keep_alive = False
        return True
