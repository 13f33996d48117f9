"""Lists for front, with the SKUs of the numbers that it fills in. Plain ASGI, MessagePack.

`GET /internal/products` answers any list, as `GET /api/products` does. `POST /internal/product-lists` answers many at
once, and only those that take little work, however large the shop: neither a search nor a filter by option.
"""

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import parse_qsl

import msgspec

from markethall.catalog.listing import Query, Sort, products_page, products_pages
from markethall.catalog.requests import MAX_SLUG_CHARACTERS, SLUG, list_query
from markethall.contracts.internal import ListDocument, ListDocuments, ListedProducts, ProductLists
from markethall.contracts.public import ProductPage
from markethall.kit.asgi import ASGIApp, Receive, Scope, Send
from markethall.kit.db_reads import Reads
from markethall.kit.errors import Problem, TooLarge, Unreadable
from markethall.kit.freshness import CarriesFreshness
from markethall.kit.packed import read_packed, send_packed
from markethall.kit.text import NO_NUL

MAX_PARAMETERS = 50
MAX_QUERIES = 100

_decoder = msgspec.msgpack.Decoder(ProductLists)


class _Asked(msgspec.Struct, frozen=True):
    """The parameters of the public list. Filters by option are read beside them."""

    query: Annotated[str, msgspec.Meta(max_length=200, pattern=NO_NUL)] | None = None
    category: Annotated[str, msgspec.Meta(max_length=MAX_SLUG_CHARACTERS, pattern=SLUG)] | None = None
    sort: Sort | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20
    cursor: Annotated[str, msgspec.Meta(max_length=1000, pattern=NO_NUL)] | None = None


class InnerLists:
    """As new as the request wants them, all of them."""

    def __init__(self, reads: Reads, currency: str) -> None:
        self._reads = reads
        self._currency = currency

    def one(self) -> ASGIApp:
        """A plain ASGI handler."""

        async def list_products(scope: Scope, receive: Receive, send: Send) -> None:
            query = _query(scope["query_string"].decode("latin-1"))
            page = await self._reads.hot(lambda connection: products_page(connection, query, self._currency))
            await send_packed(send, page)

        return CarriesFreshness(list_products)

    def many(self) -> ASGIApp:
        """A plain ASGI handler."""

        async def product_lists(scope: Scope, receive: Receive, send: Send) -> None:
            queries = (await read_packed(scope, receive, _decoder.decode)).queries
            if len(queries) > MAX_QUERIES:
                raise TooLarge(f"At most {MAX_QUERIES} lists at once.")
            await send_packed(send, ListDocuments(await self.find(queries)))

        return CarriesFreshness(product_lists)

    async def find(self, queries: Sequence[str]) -> list[ListDocument | None]:
        """In the order of the request; None for what is no list, or not a plain one."""
        plain = {text: query for text in dict.fromkeys(queries) if (query := _plain_query(text)) is not None}
        if not plain:
            return [None] * len(queries)
        wanted = list(plain.values())
        pages = await self._reads.hot(lambda connection: products_pages(connection, wanted, self._currency))
        documents = {
            text: _document(page) for text, page in zip(plain, pages, strict=True) if isinstance(page, ListedProducts)
        }
        return [documents.get(text) for text in queries]


def _query(text: str) -> Query:
    """
    Raises:
        Problem: nobody can ask for that.
        msgspec.ValidationError: one of the parameters is not of its type.
    """
    try:
        text.encode("ascii")  # whoever asks has encoded all else
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_PARAMETERS)
    except ValueError as error:
        raise Unreadable("The query cannot be read.") from error
    asked = msgspec.convert(dict(pairs), _Asked, strict=False)
    return list_query(pairs, asked.query, asked.category, asked.sort, asked.limit, asked.cursor)


def _plain_query(text: str) -> Query | None:
    try:
        query = _query(text)
    except (Problem, msgspec.ValidationError):
        return None
    return query if query.text is None and not query.options else None


def _document(page: ListedProducts) -> ListDocument:
    return ListDocument(
        msgspec.json.encode(ProductPage([item.summary for item in page.items], page.next_cursor)),
        [item.skus for item in page.items],
        {item.summary.slug: item.version for item in page.items},
    )
