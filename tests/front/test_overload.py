"""More orders than the shop can take."""

import asyncio

import pytest

from markethall.local.nats import EmbeddedNats
from tests.front.neighbours import Hall, Seen, Stall, document, hall
from tests.support.machine import eventually

ONE = b'{"lines": [{"sku": "BEAR-1", "quantity": 1}]}'


async def test_beyond_what_may_wait_buyers_are_told_to_come_again(
    nats: EmbeddedNats, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once, while those who wait are served."""
    monkeypatch.setattr("markethall.front.checkout.MAX_WAITING", 3)
    async with hall(nats) as front:
        stall, may_answer = Stall(front["orders"]), asyncio.Event()

        async def slow(seen: Seen) -> tuple[int, dict[str, str], bytes]:
            await may_answer.wait()
            return await stall(seen)

        front["orders"].script = slow  # type: ignore[assignment]
        pressing = [asyncio.create_task(order(front)) for _ in range(30)]
        # Three wait, and those that had gathered when the batch left.
        await eventually(lambda: sum(task.done() for task in pressing) >= 30 - 2 * 3)
        for task in pressing:
            if task.done():
                status, headers, problem = task.result()
                assert (status, problem["code"], headers["retry-after"]) == (503, "too_busy", "1")
        assert not stall.batches
        may_answer.set()
        answers = await asyncio.gather(*pressing)
    taken = [status for status, _, _ in answers if status != 503]
    assert taken == [201] * sum(map(len, stall.batches))
    assert 3 <= len(taken) <= 2 * 3


async def order(front: Hall) -> tuple[int, dict[str, str], dict[str, object]]:
    headers = {"Content-Type": "application/json"}
    async with front.http.post(f"{front.url}/api/orders", data=ONE, headers=headers) as answer:
        return answer.status, {k.lower(): v for k, v in answer.headers.items()}, await document(answer)
