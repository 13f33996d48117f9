"""A key that was used over HTTP, without a token, and over MQTT is one order: the topic's last word is its status."""

import asyncio

from tests.orders.conftest import Answer, Hall
from tests.support.devices import CANCEL, PLACE, STATUS, new_key, order, told
from tests.support.machine import eventually
from tests.support.mosquitto import Broker


async def retained(device: Broker, key: str) -> dict[str, object]:
    async with device.subscribed(STATUS + key) as later:
        await eventually(lambda: later.messages)
        assert later.messages[0]["retain"] == 1
        [document] = later.payloads(STATUS + key)
        return dict(document or {})


async def ordered(hall: Hall, key: str, sku: str) -> Answer:
    bought = await hall.buy((sku, 1), headers={"Idempotency-Key": key, "Prefer": "wait=10"})
    assert bought.status == 201
    return bought


async def test_a_key_that_was_used_over_http_is_not_retained_as_rejected(hall: Hall, device: Broker) -> None:
    sku = await hall.sell()
    for quantity, reason in ((2, "idempotency_key_reused"), (0, "invalid")):
        key = new_key()
        bought = await ordered(hall, key, sku)
        async with device.subscribed(STATUS + key) as heard:
            await device.publish(PLACE, order(key, (sku, quantity)))
            refused = await told(heard, key, reason=reason)
            assert (refused["status"], refused["order_id"]) == ("rejected", None)
        last = await retained(device, key)
        assert (last["status"], last["order_id"]) == ("confirmed", bought.body["id"])


async def test_an_order_over_http_takes_back_what_was_refused_before(hall: Hall, device: Broker) -> None:
    sku = await hall.sell()
    for quantity, reason in ((0, "invalid"), (None, "empty_order")):
        key = new_key()
        async with device.subscribed(STATUS + key) as heard:
            await device.publish(PLACE, order(key, *([] if quantity is None else [(sku, quantity)])))
            await told(heard, key, reason=reason)
            bought = await ordered(hall, key, sku)
            confirmed = await told(heard, key, status="confirmed")
            assert confirmed["order_id"] == bought.body["id"]
            assert await retained(device, key) == confirmed
            # It is the device's order from now on, as if it had placed it.
            await device.publish(CANCEL, {"order_id": confirmed["order_id"]})
            await told(heard, key, status="cancelled")
            refusals = [document for document in heard.payloads(STATUS + key) if document["reason"] == reason]
            assert len(refusals) == 1
        assert (await retained(device, key))["status"] == "cancelled"


async def test_a_refusal_that_is_told_while_the_order_commits_is_taken_back(hall: Hall, device: Broker) -> None:
    sku, key = await hall.sell(), new_key()
    async with device.subscribed(STATUS + key) as heard, hall.database.acquire() as connection:
        # The order is inserted, and does not get to its commit before the refusal is on the topic.
        async with connection.transaction():
            await connection.execute("LOCK TABLE outbox IN SHARE MODE")
            bought = asyncio.create_task(hall.buy((sku, 1), headers={"Idempotency-Key": key, "Prefer": "wait=10"}))
            await eventually(lambda: waits_for_the_outbox(hall))
            await device.publish(PLACE, order(key, (sku, 0)))
            await told(heard, key, reason="invalid")
            assert not bought.done()
        assert (await bought).status == 201
        confirmed = await told(heard, key, status="confirmed")
    assert await retained(device, key) == confirmed


async def waits_for_the_outbox(hall: Hall) -> bool:
    query = "SELECT count(*) FROM pg_locks WHERE relation = 'outbox'::regclass AND NOT granted"
    return bool(await hall.database.fetchval(query))


async def test_whoever_is_first_the_order_is_the_last_word(hall: Hall, device: Broker) -> None:
    sku, keys = await hall.sell(), [new_key() for _ in range(12)]
    async with device.subscribed(STATUS + "#") as heard:

        async def both(number: int, key: str) -> None:
            refused = device.publish(PLACE, order(key, (sku, 0 if number % 2 else 2)))
            await asyncio.gather(refused, hall.buy((sku, 1), headers={"Idempotency-Key": key}, replica=number))

        await asyncio.gather(*(both(number, key) for number, key in enumerate(keys)))
        for key in keys:
            await told(heard, key, status="confirmed")
    async with device.subscribed(STATUS + "#") as later:
        for key in keys:
            await told(later, key, status="confirmed")
