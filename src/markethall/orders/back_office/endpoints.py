"""Orders for the back office."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from litestar.types import ControllerRouterHandler

from markethall.contracts.public import OrderStatus
from markethall.kit.conditional import UNCHANGED, conditional
from markethall.kit.db import Database
from markethall.kit.errors import FieldError, Invalid
from markethall.kit.guards import admin_only
from markethall.kit.ids import parse_id
from markethall.kit.problems import responses
from markethall.kit.text import NO_NUL
from markethall.orders.back_office.listing import Wanted, list_orders
from markethall.orders.back_office.repository import contact
from markethall.orders.back_office.schemas import OrderFile, OrderRows
from markethall.orders.back_office.timeline import timeline_of
from markethall.orders.errors import OrderNotFound
from markethall.orders.history.ownership import order_id_from
from markethall.orders.history.repository import MAX_NUMBER, find
from markethall.orders.order import view_of


@get(
    "/api/admin/orders",
    summary="Orders, newest first",
    tags=["back office"],
    guards=[admin_only],
    responses={304: UNCHANGED, **responses(401, 403)},
)
async def get_all_orders(
    request: Request[Any, Any, Any],
    database: NamedDependency[Database],
    number: Annotated[int | None, QueryParameter(ge=1, le=MAX_NUMBER - 1)] = None,
    status: Annotated[OrderStatus | None, QueryParameter()] = None,
    email: Annotated[str | None, QueryParameter(max_length=254, pattern=NO_NUL)] = None,
    sku: Annotated[str | None, QueryParameter(max_length=64, pattern=NO_NUL)] = None,
    user: Annotated[str | None, QueryParameter(max_length=36, pattern=NO_NUL, description="A user's id")] = None,
    placed_from: Annotated[datetime | None, QueryParameter(name="from", description="RFC 3339; included")] = None,
    placed_to: Annotated[datetime | None, QueryParameter(name="to", description="RFC 3339; not included")] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, QueryParameter()] = None,
) -> Response[OrderRows]:
    """All conditions have to be met; an address and a SKU are given whole. A page may be short: follow `next_cursor`.
    To keep the list live, ask again with `If-None-Match`: what is answered is as of that moment."""
    wanted = Wanted(number, status, email, sku, _user(user), moment("from", placed_from), moment("to", placed_to))
    return conditional(request, await list_orders(database, wanted, limit, cursor))


@get(
    "/api/admin/orders/{order_id:str}",
    summary="All about an order",
    tags=["back office"],
    guards=[admin_only],
    responses={304: UNCHANGED, **responses(401, 403, 404)},
)
async def get_order_file(
    request: Request[Any, Any, Any], order_id: FromPath[str], database: NamedDependency[Database]
) -> Response[OrderFile]:
    """The order, who placed it, and the facts that its status follows from."""
    order = await find(database, order_id_from(order_id))
    if order is None:
        raise OrderNotFound()
    async with database.hot() as connection:
        email, address = await contact(connection, order.id)
    user_id = str(order.user_id) if order.user_id else None
    timeline = timeline_of(order.facts, order.shortages)
    return conditional(request, OrderFile(view_of(order), email, address, user_id, timeline))


HANDLERS: list[ControllerRouterHandler] = [get_all_orders, get_order_file]


def moment(name: str, given: datetime | None) -> datetime | None:
    """
    Raises:
        Invalid: it does not say of which time zone it is.
    """
    if given is not None and given.tzinfo is None:
        raise Invalid(errors=[FieldError(name, "Takes an offset, such as Z", "no_offset")])
    return given


def _user(text: str | None) -> UUID | None:
    parsed = parse_id(text) if text is not None else None
    if text is not None and parsed is None:
        raise Invalid(errors=[FieldError("user", "Takes the id of a user", "wrong_form")])
    return parsed
