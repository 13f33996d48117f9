"""What services ask each other in batches: MessagePack over HTTP, by plain ASGI handlers."""

from collections.abc import Callable
from typing import TypeVar

import msgspec

from markethall.kit.asgi import INTERNAL_BODY_BYTES, Receive, Scope, Send, read_body, send_answer
from markethall.kit.errors import Unreadable

BODY_SECONDS = 10.0

T = TypeVar("T")


async def read_packed(scope: Scope, receive: Receive, decode: Callable[[bytes], T]) -> T:
    """
    Raises:
        Unreadable: `decode` raised msgspec.DecodeError, or the client went away half-way.
        TooLarge, SlowBody: as `read_body` does.
    """
    body = await read_body(scope, receive, INTERNAL_BODY_BYTES, BODY_SECONDS)
    try:
        return decode(body)
    except msgspec.DecodeError as error:
        raise Unreadable() from error


async def send_packed(send: Send, answer: object) -> None:
    """As the whole answer, 200."""
    await send_answer(send, 200, [(b"content-type", b"application/msgpack")], msgspec.msgpack.encode(answer))
