"""Requests by the clock to somebody who cannot answer them all."""

import asyncio
import uuid
from time import monotonic

from markethall.bench import acknowledged
from markethall.bench.load import flood
from markethall.bench.load.flood import BARE, BROKEN, REFUSED, UNASKED, Flooded
from markethall.bench.load.requests import request
from markethall.local.shop import LocalShop
from tests.bench.server import ORDER, Heard, listening
from tests.support.client import AdminClient, Client
from tests.support.shop import Shop


async def flooded(heard: Heard, *paths: str, connections: int = 20, rate: float = 200) -> Flooded:
    prepared = [request("POST", heard.address + path, body={}, keyed=True) for path in paths]
    begins_at = monotonic() + flood.START_SECONDS
    return await flood.run(
        heard.address, prepared, rate=rate, seconds=1.0, connections=connections, processes=2, begins_at=begins_at
    )


async def test_each_that_is_due_is_sent_once_and_told_by_kind() -> None:
    async with listening() as heard:
        told = await flooded(heard, "/yes", "/no")
    assert told.sent == len(heard.asked) == len(set(heard.keys)) == 200
    assert told.counts == {"201": 100, "503" + BARE: 100}
    assert told.unsent == told.unanswered == 0
    assert not told.odd


async def test_all_that_is_due_is_sent_or_told() -> None:
    async with listening() as heard:
        told = await flooded(heard, "/yes", connections=2, rate=5000)
    assert told.sent + told.unsent == 5000
    assert told.sent == told.counts["201"]


async def test_what_is_due_while_all_connections_are_busy_is_not_sent_and_counted() -> None:
    class Waiting(Heard):
        def __init__(self) -> None:
            super().__init__()
            self.may_answer = asyncio.Event()

        async def pause(self) -> None:
            await self.may_answer.wait()

    async with listening(waiting := Waiting()) as heard:
        flooding = asyncio.create_task(flooded(heard, "/yes", connections=4))
        await asyncio.wait([flooding], timeout=flood.START_SECONDS + 1.5)
        waiting.may_answer.set()
        told = await flooding
    assert (told.sent, told.unsent) == (4, 196)
    assert told.counts == {"201": 4}
    assert told.in_time.get("201", 0) == 0


async def test_connections_that_break_are_counted_and_opened_again() -> None:
    async with listening() as heard:
        told = await flooded(heard, "/cut", "/half", "/yes", connections=4)
    assert told.sent > 20 * 4
    assert told.counts[BROKEN] > 10 * 4
    assert told.counts["201"] > 5 * 4
    assert sum(told.counts.values()) == told.sent


async def test_an_answer_is_one_however_it_comes() -> None:
    async with listening() as heard:
        told = await flooded(heard, "/pieces", "/large")
    assert told.counts == {"201": 100, "200": 100}
    assert not told.odd


async def test_orders_are_told_by_their_ids() -> None:
    async with listening() as heard:
        told = await flooded(heard, "/placed")
    assert told.orders["201"] == [ORDER] * 200


async def test_one_answer_too_many_is_told() -> None:
    async with listening() as heard:
        told = await flooded(heard, "/twice", "/yes")
    assert 0 < told.odd[UNASKED] <= 100


async def test_whoever_refuses_connections_later_is_told_of() -> None:
    class Leaving(Heard):
        async def pause(self) -> None:
            if len(self.asked) == 100:
                self.leave()

    async with listening(Leaving()) as heard:
        told = await flooded(heard, "/yes", connections=4)
    assert told.odd[REFUSED] > 0
    assert told.sent + told.unsent == 200
    assert told.unsent > 0


async def test_an_order_that_was_told_and_is_not_there_is_found(shop: Shop) -> None:
    async with AdminClient(shop) as shopkeeper, Client(shop.url) as buyer:
        [sku] = await shopkeeper.product(1)
        bought = (await buyer.order({sku: 1})).ok(201)["id"]
        short = (await buyer.order({sku: 1})).ok(409)["order_id"]
    dsn = LocalShop(shop.data).dsn("orders")
    assert await acknowledged.lost(dsn, [bought], [bought, short]) == (0, 0)
    assert await acknowledged.lost(dsn, [bought, bought, short], [str(uuid.uuid4())]) == (2, 1)
