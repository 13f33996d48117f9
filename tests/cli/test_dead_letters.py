"""`markethall dead-letters` on a running shop."""

import json
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import nats
import pytest

from markethall.cli.exits import Exit
from markethall.cli.payloads import readable
from markethall.contracts.messages import OrdersCancelled, StockSettled
from markethall.contracts.topology import DEAD, INVENTORY_ORDERS, ORDERS_CANCELLED, ORDERS_PLACED, STOCK_SETTLED
from markethall.kit.dead_letters import REASON, SUBJECT, DeadLetters, NotToBeSaid
from markethall.local.shop import LocalShop
from tests.support.bus import operator
from tests.support.client import AdminClient, Client
from tests.support.machine import eventually
from tests.support.shop import Shop, running_shop

GARBAGE = b"\xc1 not msgpack"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with running_shop(tmp_path_factory.mktemp("letters") / "data", "--no-demo") as shop:
        yield shop


def asked(shop: Shop, *arguments: str, expect: Exit = Exit.DONE) -> Any:
    done = run(shop, *arguments, "--json", expect=expect)
    return json.loads(done.stdout or done.stderr)


def run(shop: Shop, *arguments: str, expect: Exit = Exit.DONE) -> subprocess.CompletedProcess[str]:
    done = shop.run("dead-letters", *arguments, "--data", str(shop.data))
    assert done.returncode == expect, done.stdout + done.stderr
    return done


async def say(shop: Shop, subject: str, payload: bytes) -> None:
    """As orders would."""
    client = await nats.connect(LocalShop(shop.data).bus_url("orders"), inbox_prefix="_INBOX_orders")
    await client.jetstream().publish(subject, payload)
    await client.close()


async def set_aside(shop: Shop, subject: str, payload: bytes, consumer: str = INVENTORY_ORDERS.name) -> int:
    """As a consumer would; its number."""
    async with operator(shop) as client:
        headers = {SUBJECT: subject, REASON: "for the test"}
        return (await client.jetstream().publish(DEAD + consumer, payload, headers=headers)).seq


def numbers(shop: Shop) -> list[int]:
    return [item["number"] for item in asked(shop, "list")["items"]]


async def test_what_cannot_be_read_is_seen_sent_again_comes_back_and_is_deleted(shop: Shop) -> None:
    await say(shop, ORDERS_PLACED, GARBAGE)
    await eventually(lambda: numbers(shop), seconds=30)
    [letter] = asked(shop, "list")["items"]
    assert (letter["consumer"], letter["subject"], letter["bytes"]) == ("inventory", ORDERS_PLACED, len(GARBAGE))
    assert letter["reason"].startswith("unreadable")
    number = str(letter["number"])
    assert asked(shop, "show", number)["payload"] == {"hex": GARBAGE.hex(), "bytes": len(GARBAGE)}
    for word in (number, ORDERS_PLACED, "inventory", "unreadable"):
        assert word in run(shop, "list").stdout
        assert word in run(shop, "show", number).stdout
    assert asked(shop, "resend", number) == {"resent": [letter["number"]], "kept": []}
    await eventually(lambda: numbers(shop) not in ([], [letter["number"]]), seconds=30)
    [again] = numbers(shop)
    assert asked(shop, "delete", str(again)) == {"deleted": [again], "kept": []}
    assert "No dead letters" in run(shop, "list").stdout


async def test_what_can_be_applied_now_is_applied(shop: Shop) -> None:
    async with AdminClient(shop) as shopkeeper, Client(shop.url) as buyer:
        [sku] = await shopkeeper.product(5)
        order = (await buyer.order({sku: 2})).ok(201)
        assert (await shopkeeper.stock(sku))["reserved"] == 2
        # A cancellation that orders never asked for: only to see inventory apply what was sent again.
        cancelled = msgspec.msgpack.encode(OrdersCancelled([uuid.UUID(order["id"]).bytes]))
        number = await set_aside(shop, ORDERS_CANCELLED, cancelled)
        assert asked(shop, "show", str(number))["payload"] == {"message": "OrdersCancelled", "order_ids": [order["id"]]}
        assert asked(shop, "resend", "--all") == {"resent": [number], "kept": []}

        async def given_back() -> bool:
            return (await shopkeeper.stock(sku))["reserved"] == 0

        await eventually(given_back, seconds=30)
    assert numbers(shop) == []


async def test_nothing_is_said_that_its_consumer_does_not_hear(shop: Shop) -> None:
    """A part may write any subject on a dead letter; the operator, who sends it again, may say everything."""
    number = await set_aside(shop, "$JS.API.STREAM.DELETE.ORDERS", b"")
    answer = asked(shop, "resend", str(number), expect=Exit.REFUSED)
    assert answer["resent"] == []
    assert "hears nothing on" in answer["kept"][0]["reason"]
    async with operator(shop) as client:
        letters = DeadLetters(client)
        for subject in (STOCK_SETTLED, "-", "orders.>", "orders."):
            letter = await letters.get(await set_aside(shop, subject, b""))
            with pytest.raises(NotToBeSaid):
                await letters.resend(letter)
        assert await letters.count() == 5
        async for letter in letters.all():
            await letters.delete(letter)
        assert (await client.jetstream().stream_info("ORDERS")).config.name == "ORDERS"


async def test_mistakes_are_named(shop: Shop, tmp_path: Path) -> None:
    for number in ("99999", str(2**64 - 1), str(2**64), "9" * 23, "0"):
        for command in ("show", "resend", "delete"):
            assert f"no dead letter {number}" in run(shop, command, number, expect=Exit.ABSENT).stderr
    assert "by number" in run(shop, "resend", expect=Exit.USAGE).stderr
    nowhere = shop.run("dead-letters", "list", "--data", str(tmp_path))
    assert nowhere.returncode == Exit.UNREACHABLE
    assert "there is no shop in" in nowhere.stderr
    for url in ("nats://127.0.0.1:1", LocalShop(shop.data).bus_url().replace("operator:", "operator:not")):
        refused = shop.run("dead-letters", "list", "--bus-url", url)
        assert refused.returncode == Exit.UNREACHABLE
        assert refused.stderr.startswith("markethall: the bus does not answer")
        assert "Traceback" not in refused.stderr
    elsewhere = shop.run("dead-letters", "list", "--bus-url", LocalShop(shop.data).bus_url(), "--json")
    assert json.loads(elsewhere.stdout) == {"count": 0, "items": []}


async def test_the_list_ends_where_it_is_told_to(shop: Shop) -> None:
    all_of_them = [await set_aside(shop, ORDERS_CANCELLED, b"") for _ in range(5)]
    assert "3 more" in run(shop, "list", "--limit", "2").stdout
    assert asked(shop, "delete", "--all") == {"deleted": all_of_them, "kept": []}


def test_payloads_are_shown_as_far_as_they_can_be_read() -> None:
    order = uuid.uuid4()
    settled = msgspec.msgpack.encode(StockSettled([order.bytes], [True], [1]))
    assert readable(STOCK_SETTLED, settled)["order_ids"] == [str(order)]
    assert readable("$MQTT.msgs.markethall.orders.place", b'{"key": 1}') == {"key": 1}
    assert readable("unknown", msgspec.msgpack.encode({"id": order.bytes})) == {"id": str(order)}
    assert readable("unknown", b"\xff") == {"hex": "ff", "bytes": 1}
    assert readable("unknown", msgspec.msgpack.encode([msgspec.msgpack.Ext(5, b"x")])) == [{"code": 5, "data": "78"}]
