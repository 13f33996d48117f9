"""`POST /internal/orders`: a batch of buyers' orders from front. Front waits for the outcomes itself."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from markethall.contracts.internal import PlaceOrder, PlaceOrders, PlaceResult, PlaceResults
from markethall.contracts.order_request import MAX_LINES, OrderRequest, RequestedLine
from markethall.kit.asgi import ASGIApp, Receive, Scope, Send
from markethall.kit.errors import Problem, TooLarge
from markethall.kit.identity import KeyRing
from markethall.kit.packed import read_packed, send_packed
from markethall.kit.problems import to_problem
from markethall.orders.checkout.answers import result_of
from markethall.orders.checkout.draft import Wanted
from markethall.orders.checkout.place_order import Checkout
from markethall.orders.checkout.wanted import OrderIds, request_from, wanted_from
from markethall.orders.order import Order

MAX_ORDERS = 500


class SoundOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A `PlaceOrder` of lines and nothing else that is what a client may send: checked while it is decoded."""

    key: str
    lines: Annotated[list[RequestedLine], Meta(max_length=MAX_LINES)]
    token: str | None = None
    fingerprint: bytes = b""
    cart_id: None = None
    email: None = None
    shipping_address: None = None
    expected_total: None = None
    request_id: str | None = None


class SoundOrders(msgspec.Struct, frozen=True):
    """A batch of them, as most are."""

    orders: list[SoundOrder]


_decoder = msgspec.msgpack.Decoder(PlaceOrders)
_sound_decoder = msgspec.msgpack.Decoder(SoundOrders)


class InnerOrders:
    """Verifies each order's own token: a refused order does not hold up its neighbours."""

    def __init__(self, checkout: Checkout, order_ids: OrderIds, keys: KeyRing, currency: str) -> None:
        self._checkout = checkout
        self._order_ids = order_ids
        self._keys = keys
        self._currency = currency

    def handler(self) -> ASGIApp:
        """A plain ASGI handler: this is the shop's hottest route."""

        async def place_orders(scope: Scope, receive: Receive, send: Send) -> None:
            orders = await read_packed(scope, receive, read_batch)
            if len(orders) > MAX_ORDERS:
                raise TooLarge(f"At most {MAX_ORDERS} orders at once.")
            await send_packed(send, PlaceResults(await self.place(orders)))

        return place_orders

    async def place(self, orders: Sequence[PlaceOrder | SoundOrder]) -> list[PlaceResult]:
        """In the order of the request."""
        outcomes = [self._wanted(order) for order in orders]
        wishes = [wanted for wanted in outcomes if isinstance(wanted, Wanted)]
        placed = iter(await self._checkout.place_many(wishes))
        return [result_of(_outcome(next(placed)) if isinstance(one, Wanted) else one) for one in outcomes]

    def _wanted(self, order: PlaceOrder | SoundOrder) -> Wanted | Problem:
        try:
            identity = self._keys.verify(order.token) if order.token is not None else None
            if isinstance(order, SoundOrder):
                request = OrderRequest(lines=order.lines)
            else:
                request = request_from(order, self._currency)
            order_id = self._order_ids.id_for(identity, order.key)
            return wanted_from(request, identity, order_id, self._currency)
        except Exception as error:
            return to_problem(error)


def read_batch(body: bytes) -> Sequence[PlaceOrder | SoundOrder]:
    """
    Raises:
        msgspec.DecodeError: it is no batch of orders.
    """
    try:
        return _sound_decoder.decode(body).orders
    except msgspec.DecodeError:
        pass  # one of them at least has more to it: each is looked at by itself
    return _decoder.decode(body).orders


def _outcome(result: Order | Exception) -> Order | Problem:
    return result if isinstance(result, Order) else to_problem(result)
