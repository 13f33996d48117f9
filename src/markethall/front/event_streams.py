"""`GET /api/orders/{id}/events`: a stream from orders, taken up at another replica when one ends."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from time import monotonic

import aiohttp
import msgspec
import structlog

from markethall.contracts.public import FINAL_STATUSES
from markethall.front.routes import Segments, canonical
from markethall.front.upstream import forwarded_headers, respond, returned_headers
from markethall.kit.asgi import Receive, Scope, Send
from markethall.kit.balancing import RETRY_STATUSES, Balancer
from markethall.kit.errors import Unavailable
from markethall.kit.tasks import cancel

log = structlog.get_logger(__name__)

MAX_STREAMS = 2000
MAX_EVENT_BYTES = 64 << 10
SILENCE_SECONDS = 45.0
"""Orders says something at least every 15 s; after this long without a byte it is asked elsewhere."""
FIRST_ANSWER_SECONDS = 5.0
GIVE_UP_SECONDS = 60.0
"""After this long without a replica the stream ends; the client opens a new one by itself."""
BACKOFF_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0)

_END = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_START_HEADERS = [(b"cache-control", b"no-store"), (b"x-accel-buffering", b"no")]


class TooManyStreams(Unavailable):
    code = "too_many_streams"
    title = "Too many are being told of their orders just now"


class _Status(msgspec.Struct):
    status: str


_decoder = msgspec.json.Decoder(_Status)


def is_event_stream(segments: Segments) -> bool:
    return len(segments) == 4 and segments[:2] == ("api", "orders") and segments[3] == "events"


class EventStreams:
    """Bounded in number; each ends with a final status, with its client, or when this front drains."""

    def __init__(self, balancer: Balancer, draining: asyncio.Event) -> None:
        self._balancer = balancer
        self._draining = draining
        self._open = 0

    async def serve(self, scope: Scope, receive: Receive, send: Send, segments: Segments, client_address: str) -> None:
        if self._open >= MAX_STREAMS:
            raise TooManyStreams(retry_after_seconds=5)
        self._open += 1
        stream = _Stream(self._balancer, scope, send, segments, client_address)
        pump = asyncio.create_task(stream.pump())
        others = [asyncio.create_task(_gone(receive)), asyncio.create_task(_set(self._draining))]
        try:
            await asyncio.wait([pump, *others], return_when=asyncio.FIRST_COMPLETED)
            if pump.done():
                await pump
        finally:
            self._open -= 1
            for task in (pump, *others):
                if not task.done():
                    await cancel(task)
        await stream.end()


class _Stream:
    """One client's stream over as many connections to orders as it takes."""

    def __init__(self, balancer: Balancer, scope: Scope, send: Send, segments: Segments, client_address: str) -> None:
        self._balancer = balancer
        self._send = send
        self._is_head = scope["method"] == "HEAD"
        self._path = canonical(segments, scope["query_string"])
        self._headers = forwarded_headers(scope, client_address)
        self._started = False
        self._ended = False

    async def pump(self) -> None:
        """Returns when there is nothing more to come.

        Raises:
            Unavailable: orders could not be reached at all.
        """
        attempt = 0
        patience = FIRST_ANSWER_SECONDS
        deadline = monotonic() + patience
        while True:
            try:
                async with self._balancer.stream(
                    "orders", self._path, headers=self._headers, idle_seconds=SILENCE_SECONDS
                ) as response:
                    if response.status == 200:
                        attempt = 0
                        if await self._copy(response):
                            return
                        patience = GIVE_UP_SECONDS
                        deadline = monotonic() + patience
                    elif response.status not in RETRY_STATUSES:
                        await self._refused(response)
                        return
            except (Unavailable, aiohttp.ClientError, TimeoutError, OSError) as error:
                log.info("event stream broke off", reason=repr(error))
                if self._started and patience != GIVE_UP_SECONDS:
                    patience = GIVE_UP_SECONDS
                    deadline = monotonic() + patience
            if monotonic() > deadline:
                if self._started:
                    return
                raise Unavailable("The orders service does not answer just now.")
            await asyncio.sleep(BACKOFF_SECONDS[min(attempt, len(BACKOFF_SECONDS) - 1)])
            attempt += 1
            if self._started:
                await self._body(b": taking it up elsewhere\n\n")

    async def end(self) -> None:
        """Close the answer, if it was begun. Harmless when the client has gone."""
        if self._started and not self._ended:
            self._ended = True
            with suppress(OSError):
                await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _copy(self, response: aiohttp.ClientResponse) -> bool:
        """Whole events only, so that what a dying replica said half is not passed on; True after a final one."""
        if not self._started:
            self._started = True
            ours = {name for name, _ in _START_HEADERS}
            headers = [pair for pair in returned_headers(response.headers) if pair[0] not in ours]
            await self._send(
                {"type": "http.response.start", "status": 200, "headers": [*headers, *_START_HEADERS]},
            )
            if self._is_head:
                return True
        async for event in _events(response):
            await self._body(event)
            if self._note(event):
                return True
        return False

    def _note(self, event: bytes) -> bool:
        """Remember where to go on; whether the event is a final status."""
        data = b""
        for line in event.splitlines():
            name, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
            if name == b"id" and b"\0" not in value:
                self._headers["last-event-id"] = value.decode("latin-1")
            elif name == b"data":
                data += value
        if not data:
            return False
        try:
            return _decoder.decode(data).status in FINAL_STATUSES
        except msgspec.MsgspecError:
            return False

    async def _refused(self, response: aiohttp.ClientResponse) -> None:
        """Another answer than a stream. In the middle of one (the token has expired) it ends it."""
        if self._started:
            return
        body = await response.read()
        method = "HEAD" if self._is_head else ""
        self._started = self._ended = True
        await respond(self._send, response.status, returned_headers(response.headers), body, method=method)

    async def _body(self, data: bytes) -> None:
        await self._send({"type": "http.response.body", "body": data, "more_body": True})


async def _events(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """Each event with the blank line that ends it."""
    buffer = b""
    async for chunk in response.content.iter_any():
        buffer += chunk
        while end := _END.search(buffer):
            yield buffer[: end.end()]
            buffer = buffer[end.end() :]
        if len(buffer) > MAX_EVENT_BYTES:
            raise aiohttp.ClientPayloadError("an event without an end")


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _set(event: asyncio.Event) -> None:
    await event.wait()
