"""What becomes of an order that was accepted: inventory's news of it, or what orders says when there are none.

Most have their outcome in milliseconds, and wait for it without a task or a timer of their own.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from math import inf
from time import monotonic
from typing import Any, NamedTuple

import msgspec
import structlog

from markethall.contracts.internal import OrderDocument, PlaceOrder, PlaceResult
from markethall.front import order_answers
from markethall.front.statuses import Statuses, StatusEvent
from markethall.kit.expiry import Expiry
from markethall.kit.waiters import Subscription

log = structlog.get_logger(__name__)

LOOK_AGAIN_SECONDS = 1.0
LOOK_ONCE_MORE_SECONDS = 1.5
"""Without news for so long an order is read, then once more, and at the end."""
HELD_SECONDS = 5.0
"""For so long, at most, an order that is answered before its outcome keeps its place: nobody can make inventory's
backlog longer than what is under way. While inventory is away, so many orders are accepted in that time."""

Told = Callable[[OrderDocument], None]
Place = Callable[[PlaceOrder], Awaitable[PlaceResult]]


class _Case(NamedTuple):
    """An accepted order whose buyer waits for its outcome."""

    order: OrderDocument
    place: PlaceOrder
    until: float
    told: Told


class Outcomes:
    """
    Args:
        draining: set when nobody may be kept waiting any more; `statuses` are interrupted then.
        place: placing an order again, which reads it.
    """

    def __init__(self, statuses: Statuses, draining: asyncio.Event, place: Place) -> None:
        self._statuses = statuses
        self._draining = draining
        self._place = place
        self._to_be_read = Expiry(LOOK_AGAIN_SECONDS)
        self._held = Expiry(HELD_SECONDS)
        self._looking: set[asyncio.Task[None]] = set()

    def when_known(self, order: OrderDocument, place: PlaceOrder, until: float, told: Told) -> None:
        """`told` is called once: with the order and its outcome, or as it is at the time `until`."""
        if self._draining.is_set():
            told(order)
            return
        news = self._statuses.latest(order.order_id)
        settled = _settled(order, news) if news is not None else None
        if settled is not None:
            told(settled)
            return
        case = _Case(order, place, until, told)
        if news is not None and news.status != "pending":
            self.read(case)
        elif until - monotonic() < LOOK_AGAIN_SECONDS:
            self.look(case)
        else:
            waiting = _Waiting(self, self._statuses, case)
            self._statuses.listen(order.order_id, waiting)
            self._to_be_read.add(waiting)

    def when_over(self, order_id: bytes, then: Callable[[], None]) -> None:
        """`then` is called once: when the order is no longer pending, or in `HELD_SECONDS` at the latest."""
        news = self._statuses.latest(order_id)
        if self._draining.is_set() or (news is not None and news.status != "pending"):
            then()
            return
        held = _Held(self._statuses, order_id, then)
        self._statuses.listen(order_id, held)
        self._held.add(held)

    def read(self, case: _Case) -> None:
        """The news are of a kind that tells too little: the same key reads the order as it is."""

        async def read() -> None:
            case.told(await self._read_again(case.order, case.place))

        self._spawn(read())

    def look(self, case: _Case, *pauses: float) -> None:
        """Without news for so long, in seconds, the order is read, each time; and once more at the end."""

        async def look() -> None:
            case.told(await self._outcome(case, iter(pauses)))

        self._spawn(look())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        looking = asyncio.create_task(work, name="looking into an order")
        self._looking.add(looking)
        looking.add_done_callback(self._looking.discard)

    async def _outcome(self, case: _Case, pauses: Iterator[float]) -> OrderDocument:
        """The order with its outcome, or as it is at the end."""
        order = case.order
        with self._statuses.subscribe(order.order_id) as subscription:
            while True:
                event = await self._news(subscription, min(case.until, monotonic() + next(pauses, inf)))
                settled = _settled(order, event) if event is not None else None
                if settled is not None:
                    return settled
                if event is None and self._draining.is_set():
                    return order
                # The news may have died with whoever was to tell them, or are of another kind.
                order = await self._read_again(order, case.place)
                if order.status != "pending" or event is not None or monotonic() >= case.until:
                    return order

    async def _read_again(self, order: OrderDocument, place: PlaceOrder) -> OrderDocument:
        try:
            result = await self._place(place)
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


class _Waiting:
    """A buyer, who listens for his order's outcome for the first second."""

    __slots__ = ("_case", "_outcomes", "_statuses")

    def __init__(self, outcomes: Outcomes, statuses: Statuses, case: _Case) -> None:
        self._outcomes = outcomes
        self._statuses = statuses
        self._case: _Case | None = case
        """Let go of at the end: what is kept until the second is over grows cold, and costs more to put away."""

    def put(self, event: StatusEvent) -> None:
        if event.status == "pending":
            return
        case = self._end()
        settled = _settled(case.order, event)
        if settled is not None:
            case.told(settled)
        else:
            self._outcomes.read(case)

    def interrupt(self) -> None:
        case = self._end()
        case.told(case.order)

    def expire(self) -> None:
        self._outcomes.look(self._end(), 0.0, LOOK_ONCE_MORE_SECONDS)

    def is_over(self) -> bool:
        return self._case is None

    def _end(self) -> _Case:
        case, self._case = self._case, None
        assert case is not None, "who has ended does not listen"
        self._statuses.leave(case.order.order_id, self)
        return case


class _Held:
    """What is kept for an order whose buyer has been answered before the outcome."""

    __slots__ = ("_is_over", "_order_id", "_statuses", "_then")

    def __init__(self, statuses: Statuses, order_id: bytes, then: Callable[[], None]) -> None:
        self._statuses = statuses
        self._order_id = order_id
        self._then = then
        self._is_over = False

    def put(self, event: StatusEvent) -> None:
        if event.status != "pending":
            self.expire()

    def interrupt(self) -> None:
        self.expire()

    def expire(self) -> None:
        self._is_over = True
        self._statuses.leave(self._order_id, self)
        self._then()

    def is_over(self) -> bool:
        return self._is_over


def _settled(order: OrderDocument, event: StatusEvent) -> OrderDocument | None:
    """The pending order with its outcome; None where the event tells of something else."""
    if event.status == "confirmed":
        with contextlib.suppress(msgspec.MsgspecError):  # not written as we know it: it is read
            return order_answers.confirmed(order, event.at)
    if event.status == "rejected":
        return order_answers.rejected(order, event.shortages)
    return None
