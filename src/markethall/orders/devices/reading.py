"""What a device wants, read as strictly as `POST /api/orders` is. Pure."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from markethall.contracts.order_request import MAX_LINES, OrderRequest, RequestedLine
from markethall.contracts.topology import DEVICE_CANCEL, DEVICE_PLACE, MQTT_MESSAGES
from markethall.kit.asgi import check_document
from markethall.kit.errors import Problem, TooLarge, Unreadable
from markethall.kit.problems import to_problem
from markethall.orders.devices.keys import InvalidKey, fits
from markethall.orders.devices.written_key import written_key

MAX_PAYLOAD_BYTES = 1 << 20
"""As of a body."""
KEPT_BYTES = 4096
"""So much of a larger payload goes to the dead letters."""


class PlaceRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`markethall/orders/place`. `key` is the idempotency key."""

    key: str
    lines: Annotated[list[RequestedLine], Meta(max_length=MAX_LINES)]


class CancelRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`markethall/orders/cancel`."""

    order_id: str


class Placement(msgspec.Struct, frozen=True):
    """An order that a guest asks for with a key."""

    key: str
    request: OrderRequest


class Cancellation(msgspec.Struct, frozen=True):
    order_id: str
    subject: str
    payload: bytes
    letter: str = ""


class Unusable(msgspec.Struct, frozen=True):
    """`key`, where one can be read and its device told. `payload` is cut short where it is too large."""

    subject: str
    """As NATS keeps it: so a dead letter can be sent again."""
    payload: bytes
    problem: Problem
    key: str | None = None
    letter: str = ""
    """The same each time that the message comes: as a dead letter it is stored once."""


Wish = Placement | Cancellation | Unusable

_place = msgspec.json.Decoder(PlaceRequest)
_cancel = msgspec.json.Decoder(CancelRequest)


def read(subject: str, payload: bytes) -> Wish:
    """`subject` as NATS keeps it: below `$MQTT.msgs.`. Raises nothing, whatever the payload."""
    topic = subject.removeprefix(MQTT_MESSAGES)
    if len(payload) > MAX_PAYLOAD_BYTES:
        too_large = TooLarge(f"{len(payload)} bytes; the first {KEPT_BYTES} are here.")
        return Unusable(subject, payload[:KEPT_BYTES], too_large, _key_in(topic, payload))
    try:
        if topic == DEVICE_CANCEL:
            return Cancellation(_read(_cancel, payload).order_id, subject, payload)
        if topic == DEVICE_PLACE:
            wanted = _read(_place, payload)
            if not fits(wanted.key):
                raise InvalidKey("1 to 255 printable ASCII characters, none of them blank or one of / + # . * >")
            return Placement(wanted.key, OrderRequest(lines=wanted.lines))
    except Exception as error:
        return Unusable(subject, payload, to_problem(error), _key_in(topic, payload))
    return Unusable(subject, payload, Unreadable("No device publishes there."))


def _read(decoder: "msgspec.json.Decoder[Any]", payload: bytes) -> Any:
    # First whether it is JSON in which nothing stands twice: the decoder would keep one of two.
    check_document(payload)
    return decoder.decode(payload)


def _key_in(topic: str, payload: bytes) -> str | None:
    """The key of a document that is wrong in another way."""
    key = written_key(payload) if topic == DEVICE_PLACE else None
    return key if key is not None and fits(key) else None
