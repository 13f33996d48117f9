"""`GET /internal/products`: lists for front, as `GET /api/products` answers them, and the SKUs of their numbers.

Plain ASGI, MessagePack: it is asked whenever a list is not in the cache.
"""

from typing import Annotated
from urllib.parse import parse_qsl

import msgspec

from markethall.catalog.listing import Sort, products_page
from markethall.catalog.requests import MAX_SLUG_CHARACTERS, SLUG, list_query
from markethall.kit.asgi import ASGIApp, Receive, Scope, Send, send_answer
from markethall.kit.db_reads import Reads
from markethall.kit.errors import Unreadable
from markethall.kit.freshness import CarriesFreshness
from markethall.kit.text import NO_NUL

MAX_PARAMETERS = 50


class _Asked(msgspec.Struct, frozen=True):
    """The parameters of the public list. Filters by option are read beside them."""

    query: Annotated[str, msgspec.Meta(max_length=200, pattern=NO_NUL)] | None = None
    category: Annotated[str, msgspec.Meta(max_length=MAX_SLUG_CHARACTERS, pattern=SLUG)] | None = None
    sort: Sort | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20
    cursor: Annotated[str, msgspec.Meta(max_length=1000, pattern=NO_NUL)] | None = None


def inner_lists(reads: Reads, currency: str) -> ASGIApp:
    """A plain ASGI handler."""

    async def list_products(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            pairs = parse_qsl(
                scope["query_string"].decode("ascii"), keep_blank_values=True, max_num_fields=MAX_PARAMETERS
            )
        except ValueError as error:
            raise Unreadable("The query cannot be read.") from error
        asked = msgspec.convert(dict(pairs), _Asked, strict=False)
        query = list_query(pairs, asked.query, asked.category, asked.sort, asked.limit, asked.cursor)
        page = await reads.hot(lambda connection: products_page(connection, query, currency))
        await send_answer(send, 200, [(b"content-type", b"application/msgpack")], msgspec.msgpack.encode(page))

    return CarriesFreshness(list_products)
