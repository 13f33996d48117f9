"""Orders that devices place and cancel, and what they are told."""

import uuid

import pytest

from markethall.contracts.topology import DEVICE_CANCEL, MQTT_MESSAGES
from tests.orders.conftest import Hall
from tests.orders.devices.conftest import DeadLetters
from tests.support.devices import CANCEL, PLACE, STATUS, new_key, order, told
from tests.support.machine import eventually
from tests.support.mosquitto import Broker


async def test_an_order_is_placed_and_its_device_told_at_every_change(hall: Hall, device: Broker) -> None:
    sku, key = await hall.sell(250), new_key()
    async with device.subscribed(STATUS + key) as heard:
        assert await device.publish(PLACE, order(key, (sku, 2))) == 0
        confirmed = await told(heard, key, status="confirmed")
        assert confirmed == {
            "key": key,
            "order_id": confirmed["order_id"],
            "number": confirmed["number"],
            "status": "confirmed",
            "total": {"amount": 500, "currency": "EUR"},
            "reason": None,
        }
        stored = await hall.order(confirmed["order_id"])
        assert (stored["number"], stored["status"]) == (confirmed["number"], "confirmed")
        assert await device.publish(CANCEL, {"order_id": confirmed["order_id"]}) == 0
        cancelled = await told(heard, key, status="cancelled")
        assert cancelled == confirmed | {"status": "cancelled", "reason": "cancelled_on_request"}
    await hall.has_status(confirmed["order_id"], "cancelled")


async def test_what_is_short_is_told(hall: Hall, device: Broker) -> None:
    sku, key = await hall.sell(), new_key()
    hall.inventory.stock[sku] = 1
    async with device.subscribed(STATUS + "#") as heard:
        await device.publish(PLACE, order(key, (sku, 2)))
        document = await told(heard, key, status="rejected")
        assert document["reason"] == "out_of_stock"
        assert document["order_id"]


async def test_a_device_that_comes_later_hears_the_last_word(hall: Hall, device: Broker) -> None:
    sku, key = await hall.sell(), new_key()
    async with device.subscribed(STATUS + key) as heard:
        await device.publish(PLACE, order(key, (sku, 1)))
        first = await told(heard, key, status="confirmed")
    async with device.subscribed(STATUS + key) as later:
        await eventually(lambda: later.messages)
        assert later.messages[0]["retain"] == 1
        assert later.payloads(STATUS + key) == [first]


async def test_a_change_made_over_http_is_told(hall: Hall, device: Broker) -> None:
    sku, key = await hall.sell(), new_key()
    async with device.subscribed(STATUS + key) as heard:
        await device.publish(PLACE, order(key, (sku, 1)))
        placed = await told(heard, key, status="confirmed")
        await fulfil(hall, placed["order_id"])
        assert await told(heard, key, status="fulfilled") == placed | {"status": "fulfilled"}


async def test_the_same_key_is_the_same_order_over_mqtt_and_http(hall: Hall, device: Broker) -> None:
    sku = await hall.sell()
    first, second = new_key(), new_key()
    by_http = await hall.buy((sku, 1), headers={"Idempotency-Key": first})
    assert by_http.status == 201
    async with device.subscribed(STATUS + "#") as heard:
        await device.publish(PLACE, order(first, (sku, 1)))
        assert (await told(heard, first, status="confirmed"))["order_id"] == by_http.body["id"]
        await device.publish(PLACE, order(second, (sku, 3)))
        by_mqtt = await told(heard, second, status="confirmed")
    repeated = await hall.buy((sku, 3), headers={"Idempotency-Key": second}, replica=1)
    assert (repeated.status, repeated.body["id"]) == (201, by_mqtt["order_id"])


async def test_a_repeat_makes_no_other_order_and_is_told_again(hall: Hall, device: Broker) -> None:
    sku, key = await hall.sell(), new_key()
    async with device.subscribed(STATUS + key) as heard:
        await device.publish(PLACE, order(key, (sku, 1)))
        first = await told(heard, key, status="confirmed")
        before = len(heard.messages)
        await device.publish(PLACE, order(key, (sku, 1)))
        await eventually(lambda: len(heard.messages) > before, seconds=30)
        assert heard.last(STATUS + key) == first
    orders = await hall.database.fetchval("SELECT count(*) FROM orders WHERE lines @> $1", f'[{{"sku": "{sku}"}}]')
    assert orders == 1


async def test_a_key_used_for_another_order_is_refused_and_hides_nothing(hall: Hall, device: Broker) -> None:
    sku, key = await hall.sell(), new_key()
    async with device.subscribed(STATUS + key) as heard:
        await device.publish(PLACE, order(key, (sku, 1)))
        first = await told(heard, key, status="confirmed")
        await device.publish(PLACE, order(key, (sku, 2)))
        assert await told(heard, key, reason="idempotency_key_reused") == {
            "key": key,
            "order_id": None,
            "number": None,
            "status": "rejected",
            "total": None,
            "reason": "idempotency_key_reused",
        }
    async with device.subscribed(STATUS + key) as later:
        await eventually(lambda: later.messages)
        assert later.payloads(STATUS + key) == [first]


@pytest.mark.parametrize(
    ("lines", "reason"), [([("NO-SUCH", 1)], "unknown_sku"), ([], "empty_order")], ids=["unknown", "empty"]
)
async def test_a_refusal_is_told_and_no_dead_letter(
    hall: Hall, device: Broker, letters: DeadLetters, lines: list[tuple[str, int]], reason: str
) -> None:
    key = new_key()
    async with device.subscribed(STATUS + key) as heard:
        await device.publish(PLACE, order(key, *lines))
        assert (await told(heard, key, reason=reason))["order_id"] is None
        assert await letters.count() == 0
        # The key is still free: nothing was ordered with it.
        await device.publish(PLACE, order(key, (await hall.sell(), 1)))
        await told(heard, key, status="confirmed")
    async with device.subscribed(STATUS + key) as later:
        await eventually(lambda: later.messages)
        assert later.last(STATUS + key)["status"] == "confirmed"


async def test_a_fulfilled_order_is_not_cancelled_and_the_device_told(hall: Hall, device: Broker) -> None:
    sku, key = await hall.sell(), new_key()
    async with device.subscribed(STATUS + key) as heard:
        await device.publish(PLACE, order(key, (sku, 1)))
        placed = await told(heard, key, status="confirmed")
        await fulfil(hall, placed["order_id"])
        await device.publish(CANCEL, {"order_id": placed["order_id"]})
        expected = placed | {"status": "fulfilled", "reason": "not_cancellable"}
        assert await told(heard, key, reason="not_cancellable") == expected


async def test_a_users_order_is_out_of_a_devices_reach(hall: Hall, device: Broker, letters: DeadLetters) -> None:
    sku, user = await hall.sell(), hall.accounts.bearer(uuid.uuid4())
    bought = await hall.buy((sku, 1), headers=user)
    assert bought.status == 201
    for order_id in (bought.body["id"], str(uuid.uuid4()), "no-id"):
        await device.publish(CANCEL, {"order_id": order_id})
        letter = await letters.next()
        assert (letter.code, letter.subject) == ("not_found", MQTT_MESSAGES + DEVICE_CANCEL)
    assert (await hall.order(bought.body["id"], user))["status"] == "confirmed"


async def test_a_guests_order_from_elsewhere_is_cancelled_by_its_id(
    hall: Hall, device: Broker, letters: DeadLetters
) -> None:
    bought = await hall.buy((await hall.sell(), 1))
    await device.publish(CANCEL, {"order_id": bought.body["id"]})
    await hall.has_status(bought.body["id"], "cancelled")
    assert await letters.count() == 0


async def test_qos_0_and_other_topics_are_heard_by_nobody(hall: Hall, device: Broker) -> None:
    sku, key, marker = await hall.sell(), new_key(), new_key()
    async with device.subscribed(STATUS + "#") as heard:
        await device.publish(PLACE, order(key, (sku, 1)), qos=0)
        await device.publish("markethall/orders/placed", order(key, (sku, 1)))
        await device.publish(PLACE, order(marker, (sku, 1)))
        await told(heard, marker, status="confirmed")
        assert not heard.payloads(STATUS + key)
    assert await hall.database.fetchval("SELECT count(*) FROM device_orders WHERE key = $1", key) == 0


async def fulfil(hall: Hall, order_id: str) -> None:
    admin = hall.accounts.bearer(uuid.uuid4(), "admin")
    answer = await hall.call("POST", f"/api/orders/{order_id}/fulfilment", headers=admin)
    assert answer.status in (200, 202)
