"""Whose an order is, and who may see it."""

from uuid import UUID

from markethall.kit.db import Database
from markethall.kit.identity import Identity
from markethall.kit.ids import parse_id
from markethall.orders.errors import OrderNotFound
from markethall.orders.history.repository import find
from markethall.orders.order import Order


def may_see(order: Order, identity: Identity | None) -> bool:
    """A guest's order: whoever holds its unguessable id. A user's: that user, and admins."""
    if order.user_id is None:
        return True
    return identity is not None and (identity.user_id == order.user_id or identity.is_admin)


def order_id_from(text: str) -> UUID:
    """
    Raises:
        OrderNotFound: no order can have that id.
    """
    parsed = parse_id(text)
    if parsed is None:
        raise OrderNotFound()
    return parsed


async def visible_order(database: Database, order_id: str, identity: Identity | None) -> Order:
    """
    Raises:
        OrderNotFound: it is not there, or belongs to somebody else.
    """
    order = await find(database, order_id_from(order_id))
    if order is None or not may_see(order, identity):
        raise OrderNotFound()
    return order
