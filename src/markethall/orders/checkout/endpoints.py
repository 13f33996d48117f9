"""`POST /api/orders`."""

from typing import Annotated

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import HeaderParameter, JSONBody

from markethall.contracts.order_request import MAX_KEY_CHARACTERS, OrderRequest
from markethall.contracts.public import OrderView
from markethall.kit.db import Database
from markethall.kit.errors import PROBLEM_JSON
from markethall.kit.identity import Identity
from markethall.kit.problems import responses
from markethall.kit.settings import Settings
from markethall.orders.checkout.answers import answer_of
from markethall.orders.checkout.place_order import Checkout
from markethall.orders.checkout.schemas import OrderConflict
from markethall.orders.checkout.settling import settled
from markethall.orders.checkout.wanted import OrderIds, wanted_from
from markethall.orders.fulfilment.live import StatusFeed
from markethall.orders.prefer import patience

IdempotencyKey = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        min_length=1,
        max_length=MAX_KEY_CHARACTERS,
        pattern=r"^[\x20-\x7e]+\Z",
        description="The same key with the same body gives the same order, ever",
    ),
]


@post(
    "/api/orders",
    summary="Buy: a cart, or lines",
    tags=["orders"],
    responses={
        202: ResponseSpec(OrderView, description="Accepted, not settled yet", generate_examples=False),
        **responses(401, 404, 413, 415),
        409: ResponseSpec(
            OrderConflict,
            description="Out of stock, at another price, or cancelled since",
            generate_examples=False,
            media_type=PROBLEM_JSON,
        ),
    },
)
async def place_order(
    data: JSONBody[OrderRequest],
    identity: NamedDependency[Identity | None],
    checkout: NamedDependency[Checkout],
    order_ids: NamedDependency[OrderIds],
    status_feed: NamedDependency[StatusFeed],
    database: NamedDependency[Database],
    settings: NamedDependency[Settings],
    idempotency_key: IdempotencyKey = None,
    prefer: Annotated[str | None, HeaderParameter(name="Prefer")] = None,
) -> Response[OrderView]:
    """Answers 201 once the order is confirmed; 202 if it is still pending after the time that
    `Prefer: wait=N` gives (5 s by default, at most 30; `respond-async`: none); 409 `out_of_stock`
    if it was rejected. The same `Idempotency-Key` with the same body gives the same order, ever."""
    order_id = order_ids.id_for(identity, idempotency_key)
    order = await checkout.place(wanted_from(data, identity, order_id, settings.currency))
    seconds, applied = patience(prefer)
    if order.status == "pending" and seconds:
        order = await settled(order, status_feed, database, seconds)
    status_code, view, headers = answer_of(order, applied)
    return Response(view, status_code=status_code, headers=headers)
