"""A front that is stopped lets nobody wait."""

import asyncio

import aiohttp
import msgspec

from markethall.local.nats import EmbeddedNats
from tests.front.neighbours import Stall, Teller, document, hall, told
from tests.support.machine import eventually

EVENTS = "/api/orders/5f0c1a57-7a0f-4f6e-9a55-0d1c5b0f6f10/events"


async def test_the_buyer_gets_the_order_and_the_stream_its_end(nats: EmbeddedNats) -> None:
    async with hall(nats, drain_seconds=8.0) as front:
        stall = Stall(front["orders"])
        stall.tells = None
        front["orders"].script = stall  # type: ignore[assignment]
        front["orders"].stream = Teller(told(1, "pending") + b": hold\n\n")
        body = msgspec.json.encode({"lines": [{"sku": "A", "quantity": 1}]})
        headers = {"Content-Type": "application/json", "Prefer": "wait=30"}
        buying = asyncio.create_task(
            front.http.post(f"{front.url}/api/orders", data=body, headers=headers).__aenter__()
        )
        stream = await front.http.get(front.url + EVENTS)
        await stream.content.readuntil(b": hold\n\n")
        await eventually(lambda: stall.batches)
        reading = asyncio.create_task(stream.read())
        await asyncio.wait_for(front.close("front"), 20)
        assert await asyncio.wait_for(reading, 5) == b""
        bought: aiohttp.ClientResponse = await asyncio.wait_for(buying, 5)
        assert (bought.status, (await document(bought))["status"]) == (202, "pending")
        assert "Location" in bought.headers
