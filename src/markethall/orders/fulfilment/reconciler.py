"""What inventory has not answered for 5 s is said again, so that losing all that is on the bus loses nothing.

Every question has an answering fact: placed → reserved or rejected, cancel_asked → released,
fulfil_asked → dispatched. Finding unanswered ones must not cost the hot path an index: all
orders below a number, the watermark, are known to be answered, and the rest is walked by number.
"""

from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

import msgspec
import structlog

from markethall.contracts.messages import OrdersCancelled, OrdersFulfilled
from markethall.contracts.topology import ORDERS_CANCELLED, ORDERS_FULFILLED
from markethall.kit.db import Database
from markethall.kit.outbox import OutboxMessage, enqueue_hot
from markethall.kit.relay import Relay
from markethall.kit.tasks import Periodic
from markethall.orders.connection import Connection
from markethall.orders.fulfilment import reconciliation
from markethall.orders.fulfilment.reconciliation import State
from markethall.orders.fulfilment.waiting import is_due
from markethall.orders.placed import outbox_messages

log = structlog.get_logger(__name__)

INTERVAL_SECONDS = 2.0
RIPE_SECONDS = 10.0
"""An order younger than this may have a neighbour with a lower number that is not committed yet: a
checkout gives up after 8 s (`place_order.COMMIT_SECONDS`)."""
UNDELIVERED_SECONDS = 5.0
CHUNK_ORDERS = 20_000
CHUNKS_PER_LOOK = 20
CHUNK_QUESTIONS = 5_000


class Reconciler:
    """Looks every two seconds, one replica at a time. Its state is in the database, so any replica goes on."""

    def __init__(self, database: Database, relay: Relay) -> None:
        self._database = database
        self._relay = relay
        self._periodic = Periodic("reconciler", self.look, INTERVAL_SECONDS)

    async def __aenter__(self) -> Self:
        await self._periodic.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._periodic.__aexit__(kind, error, trace)

    async def look(self) -> None:
        """A walk over all orders that may be unanswered, or a part of it if there are very many."""
        for _ in range(CHUNKS_PER_LOOK):
            if not await self._look():
                return

    async def _look(self) -> bool:
        """One chunk of a walk; whether there is another. A walk covers the time since the one before began."""
        async with self._database.hot() as connection:
            state = await reconciliation.lock(connection)
            # What still stands in the outbox is not lost, only late.
            if state is None or await reconciliation.undelivered_for(connection, UNDELIVERED_SECONDS):
                return False
            messages, state = await self._walk(connection, state)
            await enqueue_hot(connection, messages)
            await reconciliation.save(connection, state)
        if messages:
            self._relay.wake()
        return state.position is not None

    async def _walk(self, connection: Connection, state: State) -> tuple[list[OutboxMessage], State]:
        begins = state.position is None
        since, until = (state.until, state.now) if begins else (state.since, state.until)
        start = state.settled_below if state.position is None else state.position
        chunk = await reconciliation.walk(connection, start, CHUNK_ORDERS, ripe_before=_before(state.now, RIPE_SECONDS))
        due = [order for order in chunk.open if is_due(order.asked_at, since, until)]
        if due:
            log.info("asking inventory again for the outcome", orders=len(due))
        lines = await reconciliation.lines_of(connection, [order.id for order in due])
        messages = outbox_messages(lines)
        ends = chunk.count < CHUNK_ORDERS
        if ends:
            messages += await self._other_questions(connection, since, until)
        return messages, State(
            settled_below=chunk.settled_below if start == state.settled_below else state.settled_below,
            position=None if ends else chunk.next_number,
            since=since,
            until=until,
            now=state.now,
        )

    async def _other_questions(self, connection: Connection, since: datetime, until: datetime) -> list[OutboxMessage]:
        messages = []
        unreleased = await reconciliation.unreleased(connection, CHUNK_QUESTIONS)
        if due := [order.id.bytes for order in unreleased if is_due(order.asked_at, since, until)]:
            messages.append(OutboxMessage(ORDERS_CANCELLED, msgspec.msgpack.encode(OrdersCancelled(due))))
        undispatched = await reconciliation.undispatched(connection, CHUNK_QUESTIONS)
        if due := [order.id.bytes for order in undispatched if is_due(order.asked_at, since, until)]:
            messages.append(OutboxMessage(ORDERS_FULFILLED, msgspec.msgpack.encode(OrdersFulfilled(due))))
        return messages


def _before(moment: datetime, seconds: float) -> datetime:
    return moment - timedelta(seconds=seconds)
