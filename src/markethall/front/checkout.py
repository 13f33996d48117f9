"""`POST /api/orders`: gathers orders into batches, and tells each buyer the outcome.

One request is under way to orders at a time and carries all that had gathered. Every order in
it has an idempotency key, so a batch whose answer was lost is simply sent again.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from functools import partial
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
from markethall.front.order_answers import Known, known
from markethall.front.order_requests import OrderCall, read_order
from markethall.front.outcomes import Outcomes
from markethall.front.places import Places, TooBusy
from markethall.front.statuses import Statuses
from markethall.front.upstream import respond
from markethall.kit.asgi import LATER, Later, Receive, Reply, Scope, Send, Tell, header, read_body
from markethall.kit.balancing import Balancer, ServiceUnavailable
from markethall.kit.errors import Internal
from markethall.kit.group_commit import GroupCommit
from markethall.kit.http_exchange import WHOLE_BODY, Prepared
from markethall.kit.settings import Settings

log = structlog.get_logger(__name__)

MAX_BATCH = 500
WORTH_HALVING = 64
"""A batch costs what some thirty orders do, however small it is: fewer than so many stay together."""
GATHER_SECONDS = 0.005
"""At most; usually those who were answered together order again together, and sooner."""
DEADLINE_SECONDS = 8.0
ATTEMPT_SECONDS = 3.0
RETRY_SECONDS = (1, 2, 3)
"""When to come again: by chance one of these, so that those who were turned away together do not return together."""

ORDERS = b"/api/orders"
"""As nearly everybody writes it."""

ShortCut = Callable[[OrderCall], Known | None]

_results = msgspec.msgpack.Decoder(PlaceResults)


class Checkout:
    """The plain ASGI handler of `POST /api/orders`."""

    def __init__(
        self, balancer: Balancer, statuses: Statuses, settings: Settings, draining: asyncio.Event, short_cut: ShortCut
    ) -> None:
        self._balancer = balancer
        self._settings = settings
        self._short_cut = short_cut
        self._group = GroupCommit[PlaceOrder, PlaceResult](
            self._place,
            max_batch=MAX_BATCH,
            gather_seconds=GATHER_SECONDS,
            enough=self._are_half,
            most=self._most,
        )
        self._outcomes = Outcomes(statuses, draining, self._group.submit)
        self._places = Places(settings.orders_under_way)
        self._under_way = 0
        """Buyers who wait: for their batch to leave, or for the outcome."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._places.are_short():
            status, answer, headers = random.choice(_REFUSALS).reply
            await respond(send, status, headers, answer)
            return
        settings = self._settings
        body = await read_body(scope, receive, settings.max_body_bytes, settings.body_timeout_seconds)
        told: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        taken = self._take(scope, body, partial(_into, told))
        reply = taken.reply if isinstance(taken, Known) else taken
        status, answer, headers = await told if reply is LATER else reply
        await respond(send, status, headers, answer)

    def refusal(self) -> Prepared | None:
        """Where there is no place. Whoever cannot be served must cost next to nothing, for there are many of them."""
        return random.choice(_REFUSALS).prepared if self._places.are_short() else None

    def at_once(self, scope: Scope, tell: Tell) -> Reply | Prepared | Later | None:
        """
        Raises:
            Problem: as `read_order` and the short cut do, and TooBusy.
        """
        body: bytes = scope[WHOLE_BODY]
        if header(scope, b"cookie") is not None or len(body) > self._settings.max_body_bytes:
            return None
        taken = self._take(scope, body, tell)
        return taken.prepared if isinstance(taken, Known) else taken

    def _take(self, scope: Scope, body: bytes, tell: Tell) -> Known | Reply | Later:
        """Place the order, and `tell` later how it went, as far as that is known in time; or refuse it."""
        call = read_order(scope, body, self._settings.currency)
        refusal = self._short_cut(call)
        if refusal is not None:
            return refusal if call.preference_applied is None else _with_preference(call, refusal.reply)
        self._places.take()
        self._under_way += 1
        try:
            place = call.place()
            self._group.put(place, _Buyer(self, call, place, tell))
        except Exception:
            self._under_way -= 1
            self._places.give_back()
            raise
        return LATER

    def placed(self, buyer: "_Buyer", result: PlaceResult) -> None:
        self._places.accepted(monotonic() - buyer.began)
        if result.order is None:
            self.tell(buyer, order_answers.of_refusal(result.refusal or _NOTHING_SAID))
        elif result.order.status == "pending" and (seconds := buyer.call.wait_seconds):
            self._outcomes.when_known(result.order, buyer.place, buyer.began + seconds, buyer.tell_of)
        else:
            buyer.tell_of(result.order)

    def tell(self, buyer: "_Buyer", reply: Reply | Exception, pending: bytes | None = None) -> None:
        """The end of it for the buyer; an order that is still `pending` keeps its place. Raises nothing, for who calls
        it has others to tell."""
        self._under_way -= 1
        if pending is None:
            self._places.give_back()
        else:
            self._outcomes.when_over(pending, self._places.give_back)
        try:
            buyer.tell(reply if isinstance(reply, Exception) else _with_preference(buyer.call, reply))
        except Exception as error:
            log.error("answer broken off", exc_info=error)

    def _are_half(self, waiting: int) -> bool:
        """A batch costs the shop what dozens of orders in it do. With half of the buyers in each, one is carried while
        the next one gathers; a single buyer waits for nobody."""
        return 2 * waiting >= self._under_way

    def _most(self) -> int:
        """Those who were answered together come again together, between two looks of ours. If all of them went in one
        batch, orders would have nothing to do while inventory has, and the other way round, for ever after."""
        half = -(-self._under_way // 2)
        return min(half, MAX_BATCH) if half >= WORTH_HALVING else MAX_BATCH

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


class _Buyer:
    """One who waits for an answer: for his batch to come back, and then for the outcome."""

    __slots__ = ("_checkout", "began", "call", "place", "tell")

    def __init__(self, checkout: Checkout, call: OrderCall, place: PlaceOrder, tell: Tell) -> None:
        self._checkout = checkout
        self.call = call
        self.place = place
        self.tell = tell
        self.began = monotonic()

    def done(self) -> bool:
        return False

    def set_result(self, result: PlaceResult) -> None:
        try:
            self._checkout.placed(self, result)
        except Exception as error:
            self.set_exception(error)

    def set_exception(self, error: Exception) -> None:
        self._checkout.tell(self, error)

    def tell_of(self, order: OrderDocument) -> None:
        self._checkout.tell(self, order_answers.of_order(order), order.order_id if order.status == "pending" else None)


def _into(told: "asyncio.Future[Reply]", reply: Reply | Exception) -> None:
    if told.done():  # nobody waits any more
        return
    if isinstance(reply, Exception):
        told.set_exception(reply)
    else:
        told.set_result(reply)


def _with_preference(call: OrderCall, reply: Reply) -> Reply:
    if call.preference_applied is None:
        return reply
    return Reply(reply.status, reply.body, [*reply.headers, (b"preference-applied", call.preference_applied.encode())])


_NOTHING_SAID = Refusal(500, "internal", "Something went wrong", "Something went wrong")
_REFUSALS = [known(order_answers.of_problem(TooBusy(retry_after_seconds=seconds))) for seconds in RETRY_SECONDS]
