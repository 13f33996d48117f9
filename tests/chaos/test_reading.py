"""How a reader follows an order's events over connections that break."""

from aiohttp import web

from markethall.chaos.workload.reading import Reading
from tests.chaos.test_wire import wire_to

CONFIRMED = b'id: 2\nevent: status\ndata: {"order_id": "o", "number": 7, "status": "confirmed"}\n\n'
FULFILLED = b'id: 3\nevent: status\ndata: {"order_id": "o", "number": 7, "status": "fulfilled"}\n\n'


async def test_events_are_taken_up_after_the_last_that_came_however_the_connection_ended() -> None:
    """A server that died in the middle has told what it told."""
    asked: list[str | None] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        asked.append(request.headers.get("Last-Event-ID"))
        answer = web.StreamResponse()
        await answer.prepare(request)
        await answer.write(CONFIRMED if len(asked) == 1 else FULFILLED)
        if len(asked) == 1:
            assert request.transport is not None
            request.transport.close()
        return answer

    async with wire_to(handle) as wire:
        await Reading(wire, wire.url).events("reader", "o", None)
    assert asked == [None, "2"]
    assert [event.status for event in wire.history.events] == ["confirmed", "fulfilled"]
