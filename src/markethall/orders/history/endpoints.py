"""Reading orders."""

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from markethall.contracts.public import OrderView
from markethall.kit.db import Database
from markethall.kit.identity import Identity
from markethall.kit.ids import parse_id
from markethall.kit.problems import responses
from markethall.orders.errors import OrderNotFound
from markethall.orders.history.repository import find
from markethall.orders.order import Order, view_of


@get("/api/orders/{order_id:str}", summary="An order", tags=["orders"], responses=responses(401, 404))
async def get_order(
    order_id: FromPath[str],
    identity: NamedDependency[Identity | None],
    database: NamedDependency[Database],
) -> OrderView:
    """A guest's order: whoever holds its id. A user's: that user, and admins."""
    return view_of(await visible_order(database, order_id, identity))


async def visible_order(database: Database, order_id: str, identity: Identity | None) -> Order:
    """
    Raises:
        OrderNotFound: it is not there, or belongs to somebody else.
    """
    parsed = parse_id(order_id)
    order = await find(database, parsed) if parsed else None
    if order is None or not may_see(order, identity):
        raise OrderNotFound()
    return order


def may_see(order: Order, identity: Identity | None) -> bool:
    if order.user_id is None:
        return True
    return identity is not None and (identity.user_id == order.user_id or identity.is_admin)
