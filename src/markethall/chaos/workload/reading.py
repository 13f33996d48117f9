"""Readers: of orders, of event streams, of stock and products. What they see is judged, so they only look."""

import asyncio
from dataclasses import dataclass
from time import monotonic

import aiohttp
import msgspec

from markethall.chaos.history import Call, Event, HistoryFull, Request
from markethall.chaos.workload.people import Person
from markethall.chaos.workload.wire import Wire
from markethall.contracts.public import FINAL_STATUSES

STREAM_SECONDS = 8.0
"""A stream is left after so long, final or not."""
REOPEN_SECONDS = 0.3


class _Status(msgspec.Struct):
    order_id: str
    number: int
    status: str


_status = msgspec.json.Decoder(_Status)


@dataclass
class _Place:
    """How far a reader of events has come, over all its connections."""

    last_id: str = ""


class Reading:
    """Each method is one look of one client."""

    def __init__(self, wire: Wire, url: str) -> None:
        self._wire = wire
        self._url = url

    async def order(self, client: str, order_id: str, person: Person | None) -> Call:
        request = Request("GET", f"/api/orders/{order_id}", user=person.id if person else None)
        return await self._wire.call(client, "read_order", request, token=await self._token(person))

    async def stock(self, client: str, sku: str) -> Call:
        return await self._wire.call(client, "read_stock", Request("GET", f"/api/stock/{sku}"))

    async def product(self, client: str, slug: str, user: str | None = None) -> Call:
        return await self._wire.call(client, "read_product", Request("GET", f"/api/products/{slug}", user=user))

    async def events(self, client: str, order_id: str, person: Person | None) -> None:
        """Follows the order's events, taken up again where they broke off, until a final one."""
        until = monotonic() + STREAM_SECONDS
        place = _Place()
        while (left := until - monotonic()) > 0:
            try:
                async with asyncio.timeout(left):
                    if await self._stream(client, order_id, person, place):
                        return
            except (aiohttp.ClientError, OSError, TimeoutError, msgspec.DecodeError):
                pass
            await asyncio.sleep(REOPEN_SECONDS)

    async def _stream(self, client: str, order_id: str, person: Person | None, place: _Place) -> bool:
        """One connection, from the place on, which it moves however it ends; whether nothing will follow."""
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": place.last_id} if place.last_id else {})
        if token := await self._token(person):
            headers["Authorization"] = f"Bearer {token}"
        opened = monotonic()
        url = f"{self._url}/api/orders/{order_id}/events"
        async with self._wire.session.get(url, headers=headers) as response:
            if response.status != 200:
                return response.status < 500 and response.status != 429
            async for raw in response.content:
                name, _, value = raw.decode().rstrip("\r\n").partition(": ")
                if name == "id":
                    place.last_id = value
                elif name == "data":
                    said = _status.decode(value)
                    self._note(Event(client, said.order_id, said.number, said.status, opened, monotonic()))
                    if said.status in FINAL_STATUSES:
                        return True
        return False

    def _note(self, event: Event) -> None:
        try:
            self._wire.history.add(event)
        except HistoryFull:
            self._wire.full = True

    async def _token(self, person: Person | None) -> str | None:
        return await person.token(self._wire.session, self._url) if person else None
