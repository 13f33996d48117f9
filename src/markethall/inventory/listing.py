"""The list of stock.

By what is available it is sorted anew each time: an index on that would be written by every order.
"""

from typing import Any, Literal

import msgspec
from sqlalchemy import func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from markethall.inventory.schemas import StockPage, StockRow
from markethall.inventory.tables import replenishments, stock
from markethall.kit.cursors import decode_cursor, encode_cursor
from markethall.kit.db import Database

Sort = Literal["sku", "available"]

_LIST = "stock"
_AVAILABLE = stock.c.on_hand - stock.c.reserved


class StockQuery(msgspec.Struct, frozen=True):
    """`text`: a part of the SKU, in upper or lower case."""

    text: str
    sort: Sort
    available_below: int | None


async def stock_page(database: Database, query: StockQuery, limit: int, cursor: str | None) -> StockPage:
    """
    Raises:
        InvalidCursor: it belongs to another list.
    """
    after = decode_cursor(_LIST, query, cursor, (int, str)) if cursor else None
    async with database.begin() as connection:
        rows = await _rows(connection, query, after, limit + 1)
    items = [
        StockRow(row.sku, row.on_hand, row.reserved, row.on_hand - row.reserved, row.version, row.target)
        for row in rows[:limit]
    ]
    more = encode_cursor(_LIST, query, [items[-1].available, items[-1].sku]) if len(rows) > limit else None
    return StockPage(items, more)


async def _rows(connection: AsyncConnection, query: StockQuery, after: list[Any] | None, limit: int) -> list[Any]:
    columns = stock.c.sku, stock.c.on_hand, stock.c.reserved, stock.c.version, replenishments.c.target
    statement = select(*columns).select_from(stock.outerjoin(replenishments, replenishments.c.sku == stock.c.sku))
    if query.text:
        statement = statement.where(func.strpos(func.lower(stock.c.sku), query.text.lower()) > 0)
    if query.available_below is not None:
        statement = statement.where(query.available_below > _AVAILABLE)
    if query.sort == "sku":
        statement = statement.order_by(stock.c.sku)
        if after is not None:
            statement = statement.where(stock.c.sku > after[1])
    else:
        statement = statement.order_by(_AVAILABLE, stock.c.sku)
        if after is not None:
            statement = statement.where(tuple_(_AVAILABLE, stock.c.sku) > tuple_(*after))
    return list(await connection.execute(statement.limit(limit)))
