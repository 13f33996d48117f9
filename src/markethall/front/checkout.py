"""`POST /api/orders`: gathers orders into batches, then waits with each buyer for the outcome.

One request is under way to orders at a time and carries all that had gathered. Every order in
it has an idempotency key, so a batch whose answer was lost is simply sent again.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from math import inf
from time import monotonic

import msgspec
import structlog

from markethall.contracts.internal import (
    PLACE_ORDERS_PATH,
    OrderDocument,
    PlaceOrder,
    PlaceOrders,
    PlaceResult,
    PlaceResults,
    Refusal,
)
from markethall.front import order_answers
from markethall.front.inner import decoded
from markethall.front.order_requests import OrderCall, bearer_token, read_order
from markethall.front.places import Places, TooBusy
from markethall.front.statuses import Statuses, StatusEvent
from markethall.front.upstream import respond
from markethall.kit.asgi import Receive, Reply, Scope, Send, header, read_body
from markethall.kit.balancing import Balancer, ServiceUnavailable
from markethall.kit.errors import Internal
from markethall.kit.group_commit import GroupCommit
from markethall.kit.http_exchange import WHOLE_BODY
from markethall.kit.settings import Settings
from markethall.kit.waiters import Subscription

log = structlog.get_logger(__name__)

MAX_BATCH = 500
GATHER_SECONDS = 0.005
"""At most; usually those who were answered together order again together, and sooner."""
DEADLINE_SECONDS = 8.0
ATTEMPT_SECONDS = 3.0
HELD_SECONDS = 5.0
"""For so long, at most, an order that is answered before its outcome keeps its place: nobody can make inventory's
backlog longer than what is under way. While inventory is away, so many orders are accepted in that time."""
LOOK_AGAIN_SECONDS = (1.0, 1.5)
"""Without news for so long an order is read, and then once more; most have their outcome in milliseconds."""


RETRY_SECONDS = (1, 2, 3)
"""When to come again: by chance one of these, so that those who were turned away together do not return together."""

ShortCut = Callable[[OrderCall], Reply | None]

_results = msgspec.msgpack.Decoder(PlaceResults)


class Checkout:
    """The plain ASGI handler of `POST /api/orders`."""

    def __init__(
        self, balancer: Balancer, statuses: Statuses, settings: Settings, draining: asyncio.Event, short_cut: ShortCut
    ) -> None:
        self._balancer = balancer
        self._statuses = statuses
        self._settings = settings
        self._draining = draining
        self._short_cut = short_cut
        self._group = GroupCommit[PlaceOrder, PlaceResult](
            self._place,
            max_batch=MAX_BATCH,
            gather_seconds=GATHER_SECONDS,
            enough=self._are_half,
        )
        self._places = Places(settings.orders_under_way)
        self._keeping: set[asyncio.Task[None]] = set()
        self._under_way = 0
        """Buyers who wait: for their batch to leave, or for the outcome."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._places.are_short():
            refusal = random.choice(_REFUSALS)
            await respond(send, refusal.status, refusal.headers, refusal.body)
            return
        settings = self._settings
        body = await read_body(scope, receive, settings.max_body_bytes, settings.body_timeout_seconds)
        call = read_order(scope, body, settings.currency, bearer_token(scope))
        reply = _with_preference(call, self._short_cut(call) or await self.answer(call))
        await respond(send, reply.status, reply.headers, reply.body)

    def at_once(self, scope: Scope) -> Reply | None:
        """What can be said without asking orders: that there is no place, or, without cookies, that it is sold out.

        Raises:
            Problem: as `read_order` and the short cut do.
        """
        if self._places.are_short():
            return random.choice(_REFUSALS)
        body: bytes = scope[WHOLE_BODY]
        if any(header(scope, name) is not None for name in _NOT_AT_ONCE) or len(body) > self._settings.max_body_bytes:
            return None
        call = read_order(scope, body, self._settings.currency, bearer_token(scope))
        reply = self._short_cut(call)
        return _with_preference(call, reply) if reply is not None else None

    async def answer(self, call: OrderCall) -> Reply:
        """Place the order and tell how it went, as far as that is known in time."""
        began = monotonic()
        self._places.take()
        self._under_way += 1
        pending: OrderDocument | None = None
        try:
            result = await self._group.submit(call.place)
            self._places.accepted(monotonic() - began)
            if result.order is None:
                return order_answers.of_refusal(result.refusal or _NOTHING_SAID)
            order = result.order
            if order.status == "pending" and call.wait_seconds:
                order = await self._settled(order, call.place, began + call.wait_seconds)
            if order.status == "pending":
                pending = order
            return order_answers.of_order(order)
        finally:
            self._under_way -= 1
            if pending is None:
                self._places.give_back()
            else:
                self._keep_place(pending, began + HELD_SECONDS)

    def _keep_place(self, order: OrderDocument, until: float) -> None:
        async def keep() -> None:
            try:
                with self._statuses.subscribe(order.order_id) as subscription:
                    await self._news(subscription, until)
            finally:
                self._places.give_back()

        keeping = asyncio.create_task(keep())
        self._keeping.add(keeping)
        keeping.add_done_callback(self._keeping.discard)

    def _are_half(self, waiting: int) -> bool:
        """A batch costs the shop what dozens of orders in it do. With half of the buyers in each, one is carried while
        the next one gathers; a single buyer waits for nobody."""
        return 2 * waiting >= self._under_way

    async def _settled(self, order: OrderDocument, place: PlaceOrder, deadline: float) -> OrderDocument:
        """The order with its outcome, or still pending at the deadline."""
        pauses = iter(LOOK_AGAIN_SECONDS)
        with self._statuses.subscribe(order.order_id) as subscription:
            while True:
                event = await self._news(subscription, min(deadline, monotonic() + next(pauses, inf)))
                if event is not None and event.status == "confirmed":
                    return order_answers.confirmed(order, event.at)
                if event is not None and event.status == "rejected":
                    return order_answers.rejected(order, event.shortages)
                if event is None and self._draining.is_set():
                    return order
                # The news may have died with whoever was to tell them, or are of another kind: the same key
                # reads the order as it is.
                order = await self._read_again(order, place)
                if order.status != "pending" or event is not None or monotonic() >= deadline:
                    return order

    async def _read_again(self, order: OrderDocument, place: PlaceOrder) -> OrderDocument:
        try:
            result = await self._group.submit(place)
        except Exception as error:
            log.info("order not read again", reason=repr(error))
            return order
        return result.order or order

    async def _news(self, subscription: Subscription[StatusEvent], until: float) -> StatusEvent | None:
        """The first that say it is no longer pending."""
        while not self._draining.is_set() and (left := until - monotonic()) > 0:
            event = await subscription.next(left)
            if event is not None and event.status != "pending":
                return event
        return None

    async def _place(self, orders: Sequence[PlaceOrder]) -> Sequence[PlaceResult | Exception]:
        """One batch to any replica of orders."""
        answer = await self._balancer.request(
            "orders",
            "POST",
            PLACE_ORDERS_PATH,
            headers={"content-type": "application/msgpack"},
            body=msgspec.msgpack.encode(PlaceOrders(list(orders))),
            repeatable=True,
            deadline_seconds=DEADLINE_SECONDS,
            attempt_seconds=ATTEMPT_SECONDS,
        )
        if answer.status == 200:
            return decoded(_results, answer).results
        if answer.status == 503:
            raise ServiceUnavailable("Orders cannot be taken just now; a retry with the same key is safe.")
        if len(orders) > 1:
            # One order that cannot be handled must not take the others with it.
            middle = len(orders) // 2
            return [*await self._place(orders[:middle]), *await self._place(orders[middle:])]
        log.error("orders refused an order", status=answer.status, body=answer.body[:500].decode(errors="replace"))
        return [Internal()]


def _with_preference(call: OrderCall, reply: Reply) -> Reply:
    if call.preference_applied is not None:
        reply.headers.append((b"preference-applied", call.preference_applied.encode()))
    return reply


_NOT_AT_ONCE = (b"idempotency-key", b"cookie")
"""The short cut is for orders without a key; a cookie has to be looked into first."""
_NOTHING_SAID = Refusal(500, "internal", "Something went wrong", "Something went wrong")
_REFUSALS = [order_answers.of_problem(TooBusy(retry_after_seconds=seconds)) for seconds in RETRY_SECONDS]
"""Written once: who cannot be served must cost next to nothing, for there are many of them."""
