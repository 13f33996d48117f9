"""What a device says over MQTT, and how a test waits for what it is told."""

import uuid
from typing import Any

from tests.support.machine import eventually
from tests.support.mosquitto import Heard

PLACE, CANCEL, STATUS = "markethall/orders/place", "markethall/orders/cancel", "markethall/orders/status/"


def new_key() -> str:
    return f"k-{uuid.uuid4().hex}"


def order(key: str, *lines: tuple[str, int]) -> dict[str, Any]:
    """The payload for `PLACE`."""
    return {"key": key, "lines": [{"sku": sku, "quantity": quantity} for sku, quantity in lines]}


async def told(heard: Heard, key: str, *, seconds: float = 30, **expected: object) -> dict[str, Any]:
    """Wait for a document on the key's topic that has these members."""

    def found() -> list[dict[str, Any]]:
        return [d for d in heard.payloads(STATUS + key) if d and expected.items() <= d.items()]

    await eventually(found, seconds=seconds)
    return found()[0]
