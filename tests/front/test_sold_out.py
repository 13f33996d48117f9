"""The short cut: sold out is answered without orders, and never once a receipt was acknowledged."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import msgspec
import pytest

from markethall.front import system_live
from markethall.front.sold_out import KEPT_LINES
from markethall.local.nats import EmbeddedNats
from tests.front.neighbours import Hall, Shelf, Stall, document, get, hall
from tests.front.tokens import Issuer
from tests.support.machine import eventually

CUT = "markethall; hit; detail=sold-out"


@pytest.fixture(scope="module")
async def front(nats: EmbeddedNats) -> AsyncIterator[Hall]:
    async with hall(nats) as running:
        yield running


@pytest.fixture
async def stall(front: Hall) -> Stall:
    stall = Stall(front["orders"])
    front["orders"].script = stall  # type: ignore[assignment]
    return stall


_versions = iter(range(1, 1_000_000))


async def order(front: Hall, *skus: str, **headers: str) -> tuple[int, str | None, Any]:
    body = msgspec.json.encode({"lines": [{"sku": sku, "quantity": 2} for sku in skus]})
    sent = {"Content-Type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    async with front.http.post(f"{front.url}/api/orders", data=body, headers=sent) as answer:
        if answer.headers.get("Cache-Status"):
            assert "Location" not in answer.headers
        return answer.status, answer.headers.get("Cache-Status"), await document(answer)


async def sell_out(front: Hall, shelf: Shelf, sku: str) -> None:
    """From now on this front answers for it by itself, while it is told of signs of life."""
    await shelf.announce_stock(sku, 0, next(_versions))

    async def is_cut() -> bool:
        await shelf.pulse()
        return (await order(front, sku))[1] == CUT

    await eventually(is_cut)


async def test_sold_out_is_answered_without_orders(front: Hall, stall: Stall) -> None:
    shelf = Shelf(front)
    await sell_out(front, shelf, "GONE-1")
    stall.batches.clear()
    await shelf.announce_stock("FEW-1", 1, next(_versions))
    await shelf.pulse()
    status, cut, problem = await order(front, "GONE-1", "FEW-1")
    assert (status, cut, problem["code"], problem["order_id"]) == (409, CUT, "out_of_stock", None)
    assert problem["shortages"] == [
        {"sku": "GONE-1", "requested": 2, "available": 0},
        {"sku": "FEW-1", "requested": 2, "available": 1},
    ]
    assert not stall.batches
    await shelf.pulse()
    # Whether that exists, and what it costs, only orders knows.
    assert (await order(front, "GONE-1", "WHO-KNOWS"))[0] == 201
    assert stall.batches


async def test_each_refusal_is_its_own_though_many_say_the_same(front: Hall, stall: Stall) -> None:
    shelf = Shelf(front)
    await sell_out(front, shelf, "GONE-6")
    many = [f"MANY-{n}" for n in range(KEPT_LINES)]
    for n, sku in enumerate(many):
        await shelf.announce_stock(sku, n % 2, next(_versions))

    async def asked(skus: list[str], **headers: str) -> tuple[Mapping[str, str], Any]:
        await shelf.pulse()
        body = msgspec.json.encode({"lines": [{"sku": sku, "quantity": 2} for sku in skus]})
        sent = {"Content-Type": "application/json", **headers}
        async with front.http.post(f"{front.url}/api/orders", data=body, headers=sent) as answer:
            assert (answer.status, answer.headers["Cache-Status"]) == (409, CUT)
            return answer.headers, await document(answer)

    for skus in (["GONE-6"], [*many, "GONE-6"]):
        first, said = await asked(skus)
        named, again = await asked(skus, **{"X-Request-Id": "mine"})
        preferred, last = await asked(skus, Prefer="wait=2")
        with_cookie, most = await asked(skus, Cookie="theme=dark")
        assert said == again == last == most
        assert [short["sku"] for short in said["shortages"]] == skus
        assert (named["X-Request-Id"], preferred["Preference-Applied"]) == ("mine", "wait=2")
        assert len({each["X-Request-Id"] for each in (first, named, preferred, with_cookie)}) == 4
        assert "Preference-Applied" not in (await asked(skus))[0]
    await shelf.announce_stock("MANY-1", 0, next(_versions))
    _, said = await asked(["MANY-1", "GONE-6"])
    assert [short["available"] for short in said["shortages"]] == [0, 0]


async def test_who_was_refused_is_counted_though_no_order_was_made(
    front: Hall, stall: Stall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system_live, "FRESH_SECONDS", 0.0)
    issuer = Issuer()
    await issuer.announce(front["accounts"].bus)
    given = {"Authorization": f"Bearer {issuer.token('admin')}"}

    async def allowed() -> bool:
        return (await get(front, "/api/system/live", **given))[0] == 200

    async def refused() -> int:
        count: int = (await get(front, "/api/system/live", **given))[2]["cache"]["sold_out"]
        return count

    await eventually(allowed)
    before = await refused()
    await sell_out(front, Shelf(front), "GONE-9")
    assert await refused() == before + 1


async def test_a_keyed_order_and_one_for_what_is_left_go_to_orders(front: Hall, stall: Stall) -> None:
    shelf = Shelf(front)
    await sell_out(front, shelf, "GONE-2")
    await shelf.pulse()
    assert (await order(front, "GONE-2", Idempotency_Key="may belong to an order"))[0] == 201
    await shelf.pulse()
    assert (await order(front, "OTHER-2"))[0] == 201


async def test_without_signs_of_life_orders_is_asked(front: Hall, stall: Stall) -> None:
    shelf = Shelf(front)
    await sell_out(front, shelf, "GONE-3")

    async def is_asked() -> bool:
        return (await order(front, "GONE-3"))[0] == 201

    await eventually(is_asked)
    await shelf.pulse(age_seconds=0.3)
    await shelf.announce_stock("GONE-3", 0, next(_versions))
    assert (await order(front, "GONE-3"))[0] == 201, "a sign of life that was held up counts for nothing"


async def test_a_forged_token_is_not_told_about_stock(front: Hall, stall: Stall) -> None:
    """Without any key, front cannot tell; then orders decides."""
    shelf = Shelf(front)
    await sell_out(front, shelf, "GONE-4")
    await shelf.pulse()
    assert (await order(front, "GONE-4", Authorization="Bearer forged"))[1] is None


async def restock(shelf: Shelf, reply_to: str) -> None:
    await shelf.announce_stock("YO-YO", 5, next(_versions), reply_to=reply_to)


async def test_after_an_acknowledged_restock_nobody_is_refused(front: Hall, stall: Stall) -> None:
    """Orders pour in while stock comes and goes; signs of life never stop."""
    shelf = Shelf(front)
    stopped = asyncio.Event()

    async def live() -> None:
        while not stopped.is_set():
            await shelf.pulse()
            await asyncio.sleep(0.02)

    pulses = asyncio.create_task(live())
    try:
        for _ in range(10):
            await sell_out(front, shelf, "YO-YO")
            pressing = [asyncio.create_task(order(front, "YO-YO")) for _ in range(20)]
            heard = await shelf.acknowledged(
                lambda reply: shelf.announce_stock("YO-YO", 5, next(_versions), reply_to=reply)
            )
            assert heard
            assert [(await order(front, "YO-YO"))[0] for _ in range(5)] == [201] * 5
            await asyncio.gather(*pressing)
    finally:
        stopped.set()
        await pulses


async def test_what_was_sold_out_is_forgotten_with_the_bus(front: Hall, stall: Stall, nats: EmbeddedNats) -> None:
    shelf = Shelf(front)
    await sell_out(front, shelf, "GONE-5")
    await nats.stop()
    await nats.start()
    stall.tells = None

    async def pulses() -> bool:
        if not shelf.inventory.bus.connected:
            return False
        await shelf.pulse()
        return True

    await eventually(pulses)
    await shelf.pulse()
    status, cut, _ = await order(front, "GONE-5", Prefer="respond-async")
    assert (status, cut) == (202, None)
