"""What is told is told until the broker has it, in order, and is gone from there in the end."""

import asyncio
import itertools
import os
import signal
from datetime import UTC, datetime, timedelta

import pytest

from markethall.kit.mqtt import MqttPublisher, Retained
from markethall.local.nats import EmbeddedNats
from markethall.local.ports import free_port
from markethall.orders.devices.repository import STATUS as STATUS_SQL
from markethall.orders.fulfilment.status import Facts, status_of
from tests.orders.conftest import Hall
from tests.support.devices import CANCEL, PLACE, STATUS, new_key, order, told
from tests.support.machine import eventually, settings_for
from tests.support.mosquitto import Broker


async def test_the_status_of_the_statement_is_that_of_the_rule(hall: Hall) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    names = ("reserved_at", "rejected_at", "cancel_asked_at", "released_at", "fulfil_asked_at", "dispatched_at")
    for known in itertools.product((None, at), repeat=len(names)):
        facts = dict(zip(names, known, strict=True))
        columns = ", ".join(f"${number}::timestamptz AS {name}" for number, name in enumerate(names, 1))
        found = await hall.database.fetchval(f"SELECT {STATUS_SQL} FROM (SELECT {columns}) AS o", *known)
        assert found == status_of(Facts(at, **facts))


async def test_a_status_never_goes_back(hall: Hall, device: Broker) -> None:
    sku, keys = await hall.sell(), [new_key() for _ in range(20)]
    rank = {"pending": 0, "confirmed": 1, "cancelled": 2}
    async with device.subscribed(STATUS + "#") as heard:

        async def buy_and_cancel(key: str) -> None:
            await device.publish(PLACE, order(key, (sku, 1)))
            first = await told(heard, key)
            await device.publish(CANCEL, {"order_id": first["order_id"]})
            await told(heard, key, status="cancelled")

        await asyncio.gather(*(buy_and_cancel(key) for key in keys))
        for key in keys:
            ranks = [rank[document["status"]] for document in heard.payloads(STATUS + key)]
            assert ranks == sorted(ranks)
    async with device.subscribed(STATUS + "#") as later:
        await eventually(lambda: all(later.last(STATUS + key).get("status") == "cancelled" for key in keys))


async def test_a_last_word_is_not_retained_for_ever(hall: Hall, device: Broker) -> None:
    sku, ended, open_, refused = await hall.sell(), new_key(), new_key(), new_key()
    async with device.subscribed(STATUS + "#") as heard:
        for key in (ended, open_):
            await device.publish(PLACE, order(key, (sku, 1)))
            await told(heard, key, status="confirmed")
        await device.publish(CANCEL, {"order_id": heard.last(STATUS + ended)["order_id"]})
        await told(heard, ended, status="cancelled")
        await device.publish(PLACE, order(refused))
        await told(heard, refused, reason="empty_order")
        told_at = datetime.now(UTC) - timedelta(days=8)
        keys = [ended, open_, refused]
        await eventually(lambda: all_told(hall, keys))
        await hall.database.execute("UPDATE device_orders SET told_at = $1 WHERE key = ANY($2)", told_at, keys)
        for key in (ended, refused):
            await eventually(lambda key=key: heard.payloads(STATUS + key)[-1] is None)
    async with device.subscribed(STATUS + "#") as later:
        await told(later, open_, status="confirmed")
        assert not later.payloads(STATUS + ended)
        assert not later.payloads(STATUS + refused)
    kept = await hall.database.fetch("SELECT key FROM device_orders WHERE key = ANY($1)", keys)
    assert [row["key"] for row in kept] == [open_]


async def all_told(hall: Hall, keys: list[str]) -> bool:
    query = "SELECT count(*) FROM device_orders WHERE key = ANY($1) AND told IS NOT NULL AND leased_until IS NULL"
    return bool(await hall.database.fetchval(query, keys) == len(keys))


TOPIC = f"{STATUS}nobody"


async def test_nothing_was_sent_where_nobody_takes_the_connection(nats: EmbeddedNats) -> None:
    publisher = MqttPublisher(settings_for("orders", "", nats, mqtt_url=f"mqtt://127.0.0.1:{free_port()}"))
    with pytest.raises(ConnectionError):
        await publisher.publish([Retained(TOPIC, b"")])


async def test_a_broker_that_falls_silent_leaves_a_doubt(nats: EmbeddedNats) -> None:
    """What was sent may still arrive; a broker that comes back is connected to anew."""
    publisher = MqttPublisher(settings_for("orders", "", nats))
    try:
        [first] = await publisher.publish([Retained(TOPIC, b"")])
        os.kill(nats.pid, signal.SIGSTOP)
        try:
            [second] = await publisher.publish([Retained(TOPIC, b"")])
        finally:
            os.kill(nats.pid, signal.SIGCONT)
        [third] = await publisher.publish([Retained(TOPIC, b"")])
        assert [one.acknowledged for one in (first, second, third)] == [True, False, True]
        assert [one.doubtful for one in (first, second, third)] == [False, True, False]
    finally:
        await publisher.close()


async def test_a_server_that_is_away_is_passed_over(nats: EmbeddedNats) -> None:
    assert nats.mqtt is not None
    urls = f"mqtt://127.0.0.1:{free_port()},mqtt://{nats.mqtt.address}"
    publisher = MqttPublisher(settings_for("orders", "", nats, mqtt_url=urls))
    try:
        [outcome] = await publisher.publish([Retained(TOPIC, b"")])
        assert outcome.acknowledged
    finally:
        await publisher.close()
