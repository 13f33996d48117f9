"""An order's status as server-sent events."""

import time
from collections.abc import AsyncIterator

import msgspec

from markethall.contracts.public import FINAL_STATUSES
from markethall.kit.db import Database
from markethall.kit.errors import Unavailable
from markethall.orders.fulfilment.live import StatusFeed
from markethall.orders.fulfilment.status import Step, history_of, reason_of, status_of
from markethall.orders.history.repository import find
from markethall.orders.history.schemas import StatusEvent
from markethall.orders.order import Order, rfc3339

LOOK_AGAIN_SECONDS = 3.0
"""A notice may be lost: the order itself is looked at so often."""
HEARTBEAT_SECONDS = 10.0
MAX_STREAMS = 10_000
"""Open at once on one replica."""

RETRY = b"retry: 500\n\n"
HEARTBEAT = b": still here\n\n"


class StatusStreams:
    """Each order's history as events: the place in the history is the event's id."""

    def __init__(self, database: Database, feed: StatusFeed) -> None:
        self._database = database
        self._feed = feed
        self._open = 0

    def check_room(self) -> None:
        """
        Raises:
            Unavailable: too many streams are open.
        """
        if self._open >= MAX_STREAMS:
            raise Unavailable("Too many streams are open.")

    async def events(self, order: Order, last_seen: int | None) -> AsyncIterator[bytes]:
        """From what follows `last_seen`; without it, from the present status. Ends after a final status,
        and when the replica is about to stop: a client then connects again, to another one."""
        self._open += 1
        try:
            async for event in self._events(order, last_seen):
                yield event
        finally:
            self._open -= 1

    async def _events(self, order: Order, last_seen: int | None) -> AsyncIterator[bytes]:
        yield RETRY
        with self._feed.subscribe(order.id, with_latest=False) as news:
            order = await self._look(order)
            position = len(history_of(order.facts)) - 2 if last_seen is None else last_seen
            quiet_since = time.monotonic()
            while True:
                steps = history_of(order.facts)
                for index in range(max(position + 1, 0), len(steps)):
                    yield encode(order, index, steps[index])
                    position, quiet_since = index, time.monotonic()
                if status_of(order.facts) in FINAL_STATUSES or self._feed.draining.is_set():
                    return
                if time.monotonic() - quiet_since >= HEARTBEAT_SECONDS:
                    yield HEARTBEAT
                    quiet_since = time.monotonic()
                await news.next(LOOK_AGAIN_SECONDS)
                order = await self._look(order)

    async def _look(self, order: Order) -> Order:
        try:
            return await find(self._database, order.id) or order
        except Unavailable:
            return order


def encode(order: Order, position: int, step: Step) -> bytes:
    event = StatusEvent(str(order.id), order.number, step.status, rfc3339(step.at), reason_of(step.status))
    data = msgspec.json.encode(event)
    return b"id: %d\nevent: status\ndata: %b\n\n" % (position, data)


def last_seen_from(header: str | None) -> int | None:
    """From `Last-Event-ID`; what is no id of ours counts as none."""
    if header is None or not (header.isascii() and header.isdigit()) or len(header) > 4:
        return None
    return int(header)


def all_seen(order: Order, last_seen: int | None) -> bool:
    """Whether nothing will ever follow."""
    return last_seen is not None and order.status in FINAL_STATUSES and last_seen >= len(history_of(order.facts)) - 1
