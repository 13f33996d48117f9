"""Answers of the inner hops: what cannot be read there is our fault, not the client's."""

from typing import TypeVar

import msgspec
import structlog

from markethall.kit.balancing import Answer
from markethall.kit.errors import Internal

log = structlog.get_logger(__name__)

Body = TypeVar("Body")


def decoded(decoder: msgspec.msgpack.Decoder[Body] | msgspec.json.Decoder[Body], answer: Answer) -> Body:
    """
    Raises:
        Internal: the body is not what the contract says.
    """
    try:
        return decoder.decode(answer.body)
    except msgspec.MsgspecError as error:
        log.error("unreadable inner answer", reason=str(error))
        raise Internal() from error
