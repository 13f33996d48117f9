"""Reading orders."""

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from markethall.contracts.public import OrderView
from markethall.kit.db import Database
from markethall.kit.identity import Identity
from markethall.kit.problems import responses
from markethall.orders.history.ownership import visible_order
from markethall.orders.order import view_of


@get("/api/orders/{order_id:str}", summary="An order", tags=["orders"], responses=responses(401, 404))
async def get_order(
    order_id: FromPath[str],
    identity: NamedDependency[Identity | None],
    database: NamedDependency[Database],
) -> OrderView:
    """A guest's order: whoever holds its id. A user's: that user, and admins."""
    return view_of(await visible_order(database, order_id, identity))
