"""Messages of the bus in a form for people: known ones by their fields, others as far as they can be read."""

from typing import Any
from uuid import UUID

import msgspec

from markethall.contracts import messages, topology

MAX_SHOWN_BYTES = 4096
UUID_BYTES = 16

TYPES: dict[str, type[msgspec.Struct]] = {
    topology.ORDERS_PLACED: messages.OrdersPlaced,
    topology.ORDERS_CANCELLED: messages.OrdersCancelled,
    topology.ORDERS_FULFILLED: messages.OrdersFulfilled,
    topology.STOCK_SETTLED: messages.StockSettled,
    topology.STOCK_RELEASED: messages.StockReleased,
    topology.STOCK_DISPATCHED: messages.StockDispatched,
    topology.CATALOG_CHANGED: messages.CatalogChanged,
    topology.ACCOUNTS_ERASED: messages.AccountErased,
}


def readable(subject: str, payload: bytes) -> Any:
    """Fit for JSON. What is no message at all is shown by its first bytes, in hexadecimal digits."""
    try:
        if (type_ := TYPES.get(subject)) is not None:
            return {"message": type_.__name__} | _plain(
                msgspec.to_builtins(_decoded(payload, type_), builtin_types=(bytes,))
            )
    except (msgspec.MsgspecError, ValueError, RecursionError):
        pass
    for decode in (_json, _messagepack):
        try:
            return _plain(decode(payload))
        except (msgspec.MsgspecError, UnicodeDecodeError, ValueError, RecursionError):
            continue
    return {"hex": payload[:MAX_SHOWN_BYTES].hex(), "bytes": len(payload)}


def _decoded(payload: bytes, type_: type[msgspec.Struct]) -> Any:
    return msgspec.msgpack.decode(payload, type=type_)


def _json(payload: bytes) -> Any:
    return msgspec.json.decode(payload)


def _messagepack(payload: bytes) -> Any:
    decoded = msgspec.msgpack.decode(payload)
    if not isinstance(decoded, dict | list):
        raise ValueError("any byte is a number in MessagePack")
    return decoded


def _plain(value: Any) -> Any:
    """Ids as people write them."""
    match value:
        case bytes():
            return str(UUID(bytes=value)) if len(value) == UUID_BYTES else value[:MAX_SHOWN_BYTES].hex()
        case dict():
            return {str(_plain(key)): _plain(each) for key, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
        case msgspec.msgpack.Ext():
            return {"code": value.code, "data": _plain(bytes(value.data))}
    return value
