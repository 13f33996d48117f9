"""Pages of products: what is asked for, and how it is answered with bounded work.

Every list is answered from an index, by a few statements:

1. Walk the index that has the wanted order, from the cursor on, and keep what matches. Without
   a filter that is the answer; with one it is, too, where matches are common.
2. Else they are rare: collect all of them by the index over words and options, and sort them.
3. Where there are too many to collect, and yet none near the cursor, walk on. The page may then
   be short, and its cursor says where the walk ended.

Relevance needs all matches at once. Where there are more than `MAX_RANKED`, the newest come first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import asyncpg

from markethall.catalog import listing_sql as sql
from markethall.catalog.listing_sql import ORDERS, Filters, Position
from markethall.catalog.words import option_key, search_terms
from markethall.contracts.internal import ListedProduct, ListedProducts
from markethall.contracts.public import Money, ProductSummary
from markethall.kit.cursors import InvalidCursor, decode_cursor, encode_cursor

Sort = Literal["relevance", "newest", "price", "-price", "name", "-name"]

NEAR = 500
"""Index entries looked at before matches are taken for rare."""
MAX_RANKED = 2_000
"""Matches that are ranked: ranking reads the words of each."""
MAX_COLLECTED = 10_000
"""Matches that are collected and sorted."""
FAR = 20_000
"""Index entries looked at where there are too many matches to collect."""

_LIST = "products"


Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
Rows = Sequence[asyncpg.Record]


@dataclass(frozen=True)
class Query:
    """What a list is asked for. `options`: by name, values of which one variant must have one each."""

    sort: Sort
    limit: int
    text: str | None = None
    category: str | None = None
    options: Mapping[str, Sequence[str]] = field(default_factory=dict)
    cursor: str | None = None


async def products_page(connection: Connection, query: Query, currency: str) -> ListedProducts:
    """
    Args:
        connection: in a transaction.

    Raises:
        InvalidCursor: the cursor is not of this list.
    """
    await connection.execute(sql.PLANNING)
    return await _page(connection, query, currency)


async def products_pages(
    connection: Connection, queries: Sequence[Query], currency: str
) -> Sequence[ListedProducts | InvalidCursor]:
    """Many of them in one transaction, one after the other."""
    await connection.execute(sql.PLANNING)
    pages: list[ListedProducts | InvalidCursor] = []
    for query in queries:
        try:
            pages.append(await _page(connection, query, currency))
        except InvalidCursor as error:
            pages.append(error)
    return pages


async def _page(connection: Connection, query: Query, currency: str) -> ListedProducts:
    terms = search_terms(query.text) if query.text is not None else None
    if query.text is not None and terms is None:
        return ListedProducts([])
    keys = [sorted({option_key(name, v) for v in values}) for name, values in sorted(query.options.items())]
    filters = Filters(terms, query.category, tuple(map(tuple, keys)))
    shaped_by = [filters.terms and [filters.terms.whole, filters.terms.last], query.category, keys, query.sort]
    sort, position = _start(query, shaped_by)
    sort, rows, end = await _Reader(connection, filters, query.limit).rows(sort, position)
    shown = rows[: query.limit]
    if len(rows) > query.limit:
        end = shown[-1]["sort_key"], shown[-1]["number"]
    return ListedProducts(
        items=[_listed(row, currency) for row in shown],
        next_cursor=encode_cursor(_LIST, shaped_by, [sort, *end]) if end else None,
    )


def _start(query: Query, shaped_by: object) -> tuple[str, Position | None]:
    """The order, and where it goes on. The order is the cursor's: relevance may have been given up."""
    if query.cursor is None:
        return query.sort, None
    sort, key, number = decode_cursor(_LIST, shaped_by, query.cursor, (str, object, int))
    if sort not in ORDERS or not isinstance(key, str if ORDERS[sort].key_type == "text" else int):
        raise InvalidCursor()
    if sort == "relevance" and query.text is None:  # it would be ranked without words, which takes all there is
        raise InvalidCursor()
    return sort, (key, number)


@dataclass(frozen=True)
class _Reader:
    """Reads up to `limit + 1` rows of one list: one more than are shown, to know whether there is more."""

    connection: Connection
    filters: Filters
    limit: int

    async def rows(self, sort: str, position: Position | None) -> tuple[str, Rows, Position | None]:
        """The order that was kept; the rows; and, where they are too few, yet not the end, where to go on."""
        if sort == "relevance":
            ranked = await self._collect(sort, position, MAX_RANKED if position is None else MAX_COLLECTED)
            if ranked is not None:
                return sort, ranked, None
            if position is not None:
                raise InvalidCursor("The shop has changed too much since that page.")
            sort = "newest"
        rows = await self._walk(sort, position, NEAR if self.filters.narrows else self.limit + 1)
        if self._is_whole(rows) or not self.filters.narrows or await self._edge(sort, position, NEAR) is None:
            return sort, rows, None
        collected = await self._collect(sort, position, MAX_COLLECTED)
        if collected is not None:
            return sort, collected, None
        rows = await self._walk(sort, position, FAR)
        return sort, rows, None if self._is_whole(rows) else await self._edge(sort, position, FAR)

    def _is_whole(self, rows: Rows) -> bool:
        return len(rows) > self.limit

    async def _walk(self, sort: str, position: Position | None, steps: int) -> Rows:
        """What matches among the next `steps` entries of the index."""
        return await self._fetch(sql.walk(self.filters, ORDERS[sort], position, steps, self.limit + 1))

    async def _edge(self, sort: str, position: Position | None, steps: int) -> Position | None:
        """The last of the next `steps` entries; None where the index ends before."""
        rows = await self._fetch(sql.edge(self.filters, ORDERS[sort], position, steps))
        return (rows[0]["sort_key"], rows[0]["number"]) if rows else None

    async def _collect(self, sort: str, position: Position | None, most: int) -> Rows | None:
        """The page out of all that matches; None where more than `most` do."""
        rows = await self._fetch(sql.collect(self.filters, ORDERS[sort], position, most, self.limit + 1))
        return [row for row in rows if row["slug"] is not None] if rows[0]["found"] <= most else None

    async def _fetch(self, statement: sql.Statement) -> Rows:
        text, args = statement
        return await self.connection.fetch(text, *args)


def _listed(row: asyncpg.Record, currency: str) -> ListedProduct:
    summary = ProductSummary(
        slug=row["slug"],
        name=row["name"],
        category=row["category"],
        price=Money(row["price"], currency),
        image=row["image"],
    )
    return ListedProduct(summary, skus=row["skus"], version=row["version"])
