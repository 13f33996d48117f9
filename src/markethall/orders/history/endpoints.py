"""Reading orders over HTTP."""

from typing import Annotated

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, HeaderParameter, QueryParameter
from litestar.response import Stream
from litestar.types import ControllerRouterHandler

from markethall.contracts.public import OrderView
from markethall.kit.db import Database
from markethall.kit.identity import Identity, require_admin, require_user
from markethall.kit.problems import responses
from markethall.orders.history.events import StatusStreams, all_seen, last_seen_from
from markethall.orders.history.listing import list_orders
from markethall.orders.history.ownership import visible_order
from markethall.orders.history.repository import MAX_NUMBER
from markethall.orders.history.schemas import OrderPage
from markethall.orders.order import view_of


@get("/api/orders", summary="One's orders, newest first", tags=["orders"], responses=responses(401, 403))
async def get_orders(
    identity: NamedDependency[Identity | None],
    database: NamedDependency[Database],
    number: Annotated[int | None, QueryParameter(ge=1, le=MAX_NUMBER)] = None,
    everybody: Annotated[bool, QueryParameter(name="all")] = False,
    limit: Annotated[int, QueryParameter(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, QueryParameter()] = None,
) -> OrderPage:
    """`number` picks one. `all=true`, for admins: everybody's."""
    user = require_user(identity)
    if everybody:
        require_admin(user)
    user_id = None if everybody else user.user_id
    return await list_orders(database, user_id, number=number, limit=limit, cursor=cursor)


@get("/api/orders/{order_id:str}", summary="An order", tags=["orders"], responses=responses(401, 404))
async def get_order(
    order_id: FromPath[str],
    identity: NamedDependency[Identity | None],
    database: NamedDependency[Database],
) -> OrderView:
    """A guest's order: whoever holds its id. A user's: that user, and admins."""
    return view_of(await visible_order(database, order_id, identity))


@get(
    "/api/orders/{order_id:str}/events",
    summary="An order's status, live",
    tags=["orders"],
    media_type="text/event-stream",
    responses={
        204: ResponseSpec(None, description="All was seen, and nothing will follow"),
        **responses(401, 404),
    },
)
async def get_order_events(
    order_id: FromPath[str],
    identity: NamedDependency[Identity | None],
    database: NamedDependency[Database],
    status_streams: NamedDependency[StatusStreams],
    last_event_id: Annotated[str | None, HeaderParameter(name="Last-Event-ID")] = None,
) -> Response[None] | Stream:
    """An event `status` now and at each change; the stream ends after a final one. With `Last-Event-ID`
    all that followed it."""
    order = await visible_order(database, order_id, identity)
    last_seen = last_seen_from(last_event_id)
    if all_seen(order, last_seen):
        return Response(None, status_code=204)
    status_streams.check_room()
    return Stream(
        status_streams.events(order, last_seen),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


HANDLERS: list[ControllerRouterHandler] = [get_orders, get_order, get_order_events]
