"""Cancelling and fulfilling an order."""

from typing import Annotated

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, HeaderParameter

from markethall.contracts.public import OrderView
from markethall.kit.identity import Identity, require_admin
from markethall.kit.problems import responses
from markethall.orders.fulfilment.service import Fulfilment
from markethall.orders.history.ownership import order_id_from
from markethall.orders.order import view_of
from markethall.orders.prefer import patience

DEFAULT_SECONDS = 2.0
_LATER = ResponseSpec(OrderView, description="Done; inventory has not answered yet", generate_examples=False)


@post(
    "/api/orders/{order_id:str}/cancellation",
    status_code=200,
    summary="Cancel an order",
    tags=["orders"],
    responses={202: _LATER, **responses(401, 404, 409, 413, 415)},
)
async def cancel_order(
    order_id: FromPath[str],
    identity: NamedDependency[Identity | None],
    fulfilment: NamedDependency[Fulfilment],
    prefer: Annotated[str | None, HeaderParameter(name="Prefer")] = None,
) -> Response[OrderView]:
    """The order is cancelled at once. 200: its stock is back; 202: it will be. Repeating is harmless.
    409 `not_cancellable` once it is rejected or fulfilled."""
    seconds, applied = patience(prefer, DEFAULT_SECONDS)
    order = await fulfilment.cancel(order_id_from(order_id), identity)
    released = await fulfilment.until(order, lambda facts: facts.released_at, seconds)
    return _answer(view_of(order), released, applied)


@post(
    "/api/orders/{order_id:str}/fulfilment",
    status_code=200,
    summary="Fulfil an order",
    tags=["orders"],
    responses={202: _LATER, **responses(401, 403, 404, 409, 413, 415)},
)
async def fulfil_order(
    order_id: FromPath[str],
    identity: NamedDependency[Identity | None],
    fulfilment: NamedDependency[Fulfilment],
    prefer: Annotated[str | None, HeaderParameter(name="Prefer")] = None,
) -> Response[OrderView]:
    """For admins. 200: the goods have left on-hand; 202: the order is fulfilled, inventory follows.
    Repeating is harmless. 409 `not_fulfillable` unless it is confirmed."""
    require_admin(identity)
    seconds, applied = patience(prefer, DEFAULT_SECONDS)
    order = await fulfilment.fulfil(order_id_from(order_id))
    dispatched = await fulfilment.until(order, lambda facts: facts.dispatched_at, seconds)
    return _answer(view_of(order), dispatched, applied)


def _answer(view: OrderView, finished: bool, preference_applied: str | None) -> Response[OrderView]:
    headers = {"Preference-Applied": preference_applied} if preference_applied else {}
    return Response(view, status_code=200 if finished else 202, headers=headers)
