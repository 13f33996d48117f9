"""What inventory says of orders, recorded batch by batch and told to whoever waits."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from asyncpg.pgproto.pgproto import UUID as FastUUID

from markethall.contracts.messages import StockDispatched, StockReleased, StockSettled
from markethall.contracts.topology import ORDERS_STOCK, STOCK_DISPATCHED, STOCK_RELEASED, STOCK_SETTLED
from markethall.kit.bus import Bus
from markethall.kit.consumer import Consumer
from markethall.kit.crash_points import crash_point
from markethall.kit.db import Database
from markethall.kit.repeats import confirm_found
from markethall.orders.fulfilment import repository
from markethall.orders.fulfilment.live import StatusChange, StatusFeed
from markethall.orders.fulfilment.repository import Outcome, Settled
from markethall.orders.order import from_unix_microseconds, unix_microseconds

StockMessage: TypeAlias = StockSettled | StockReleased | StockDispatched


def stock_consumer(bus: Bus, database: Database, feed: StatusFeed) -> Consumer[StockMessage]:
    """Of the durable `orders` on the stream STOCK."""
    recorder = StockRecorder(database, feed)
    return Consumer(
        bus,
        ORDERS_STOCK,
        {STOCK_SETTLED: StockSettled, STOCK_RELEASED: StockReleased, STOCK_DISPATCHED: StockDispatched},
        recorder.apply,
    )


class StockRecorder:
    """Records facts. An order that is not there (yet) is passed over: the reconciler asks for its fact again."""

    def __init__(self, database: Database, feed: StatusFeed) -> None:
        self._database = database
        self._feed = feed

    async def apply(self, messages: Sequence[StockMessage]) -> None:
        # A transaction for each kind of fact: rows are locked in one order within each.
        outcomes = outcomes_in([message for message in messages if isinstance(message, StockSettled)])
        if outcomes:
            settled = await self._settle(outcomes)
            crash_point("orders.settle.after_commit")
            await self._feed.announce(changes_of(settled, outcomes))
        released = _moments([message for message in messages if isinstance(message, StockReleased)])
        if released:
            async with self._database.hot() as connection:
                await repository.record_released(connection, released)
                await confirm_found(connection)
                crash_point("orders.release.before_commit")
        dispatched = _moments([message for message in messages if isinstance(message, StockDispatched)])
        if dispatched:
            async with self._database.hot() as connection:
                await repository.record_dispatched(connection, dispatched)
                await confirm_found(connection)
                crash_point("orders.dispatch.before_commit")

    async def _settle(self, outcomes: dict[UUID, Outcome]) -> list[Settled]:
        crash_point("orders.settle.before_commit")
        if all(outcome.reserved for outcome in outcomes.values()):
            # No cart is filled again: the statement is all there is to do.
            async with self._database.single() as connection:
                settled = await repository.record_settled(connection, outcomes)
            if settled:
                return settled
        async with self._database.hot() as connection:
            settled = await repository.settle(connection, outcomes)
            if not settled:
                await confirm_found(connection)
        return settled


def outcomes_in(messages: Sequence[StockSettled]) -> dict[UUID, Outcome]:
    """By order. Inventory says the same of an order every time, so the first word counts."""
    outcomes: dict[UUID, Outcome] = {}
    for message in messages:
        columns = zip(message.order_ids, message.reserved, message.at, strict=True)
        for index, (raw, reserved, at) in enumerate(columns):
            shortages = message.shortages.get(index, [])
            outcomes.setdefault(FastUUID(raw), Outcome(reserved, from_unix_microseconds(at), shortages))
    return outcomes


def changes_of(settled: Sequence[Settled], outcomes: dict[UUID, Outcome]) -> list[StatusChange]:
    """The orders that have another status now."""
    return [
        StatusChange(
            one.order_id,
            "confirmed" if one.reserved else "rejected",
            unix_microseconds(one.at),
            outcomes[one.order_id].shortages,
        )
        for one in settled
        if not one.cancelled
    ]


def _moments(messages: Sequence[StockReleased | StockDispatched]) -> dict[UUID, datetime]:
    moments: dict[UUID, datetime] = {}
    for message in messages:
        for raw, at in zip(message.order_ids, message.at, strict=True):
            moments.setdefault(FastUUID(raw), from_unix_microseconds(at))
    return moments
