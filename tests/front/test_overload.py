"""More orders than the shop can take."""

import asyncio

from markethall.local.nats import EmbeddedNats
from tests.front.neighbours import Hall, Seen, Stall, document, hall
from tests.support.machine import eventually

ONE = b'{"lines": [{"sku": "BEAR-1", "quantity": 1}]}'


async def test_beyond_what_may_be_under_way_buyers_are_told_to_come_again(nats: EmbeddedNats) -> None:
    """At once, while those who wait are served."""
    async with hall(nats, orders_under_way=3) as front:
        stall, may_answer = Stall(front["orders"]), asyncio.Event()

        async def slow(seen: Seen) -> tuple[int, dict[str, str], bytes]:
            await may_answer.wait()
            return await stall(seen)

        front["orders"].script = slow  # type: ignore[assignment]
        pressing = [asyncio.create_task(order(front)) for _ in range(30)]
        await eventually(lambda: sum(task.done() for task in pressing) == 27)
        for task in pressing:
            if task.done():
                status, headers, problem = task.result()
                assert (status, problem["code"]) == (503, "too_busy")
                assert headers["retry-after"] in ("1", "2", "3")
        assert not stall.batches
        may_answer.set()
        answers = await asyncio.gather(*pressing)
        assert (await order(front))[0] == 201
    assert [status for status, _, _ in answers if status != 503] == [201] * 3


async def test_who_is_answered_at_once_keeps_a_place_until_the_outcome(nats: EmbeddedNats) -> None:
    """Or nothing would bound what is accepted beyond what inventory decides."""
    async with hall(nats, orders_under_way=2) as front:
        stall = Stall(front["orders"])
        stall.tells = None
        front["orders"].script = stall  # type: ignore[assignment]
        assert [(await order(front, Prefer="respond-async"))[0] for _ in range(3)] == [202, 202, 503]
        assert sum(map(len, stall.batches)) == 2  # none is asked about again
        stall.tells = "confirmed"
        await stall.tell([stall.document(each).order_id for batch in stall.batches for each in batch])

        async def is_free() -> bool:
            return (await order(front))[0] == 201

        await eventually(is_free)


async def order(front: Hall, **more: str) -> tuple[int, dict[str, str], dict[str, object]]:
    headers = {"Content-Type": "application/json", **more}
    async with front.http.post(f"{front.url}/api/orders", data=ONE, headers=headers) as answer:
        return answer.status, {k.lower(): v for k, v in answer.headers.items()}, await document(answer)
