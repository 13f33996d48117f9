"""The purchase history: one's own orders, or for an admin everybody's."""

from uuid import UUID

from markethall.kit.cursors import decode_cursor, encode_cursor
from markethall.kit.db import Database
from markethall.orders.history.repository import MAX_NUMBER, find_by_number, page_of_all, page_of_user
from markethall.orders.history.schemas import OrderPage
from markethall.orders.order import Order, view_of

LIST = "orders"


async def list_orders(
    database: Database, user_id: UUID | None, *, number: int | None, limit: int, cursor: str | None
) -> OrderPage:
    """`user_id` None: of everybody.

    Raises:
        InvalidCursor: it belongs to another list.
    """
    filters = [str(user_id) if user_id else "all", number]
    below = MAX_NUMBER
    if cursor is not None:
        (below,) = decode_cursor(LIST, filters, cursor, (int,))
    orders = await _orders(database, user_id, number, below, limit + 1)
    shown = orders[:limit]
    more = encode_cursor(LIST, filters, [shown[-1].number]) if len(orders) > limit else None
    return OrderPage([view_of(order) for order in shown], more)


async def _orders(database: Database, user_id: UUID | None, number: int | None, below: int, limit: int) -> list[Order]:
    if number is not None:
        order = await find_by_number(database, number)
        is_theirs = order is not None and (user_id is None or order.user_id == user_id)
        return [order] if order is not None and is_theirs and order.number < below else []
    if user_id is not None:
        return await page_of_user(database, user_id, below, limit)
    return await page_of_all(database, below, limit)
