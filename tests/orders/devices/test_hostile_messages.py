"""What a device says that cannot be meant: a dead letter, a word to the device where there is a key, no more."""

import json

import pytest

from markethall.contracts.topology import DEVICE_CANCEL, DEVICE_PLACE, MQTT_MESSAGES
from markethall.orders.devices.reading import KEPT_BYTES
from tests.orders.conftest import Hall
from tests.orders.devices.conftest import DeadLetter, DeadLetters
from tests.support.devices import CANCEL, PLACE, STATUS, new_key, order, told
from tests.support.mosquitto import Broker

GOOD = order("good", ("S-1", 1))
HOSTILE: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "unreadable"),
    "not json": (b"buy me a bear", "unreadable"),
    "not utf-8": (b'{"key": "\xff\xfe"}', "unreadable"),
    "an array": (b"[]", "invalid"),
    "a number": (b"1", "invalid"),
    "null": (b"null", "invalid"),
    "cut short": (json.dumps(GOOD).encode()[:-3], "unreadable"),
    "something after it": (json.dumps(GOOD).encode() + b" 1", "unreadable"),
    "deeply nested": (b"[" * 200_000, "unreadable"),
    "a megabyte and more": (b'{"key": "' + b"x" * (1 << 20) + b'"}', "too_large"),
    "no key": (json.dumps({"lines": []}).encode(), "invalid"),
    "a key that is a number": (json.dumps(GOOD | {"key": 7}).encode(), "invalid"),
    "an empty key": (json.dumps(GOOD | {"key": ""}).encode(), "invalid_key"),
    "a long key": (json.dumps(GOOD | {"key": "k" * 256}).encode(), "invalid_key"),
    **{
        f"a key with {bad!r}": (json.dumps(GOOD | {"key": f"k{bad}1"}).encode(), "invalid_key")
        for bad in ("/", "+", "#", ".", "*", ">", " ", "\0", "\n", "é", "\u2028")
    },
}
WRONG: dict[str, tuple[bytes, str]] = {
    "deeply nested": (b'{"key": "KEY", "lines": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "unreadable"),
    "two megabytes": (b'{"key": "KEY", "lines": [], "x": "' + b"x" * (2 << 20) + b'"}', "too_large"),
    "a number without end": (b'{"key": "KEY", "lines": [{"sku": "S", "quantity": 1e400}]}', "invalid"),
    "a long number": (b'{"key": "KEY", "lines": [{"sku": "S", "quantity": ' + b"9" * 100_000 + b"}]}", "invalid"),
    "cut short": (b'{"key": "KEY", "lines": [', "unreadable"),
    "an unknown member": (b'{"key": "KEY", "lines": [], "discount": 100}', "invalid"),
    "no lines": (b'{"key": "KEY"}', "invalid"),
    "lines of another type": (b'{"key": "KEY", "lines": {}}', "invalid"),
    "a quantity in words": (b'{"key": "KEY", "lines": [{"sku": "S", "quantity": "1"}]}', "invalid"),
    "a fraction": (b'{"key": "KEY", "lines": [{"sku": "S", "quantity": 1.5}]}', "invalid"),
    "nothing of it": (b'{"key": "KEY", "lines": [{"sku": "S", "quantity": 0}]}', "invalid"),
    "less than nothing": (b'{"key": "KEY", "lines": [{"sku": "S", "quantity": -1}]}', "invalid"),
    "too many of it": (b'{"key": "KEY", "lines": [{"sku": "S", "quantity": 10000}]}', "invalid"),
    "a NUL": (b'{"key": "KEY", "lines": [{"sku": "S\\u0000", "quantity": 1}]}', "invalid"),
    "an unknown member of a line": (b'{"key": "KEY", "lines": [{"sku": "S", "quantity": 1, "price": 1}]}', "invalid"),
    "a cart": (b'{"key": "KEY", "cart_id": "00000000-0000-0000-0000-000000000000"}', "invalid"),
    "the key twice": (b'{"key": "KEY", "key": "KEY", "lines": []}', "duplicate_key"),
    "lines twice": (b'{"key": "KEY", "lines": [], "lines": []}', "duplicate_key"),
    "1,001 lines": (
        b'{"key": "KEY", "lines": [' + b",".join([b'{"sku": "S", "quantity": 1}'] * 1001) + b"]}",
        "invalid",
    ),
}
BAD_CANCELLATIONS: dict[str, tuple[bytes, str]] = {
    "not json": (b"never mind", "unreadable"),
    "no id": (b"{}", "invalid"),
    "an id that is a number": (b'{"order_id": 1}', "invalid"),
    "an unknown member": (b'{"order_id": "x", "reason": "y"}', "invalid"),
    "the id twice": (b'{"order_id": "x", "order_id": "y"}', "duplicate_key"),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_what_cannot_be_meant_is_a_dead_letter_with_its_reason(
    hall: Hall, device: Broker, letters: DeadLetters, name: str
) -> None:
    payload, code = HOSTILE[name]
    assert await device.publish(PLACE, payload) == 0
    assert await letters.next() == DeadLetter(code, MQTT_MESSAGES + DEVICE_PLACE, _kept(payload, code))


def _kept(payload: bytes, code: str) -> bytes:
    return payload[:KEPT_BYTES] if code == "too_large" else payload


@pytest.mark.parametrize("name", WRONG)
async def test_where_a_key_can_be_read_the_device_is_told_too(
    hall: Hall, device: Broker, letters: DeadLetters, name: str
) -> None:
    template, code = WRONG[name]
    key = new_key()
    payload = template.replace(b"KEY", key.encode())
    async with device.subscribed(STATUS + key) as heard:
        await device.publish(PLACE, payload)
        document = await told(heard, key, status="rejected")
    assert (document["reason"], document["order_id"]) == (code, None)
    assert await letters.next() == DeadLetter(code, MQTT_MESSAGES + DEVICE_PLACE, _kept(payload, code))


@pytest.mark.parametrize("name", BAD_CANCELLATIONS)
async def test_a_cancellation_is_read_as_strictly(hall: Hall, device: Broker, letters: DeadLetters, name: str) -> None:
    payload, code = BAD_CANCELLATIONS[name]
    await device.publish(CANCEL, payload)
    assert await letters.next() == DeadLetter(code, MQTT_MESSAGES + DEVICE_CANCEL, payload)


async def test_a_malformed_repeat_does_not_hide_the_order(hall: Hall, device: Broker) -> None:
    sku, key = await hall.sell(), new_key()
    async with device.subscribed(STATUS + key) as heard:
        await device.publish(PLACE, order(key, (sku, 1)))
        first = await told(heard, key, status="confirmed")
        await device.publish(PLACE, order(key, (sku, 1)) | {"more": True})
        await told(heard, key, reason="invalid")
    async with device.subscribed(STATUS + key, STATUS + "none") as later:
        await told(later, key, status="confirmed")
        assert later.payloads(STATUS + key) == [first]


async def test_a_hostile_message_holds_up_nobody(hall: Hall, device: Broker) -> None:
    sku, keys = await hall.sell(), [new_key() for _ in range(5)]
    async with device.subscribed(STATUS + "#") as heard:
        for key, (payload, _) in zip(keys, HOSTILE.values(), strict=False):
            await device.publish(PLACE, payload)
            await device.publish(PLACE, order(key, (sku, 1)))
        for key in keys:
            await told(heard, key, status="confirmed")
