"""`POST /internal/carts/lines`: a batch from front, in which each line stands for itself."""

import asyncio
import uuid
from typing import Any

import msgspec
import pytest

from markethall.contracts.internal import SET_LINES_PATH, CartDocument, SetLine, SetLines, SetLinesAnswer
from markethall.kit.db import Database
from markethall.local.nats import EmbeddedNats
from markethall.orders.cart import setting
from markethall.orders.cart.setting import MAX_LINES_HERE, LineToSet, set_lines
from tests.orders.conftest import Hall
from tests.support.machine import eventually, settings_for


def line(cart_id: str, sku: str, quantity: int = 1, token: str | None = None) -> SetLine:
    return SetLine(uuid.UUID(cart_id).bytes, sku, quantity, token)


async def batch(hall: Hall, *lines: SetLine, replica: int = 0) -> list[CartDocument | None]:
    answer = await hall.call(
        "POST",
        SET_LINES_PATH,
        msgspec.msgpack.encode(SetLines(list(lines))),
        headers={"Content-Type": "application/msgpack"},
        replica=replica,
    )
    assert answer.status == 200
    return msgspec.msgpack.decode(answer.body, type=SetLinesAnswer).carts


async def new_cart(hall: Hall, user: uuid.UUID | None = None) -> str:
    headers = hall.accounts.bearer(user) if user is not None else None
    cart_id: str = (await hall.call("POST", "/api/carts", headers=headers)).body["id"]
    return cart_id


async def show(hall: Hall, cart_id: str, user: uuid.UUID | None = None) -> Any:
    headers = hall.accounts.bearer(user) if user is not None else None
    return (await hall.call("GET", f"/api/carts/{cart_id}", headers=headers)).body


async def test_each_cart_is_answered_as_it_is_shown_then(hall: Hall) -> None:
    owner = uuid.uuid4()
    first, second, third = await hall.sell(100, size="S"), await hall.sell(30, colour='"red"'), await hall.sell(5)
    guests, owners = await new_cart(hall), await new_cart(hall, owner)
    for sku in (third, first):
        assert None not in await batch(hall, line(guests, sku, 2))
    answered = await batch(
        hall, line(owners, second, 9999, hall.accounts.token(owner)), line(guests, first, 7), line(guests, second, 3)
    )
    assert answered[2] is None, "a cart takes one line a batch"
    shown = [await show(hall, owners, owner), await show(hall, guests)]
    assert [msgspec.json.decode(one.body) for one in answered[:2] if one is not None] == shown
    assert [(one["sku"], one["quantity"]) for one in shown[1]["lines"]] == [(third, 2), (first, 7)]
    assert [one["version"] for one in shown] == [2, 4]
    assert answered[1] is not None
    assert answered[1].skus == [third, first]
    await batch(hall, line(guests, second, 1))
    assert [one["sku"] for one in (await show(hall, guests))["lines"]] == [third, first, second]


async def test_what_is_no_longer_sold_stays_with_none_available(hall: Hall) -> None:
    gone, sold = await hall.sell(55), await hall.sell(5)
    cart_id = await new_cart(hall)
    await batch(hall, line(cart_id, gone))
    await hall.withdraw(gone)
    (answered,) = await batch(hall, line(cart_id, sold))
    assert answered is not None
    assert answered.skus == [sold]
    assert msgspec.json.decode(answered.body) == await show(hall, cart_id)
    assert await batch(hall, line(cart_id, gone, 2)) == [None]


async def test_whoever_has_to_be_told_something_is_left_alone(hall: Hall) -> None:
    sku, withdrawn = await hall.sell(), await hall.sell()
    await hall.withdraw(withdrawn)
    owner, other = uuid.uuid4(), uuid.uuid4()
    guests, owners, claimed = await new_cart(hall), await new_cart(hall, owner), await new_cart(hall)
    await hall.call("POST", f"/api/carts/{claimed}/claim", headers=hall.accounts.bearer(other))
    before = [await show(hall, guests), await show(hall, owners, owner)]
    refused = [
        line(owners, sku),
        line(owners, sku, token=hall.accounts.token(other)),
        line(owners, sku, token=hall.accounts.token(owner, lifetime_seconds=-10)),
        line(owners, sku, token="forged"),
        line(guests, sku, token="forged"),
        line(str(uuid.uuid4()), sku),
        line(claimed, sku),
        line(claimed, sku, token=hall.accounts.token(other)),
        SetLine(b"short", sku, 1),
        line(guests, "NO-SUCH"),
        line(guests, withdrawn),
        line(guests, "a\0b"),
        line(guests, "x" * 300),
        line(guests, sku, 0),
        line(guests, sku, 10_000),
        line(guests, sku, 1 << 40),
    ]
    for one in refused:
        assert await batch(hall, one) == [None], one
    assert [await show(hall, guests), await show(hall, owners, owner)] == before
    assert await batch(hall) == []


async def test_a_large_cart_is_left_to_the_public_route(hall: Hall) -> None:
    skus = await hall.sell_many(MAX_LINES_HERE + 1)
    cart_id = await new_cart(hall)
    await hall.database.execute(
        "INSERT INTO cart_lines (cart_id, sku, quantity) SELECT $1, sku, 1 FROM unnest($2::text[]) AS sku",
        uuid.UUID(cart_id),
        skus[: MAX_LINES_HERE - 1],
    )
    (taken,) = await batch(hall, line(cart_id, skus[-2]))
    assert taken is not None
    assert len(msgspec.json.decode(taken.body)["lines"]) == MAX_LINES_HERE
    assert await batch(hall, line(cart_id, skus[-1])) == [None]


async def test_a_cart_that_is_locked_holds_nobody_up(hall: Hall) -> None:
    sku = await hall.sell()
    held, free = await new_cart(hall), await new_cart(hall)
    async with hall.database.acquire() as connection, connection.transaction():
        await connection.execute("SELECT FROM carts WHERE id = $1 FOR UPDATE", uuid.UUID(held))
        answered = await batch(hall, line(held, sku), line(free, sku))
        assert [one is not None for one in answered] == [False, True]
    assert (await show(hall, held))["lines"] == []


async def test_batches_and_single_requests_for_the_same_carts_at_once_are_all_kept(hall: Hall) -> None:
    skus = [await hall.sell() for _ in range(6)]
    carts = [await new_cart(hall) for _ in range(5)]

    async def set_in_all(number: int, sku: str) -> None:
        order = carts if number % 2 else carts[::-1]
        answered = await batch(hall, *(line(cart_id, sku) for cart_id in order), replica=number)
        for cart_id, one in zip(order, answered, strict=True):
            if one is None:
                path = f"/api/carts/{cart_id}/lines/{sku}"
                assert (await hall.call("PUT", path, {"quantity": 1}, replica=number)).status == 200

    await asyncio.gather(*(set_in_all(number, sku) for number, sku in enumerate(skus)))
    for cart_id in carts:
        cart = await show(hall, cart_id)
        assert {one["sku"] for one in cart["lines"]} == set(skus)
        assert cart["version"] == 1 + len(skus)


async def test_a_cart_changed_after_the_statement_began_is_left_to_the_public_route(
    hall: Hall, orders_database: str, nats: EmbeddedNats, monkeypatch: pytest.MonkeyPatch
) -> None:
    guarded = setting.SET_LINES
    unguarded = guarded.replace(" AND seen.version = free.version", "")
    assert unguarded != guarded
    # Without the guard the line is set, and the answer lacks what the other one has put there meanwhile.
    answered, now = await overtaken(hall, orders_database, nats, monkeypatch, unguarded)
    assert answered is not None
    assert (len(answered.lines), len(now["lines"])) == (1, 2)
    answered, now = await overtaken(hall, orders_database, nats, monkeypatch, guarded)
    assert answered is None
    assert (len(now["lines"]), now["version"]) == (1, 2)


async def overtaken(
    hall: Hall, url: str, nats: EmbeddedNats, monkeypatch: pytest.MonkeyPatch, statement: str
) -> tuple[Any, Any]:
    """What the statement answers, and the cart, where another line is set after it began and before it locks."""
    given = "FROM unnest("
    assert given in statement
    paused = statement.replace(given, "FROM (SELECT pg_advisory_xact_lock(4711)) AS pause, unnest(", 1)
    monkeypatch.setattr(setting, "SET_LINES", paused)
    mine, theirs = await hall.sell(), await hall.sell()
    cart_id = await new_cart(hall)

    async def set_mine() -> Any:
        async with Database(settings_for("orders", url, nats)) as database, database.single() as connection:
            filled = await set_lines(connection, [LineToSet(uuid.UUID(cart_id), mine, 1, None)])
            return filled.get(uuid.UUID(cart_id))

    async def is_paused() -> bool:
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        return bool(await hall.database.fetchval(waiting))

    async with hall.database.acquire() as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(4711)")
        setting_mine = asyncio.create_task(set_mine())
        await eventually(is_paused)
        assert (await hall.call("PUT", f"/api/carts/{cart_id}/lines/{theirs}", {"quantity": 1})).status == 200
    return await setting_mine, await show(hall, cart_id)
