"""Reads `text/event-stream`, and takes it up again where it broke off."""

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass

import aiohttp
import msgspec

from markethall.cli.documents import StatusEvent
from markethall.cli.transport import Transport, refusal
from markethall.contracts.public import FINAL_STATUSES
from markethall.listings.calls import NotUnderstood, Unreachable

SILENCE_SECONDS = 60.0
"""After this long without a byte the stream is opened anew."""
STEADY_SECONDS = 5.0
"""A stream that lasted so long did not fail, however quiet it was."""
FAILURES = 8
"""So many in a row, without an event between them, and it is given up."""


@dataclass(frozen=True, slots=True)
class ServerEvent:
    kind: str
    data: str
    id: str | None


async def follow(transport: Transport, path: str) -> AsyncIterator[StatusEvent]:
    """Each status once. Raises Refused (404 for another's order), and Unreachable after `FAILURES` in a row."""
    last_id: str | None = None
    last_status: str | None = None
    failures = 0
    while True:
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last_id} if last_id else {})
        opened = time.monotonic()
        failures += 1
        try:
            async with transport.open(path, headers, SILENCE_SECONDS) as response:
                if response.status >= 400 and response.status not in (429, 502, 503, 504):
                    raise refusal(response.status, await response.read())
                async for event in events_of(response.content):
                    last_id = event.id or last_id
                    if event.kind != "status" or (status := _status(event)).status == last_status:
                        continue
                    last_status, failures = status.status, 0
                    yield status
                    if status.status in FINAL_STATUSES:
                        return
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            if failures >= FAILURES:
                raise Unreachable(f"the order's events broke off: {error}") from error
        if time.monotonic() - opened >= STEADY_SECONDS:
            failures = 0
        if failures >= FAILURES:
            raise Unreachable("the order's events break off again and again")
        await asyncio.sleep(min(2.0, 0.1 * 2**failures))


async def events_of(lines: AsyncIterable[bytes]) -> AsyncIterator[ServerEvent]:
    """The events of a stream, by the rules of the HTML standard; comments are passed over."""
    kind, data, last_id = "message", list[str](), None
    async for raw in lines:
        line = raw.decode("utf-8", "replace").rstrip("\r\n")
        if not line:
            if data:
                yield ServerEvent(kind, "\n".join(data), last_id)
            kind, data = "message", []
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            kind = value
        elif name == "data":
            data.append(value)
        elif name == "id":
            last_id = value


def _status(event: ServerEvent) -> StatusEvent:
    try:
        return msgspec.json.decode(event.data, type=StatusEvent)
    except msgspec.DecodeError as error:
        raise NotUnderstood(f"the event is not a status: {error}") from error
