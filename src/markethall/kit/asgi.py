"""What surrounds every request, as plain ASGI: identity of the request, limits, metrics, errors."""

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from enum import Enum
from typing import Any, Literal, NamedTuple, Protocol

import msgspec
import structlog

from markethall.kit import telemetry, tracing
from markethall.kit.errors import PROBLEM_JSON, DuplicateKey, Invalid, Problem, TooLarge, Unreadable, UnsupportedMedia
from markethall.kit.http_exchange import BODILESS, WHOLE_BODY, Prepared
from markethall.kit.ids import random_hex
from markethall.kit.problems import to_problem
from markethall.kit.whole_requests import is_whole_request

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]


class Reply(NamedTuple):
    """A whole HTTP answer; `headers` without its length."""

    status: int
    body: bytes
    headers: Headers


class Later(Enum):
    """What is said in place of an answer that will come."""

    LATER = "later"


LATER: Literal[Later.LATER] = Later.LATER
Tell = Callable[[Reply | Exception], None]
"""To be called once, with the answer; an error is answered by its problem document."""
AtOnce = Callable[[Scope, Tell], Reply | Prepared | Later | None]
"""Answers a request, whose body is in the scope, without a task: at once, or by a call of `tell` (`LATER`). None where
it cannot: then the application is called, with the same scope."""


class Answering(Protocol):
    """Who writes the answer: the exchange of the server."""

    def answer(self, status: int, headers: Headers, body: bytes) -> None: ...

    def answer_prepared(self, answer: Prepared, more: bytes) -> None:
        """`more`: header lines that are this answer's own."""
        ...


Refuse = Callable[[], Prepared | None]
"""The answer to a request that is to be turned away before it is looked at; None: it is not."""

log = structlog.get_logger(__name__)

_HEADERS = "markethall.headers"
"""In the scope: the list of headers, and the same by name. Whoever replaces the list need not know."""
_REQUEST_ID_HERE = "markethall.request_id"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._\-]{1,128}\Z")
INTERNAL_BODY_BYTES = 64 << 20
"""A batch of inner requests, each of which was within the public limit."""
DISCARDED_BYTES = 8 << 20
DISCARD_SECONDS = 1.0
_NO_SNIFFING = (b"x-content-type-options", b"nosniff")
COUNT_SECONDS = 0.1
TURNED_AWAY = 503
"""Status of what is refused before it is looked at."""
BODY_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class SlowBody(Problem):
    """The body did not arrive in time."""

    status = 408
    code = "body_timeout"
    title = "The body did not arrive in time"


def header(scope: Scope, name: bytes) -> str | None:
    """A request header by its lower-case name, the first of several; None where it is missing."""
    headers = scope["headers"]
    known = scope.get(_HEADERS)
    if known is None or known[0] is not headers:
        known = scope[_HEADERS] = (headers, dict(reversed(headers)))
    value: bytes | None = known[1].get(name)
    return value.decode("latin-1") if value is not None else None


async def read_body(scope: Scope, receive: Receive, max_bytes: int, timeout_seconds: float) -> bytes:
    """The whole body.

    Raises:
        TooLarge: it is, or says it is, over `max_bytes`.
        SlowBody: it took longer than `timeout_seconds`.
        Unreadable: the client went away half-way.
    """
    whole: bytes | None = scope.get(WHOLE_BODY)
    if whole is not None and len(whole) <= max_bytes:
        return whole
    declared = header(scope, b"content-length")
    if declared is not None and declared.isdigit() and int(declared) > max_bytes:
        await discard(receive)
        raise TooLarge(f"At most {max_bytes} bytes.", headers={"Connection": "close"})
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(timeout_seconds):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Unreadable("The connection was closed before the end of the body.")
                chunk = message.get("body", b"")
                size += len(chunk)
                if size > max_bytes:
                    await discard(receive)
                    raise TooLarge(f"At most {max_bytes} bytes.", headers={"Connection": "close"})
                chunks.append(chunk)
                if not message.get("more_body", False):
                    return b"".join(chunks)
    except TimeoutError as error:
        raise SlowBody(headers={"Connection": "close"}) from error


def with_body(scope: Scope, receive: Receive, body: bytes) -> Receive:
    """For who reads the request next: its body is this one. Afterwards it hears what `receive` has to say."""
    scope[WHOLE_BODY] = body
    taken = False

    async def replay() -> Message:
        nonlocal taken
        if taken:
            return await receive()
        taken = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


async def discard(receive: Receive) -> None:
    """Read on for a while: closing at once on a client that still sends would take the answer from it."""
    left = DISCARDED_BYTES
    try:
        async with asyncio.timeout(DISCARD_SECONDS):
            while left > 0:
                message = await receive()
                left -= len(message.get("body", b""))
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    return
    except TimeoutError:
        return


def check_json(scope: Scope, body: bytes) -> None:
    """
    Raises:
        UnsupportedMedia: the body is said to be something else than JSON.
        Unreadable: it is no JSON, or not UTF-8.
        DuplicateKey: an object in it names a member twice.
    """
    media = (header(scope, b"content-type") or "").partition(";")[0].strip().lower()
    if media != "application/json":
        raise UnsupportedMedia(headers={"Accept": "application/json"})
    check_document(body)


def check_document(body: bytes) -> None:
    """
    Raises:
        Unreadable: it is no JSON, or not UTF-8.
        DuplicateKey: an object in it names a member twice.
        Invalid: a number in it is larger than any that is taken anywhere.
    """
    try:
        # Of numbers this checks nothing: they may be of any length, and are looked at below.
        json.loads(body.decode(), object_pairs_hook=_unique, parse_int=float)
        msgspec.json.decode(body)
    except RecursionError as error:
        raise Unreadable("Nested too deeply.") from error
    except msgspec.ValidationError as error:
        raise Invalid("A number is out of range.") from error
    except (ValueError, msgspec.DecodeError) as error:
        raise Unreadable("The body is not valid JSON.") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise DuplicateKey(f"The member {twice[:100]!r} stands twice in one object.")
    return found


async def send_problem(send: Send, problem: Problem) -> None:
    """A problem document as the whole answer."""
    status, body, headers = _reply_of(problem)
    await send_answer(send, status, headers, body)


async def send_answer(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    """A whole answer in two messages."""
    headers = [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class _Refusals:
    """Of one method and target. They come by the thousand, and are counted together."""

    __slots__ = ("_method", "_not_told", "_target", "refuse")

    def __init__(self, what: bytes, refuse: Refuse) -> None:
        self._method, _, self._target = what.decode("ascii").partition(" ")
        self._not_told = 0
        self.refuse = refuse

    def count(self) -> None:
        if not self._not_told:
            asyncio.get_running_loop().call_later(COUNT_SECONDS, self._tell)
        self._not_told += 1

    def _tell(self) -> None:
        telemetry.observe_request(self._method, self._target, TURNED_AWAY, 0.0, self._not_told)
        self._not_told = 0


class Surroundings:
    """Wraps an application: request id, trace, metrics, and no error leaves it unformed.

    `hot` maps (method, path) to plain ASGI handlers that skip the framework. What `at_once` takes needs no task and no
    coroutine, which are most of what a short answer costs otherwise; what `refuse_first` refuses is not even read.
    """

    def __init__(
        self,
        app: ASGIApp,
        hot: dict[tuple[str, str], ASGIApp] | None = None,
        at_once: AtOnce | None = None,
        refuse_first: Mapping[bytes, Refuse] | None = None,
    ) -> None:
        """`refuse_first`: by method and target, with a blank between them."""
        self._app = app
        self._hot = hot or {}
        self._at_once = at_once
        refusals = {what: _Refusals(what, refuse) for what, refuse in (refuse_first or {}).items()}
        self._refusals = {tuple(what.split(b" ", 1)): each for what, each in refusals.items()}
        self._by_line = {what + b" HTTP/1.1\r\n": each for what, each in refusals.items()}

    def turn_away(self, data: bytes) -> tuple[Prepared, bytes] | None:
        """As `refuse`, of what came over a connection on which nothing else is under way: nearly all who are turned
        away need no more than this. For the server."""
        refusals = self._by_line.get(data[: data.find(b"\n") + 1])
        refusal = refusals.refuse() if refusals else None
        if refusals is None or refusal is None or not is_whole_request(data):
            return None
        refusals.count()
        return refusal, _lines_of(random_hex(32))

    def refuse(self, method: bytes, target: bytes, headers: Headers) -> tuple[Prepared, bytes] | None:
        """The answer to who is turned away, and its other header lines. For the server."""
        refusals = self._refusals.get((method, target))
        refusal = refusals.refuse() if refusals else None
        if refusals is None or refusal is None:
            return None
        refusals.count()
        given = next((value.decode("latin-1") for name, value in headers if name == b"x-request-id"), None)
        return refusal, _lines_of(given if given and _REQUEST_ID.match(given) else random_hex(32))

    def answer_at_once(self, scope: Scope, answering: Answering) -> bool:
        """Whether it was answered, or will be. For the server."""
        if self._at_once is None or tracing.is_on():
            return False
        started = time.perf_counter()

        def tell(reply: Reply | Exception) -> None:
            status, body, headers = _reply_of(to_problem(reply)) if isinstance(reply, Exception) else reply
            sent = [*headers, (b"x-request-id", request_id_of(scope).encode()), _NO_SNIFFING]
            if status not in BODILESS:
                sent.append((b"content-length", b"%d" % len(body)))
            telemetry.observe_request(scope["method"], _route(scope), status, time.perf_counter() - started)
            answering.answer(status, sent, body)

        try:
            reply = self._at_once(scope, tell)
        except Exception as error:
            tell(error)
            return True
        if isinstance(reply, Prepared):
            seconds = time.perf_counter() - started
            telemetry.observe_request(scope["method"], _route(scope), reply.status, seconds)
            answering.answer_prepared(reply, _lines_of(request_id_of(scope)))
            return True
        if reply is None:
            return False
        if reply is not LATER:
            tell(reply)
        return True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = request_id_of(scope)
        telemetry.request_id.set(request_id)
        sending = _Sending(send, request_id.encode(), scope, started)
        app = self._hot.get((scope["method"], scope["path"]), self._app)
        try:
            if tracing.is_on():
                with tracing.request_span(scope["method"], header(scope, b"traceparent")) as span:
                    await _answer(app, scope, receive, sending)
                    span.answered(_route(scope), sending.status)
            else:
                telemetry.trace.set(telemetry.Trace(header(scope, b"traceparent")))
                await _answer(app, scope, receive, sending)
        finally:
            sending.observe()


class _Sending:
    """Sends on, with the headers that every answer has. `status`: of the answer, once it has begun."""

    __slots__ = ("_is_observed", "_request_id", "_scope", "_send", "_started", "status")

    def __init__(self, send: Send, request_id: bytes, scope: Scope, started: float) -> None:
        self._send = send
        self._request_id = request_id
        self._scope = scope
        self._started = started
        self._is_observed = False
        self.status = 0

    def __call__(self, message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = message.get("headers", ())
            if _is_event_stream(headers):
                # How long somebody listens says nothing about how quickly they were answered.
                self.observe()
            message["headers"] = [
                *headers,
                (b"x-request-id", self._request_id),
                _NO_SNIFFING,
            ]
        return self._send(message)

    def observe(self) -> None:
        """Count the answer, once."""
        if not self._is_observed:
            self._is_observed = True
            seconds = time.perf_counter() - self._started
            telemetry.observe_request(self._scope["method"], _route(self._scope), self.status, seconds)


async def _answer(app: ASGIApp, scope: Scope, receive: Receive, send: _Sending) -> None:
    try:
        await app(scope, receive, send)
    except Exception as error:
        if send.status:
            log.error("answer broken off", exc_info=error)
            raise
        await send_problem(send, to_problem(error))


def request_id_of(scope: Scope) -> str:
    """As the client named it, or ours."""
    known: str | None = scope.get(_REQUEST_ID_HERE)
    if known is None:
        given = header(scope, b"x-request-id")
        known = scope[_REQUEST_ID_HERE] = given if given and _REQUEST_ID.match(given) else random_hex(32)
    return known


def _lines_of(request_id: str) -> bytes:
    return b"x-request-id: %b\r\nx-content-type-options: nosniff\r\n" % request_id.encode()


def _reply_of(problem: Problem) -> Reply:
    headers = [(b"content-type", PROBLEM_JSON.encode())]
    headers += [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in problem.headers.items()]
    return Reply(problem.status, msgspec.json.encode(problem.document()), headers)


def _route(scope: Scope) -> str:
    return scope.get("path_template") or "other"


def _is_event_stream(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    for name, value in headers:
        if name == b"content-type":
            return value.startswith(b"text/event-stream")
    return False


class HeadAsGet:
    """HEAD wherever there is GET. The server leaves the body out, for it knows the request as it came."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        as_get = {**scope, "method": "GET"}
        await self._app(as_get, receive, send)
        scope["path_template"] = as_get.get("path_template")


class Bodies:
    """Reads a request's body whole, within its limits, and lets only sound JSON through.

    `uploads`: paths whose bodies are files, and how large each may be, in bytes.
    """

    def __init__(
        self, app: ASGIApp, max_bytes: int, timeout_seconds: float, uploads: Mapping[str, int] | None = None
    ) -> None:
        self._app = app
        self._uploads = uploads or {}
        self._max_bytes = max_bytes
        self._timeout = timeout_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in BODY_METHODS:
            await self._app(scope, receive, send)
            return
        internal = scope["path"].startswith("/internal/")
        upload_bytes = self._uploads.get(scope["path"])
        max_bytes = INTERNAL_BODY_BYTES if internal else upload_bytes or self._max_bytes
        body = await read_body(scope, receive, max_bytes, self._timeout)
        if body and not internal and upload_bytes is None:
            check_json(scope, body)
        await self._app(scope, with_body(scope, receive, body), send)
