"""Keyset cursors: opaque to clients, bound to the list they came from."""

import base64
import binascii
import hashlib
from typing import Any

import msgspec

from markethall.kit.errors import Invalid


class InvalidCursor(Invalid):
    """The cursor is damaged, or belongs to another list, filter or sort order."""

    code = "invalid_cursor"
    title = "That cursor does not belong to this list"


def encode_cursor(list_name: str, filters: object, position: list[Any]) -> str:
    """`position`: the sort key of the last item shown. `filters`: all that shapes the list."""
    body = msgspec.msgpack.encode(position)
    return base64.urlsafe_b64encode(_tag(list_name, filters, body) + body).decode().rstrip("=")


def decode_cursor(list_name: str, filters: object, cursor: str, types: tuple[type, ...]) -> list[Any]:
    """The position, checked against `types`.

    Raises:
        InvalidCursor: it was not made by `encode_cursor` for this list and these filters.
    """
    if len(cursor) > 1000:
        raise InvalidCursor()
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        position = msgspec.msgpack.decode(raw[8:], type=list[Any])
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise InvalidCursor() from error
    if raw[:8] != _tag(list_name, filters, raw[8:]):
        raise InvalidCursor()
    if len(position) != len(types) or not all(map(isinstance, position, types)):
        raise InvalidCursor()
    if not all(map(_storable, position)):
        raise InvalidCursor()
    return position


def _storable(part: Any) -> bool:
    """Whether PostgreSQL can be asked for it: a cursor is no secret, and anyone may make one up."""
    if isinstance(part, str):
        return "\0" not in part
    return not isinstance(part, int) or -(2**63) <= part < 2**63


def _tag(list_name: str, filters: object, position: bytes) -> bytes:
    """Eight bytes that notice damage and another list. No secret: whoever makes one up reads no more than the list."""
    context = msgspec.json.encode([list_name, filters], order="deterministic")
    return hashlib.sha256(len(context).to_bytes(4, "big") + context + position).digest()[:8]
