"""An order's events through front: one stream to the client over as many replicas as it takes."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from markethall.kit import telemetry
from markethall.local.nats import EmbeddedNats
from tests.front.neighbours import Hall, Teller, document, hall, told

PATH = "/api/orders/5f0c1a57-7a0f-4f6e-9a55-0d1c5b0f6f10/events"


@pytest.fixture(scope="module")
async def front(nats: EmbeddedNats) -> AsyncIterator[Hall]:
    async with hall(nats) as running:
        yield running


async def read(front: Hall, **headers: str) -> bytes:
    async with front.http.get(front.url + PATH, headers=headers, timeout=aiohttp.ClientTimeout(10)) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/event-stream"
        assert answer.headers["Cache-Control"] == "no-store"
        return await answer.read()


def statuses(content: bytes) -> list[str]:
    return [line.decode().split('"')[3] for line in content.splitlines() if line.startswith(b"data:")]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
async def test_the_stream_ends_with_a_final_status(front: Hall, end: bytes) -> None:
    teller = front["orders"].stream = Teller(told(1, "pending", end) + told(2, "rejected", end) + b": hold\n\n")
    assert statuses(await read(front)) == ["pending", "rejected"]
    assert teller.since == [None]


async def test_it_is_taken_up_at_another_replica_without_loss_or_repeat(front: Hall) -> None:
    """The first replica dies in the middle of an event; the second cannot be asked yet."""
    half = told(2, "confirmed")[:-9]
    teller = front["orders"].stream = Teller(told(1, "pending") + half, 503, told(2, "confirmed"), told(3, "cancelled"))
    assert statuses(await read(front, **{"Last-Event-ID": "0"})) == ["pending", "confirmed", "cancelled"]
    assert teller.since == ["0", "1", "1", "2"]


async def test_a_refusal_is_passed_on(front: Hall) -> None:
    front["orders"].stream = Teller(404)
    async with front.http.get(front.url + PATH) as answer:
        assert (answer.status, (await document(answer))["code"]) == (404, "not_found")


async def test_the_replica_is_left_when_the_client_leaves(front: Hall) -> None:
    teller = front["orders"].stream = Teller(told(1, "pending") + b": hold\n\n")
    async with front.http.get(front.url + PATH) as answer:
        await answer.content.readuntil(b"\n\n")
    await asyncio.wait_for(teller.left.wait(), 10)


async def test_head_asks_and_does_not_wait(front: Hall) -> None:
    front["orders"].stream = Teller(told(1, "pending") + b": hold\n\n")
    async with front.http.head(front.url + PATH) as answer:
        assert (answer.status, await answer.read()) == (200, b"")


async def test_streams_are_bounded(front: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("markethall.front.event_streams.MAX_STREAMS", 0)
    async with front.http.get(front.url + PATH) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")


async def test_a_stream_is_answered_when_it_begins_however_long_it_lasts(
    front: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else one buyer who waits would make the front look slow, and only once they have gone."""
    observed: list[tuple[str, int]] = []
    monkeypatch.setattr(telemetry, "observe_request", lambda _, route, status, __: observed.append((route, status)))
    teller = front["orders"].stream = Teller(told(1, "pending") + b": hold\n\n")
    async with front.http.get(front.url + PATH) as answer:
        await answer.content.readuntil(b"\n\n")
        begun = [each for each in observed if each[0] == "/api/orders/…"]
        assert [status for _, status in begun] == [200]
    await asyncio.wait_for(teller.left.wait(), 10)
    async with front.http.get(f"{front.url}/ping"):
        assert [each for each in observed if each[0] == "/api/orders/…"] == begun
