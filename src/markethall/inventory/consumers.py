"""Orders placed, cancelled and fulfilled: many messages, one transaction.

How it stays right when two replicas handle the same orders at once: docs/decisions/0009-how-stock-is-locked.md.
"""

import asyncio
import random
import time
from collections.abc import Iterator, Sequence
from typing import Any

import asyncpg
import structlog

from markethall.contracts.messages import OrdersCancelled, OrdersFulfilled, OrdersPlaced
from markethall.contracts.topology import INVENTORY_ORDERS, ORDERS_CANCELLED, ORDERS_FULFILLED, ORDERS_PLACED
from markethall.inventory import batches
from markethall.inventory.allocation import allocate
from markethall.inventory.answers import answers
from markethall.inventory.decisions import Allocate, Command, Decisions, skus_of
from markethall.kit.bus import Bus
from markethall.kit.consumer import Consumer
from markethall.kit.crash_points import crash_point
from markethall.kit.db import Database
from markethall.kit.errors import Unavailable
from markethall.kit.relay import Relay

log = structlog.get_logger(__name__)

MAX_LINES = 20_000
"""Lines of orders in one transaction, unless one message alone has more."""
ATTEMPTS = 6


class Overtaken(Exception):
    """Another replica decided one of these orders between our reading and our locking."""


class Contended(Unavailable):
    """Overtaken again and again: the batch comes again later."""

    code = "contended"


class OrderDecider:
    """Applies what orders says to stock, and answers each of its commands."""

    def __init__(self, database: Database, relay: Relay, allocate: Allocate = allocate) -> None:
        self._database = database
        self._relay = relay
        self._allocate = allocate

    def consumer(self, bus: Bus) -> Consumer[Command]:
        types: dict[str, type[Any]] = {
            ORDERS_PLACED: OrdersPlaced,
            ORDERS_CANCELLED: OrdersCancelled,
            ORDERS_FULFILLED: OrdersFulfilled,
        }
        return Consumer(bus, INVENTORY_ORDERS, types, self.apply)

    async def apply(self, commands: Sequence[Command]) -> None:
        """
        Raises:
            DatabaseUnavailable, Contended: may pass; nothing of the portion it happened in was kept.
        """
        for portion in portions(commands):
            await self._decide(portion)
            self._relay.wake()

    async def _decide(self, commands: Sequence[Command]) -> None:
        for attempt in range(ATTEMPTS):
            try:
                async with self._database.hot() as connection:
                    decisions = await decide(connection, commands, self._allocate)
                    crash_point("inventory.decide.before_commit")
                crash_point("inventory.decide.after_commit")
            except (Overtaken, asyncpg.UniqueViolationError) as error:
                # The other replica has committed: the next look sees what it decided.
                log.info("overtaken", reason=str(error) or type(error).__name__)
                await asyncio.sleep(random.uniform(0, 0.005 * 2**attempt))
                continue
            if decisions.out_of_turn:
                first, reason = decisions.out_of_turn[0]
                log.warning("out of turn", commands=len(decisions.out_of_turn), order_id=first.hex(), reason=reason)
            return
        raise Contended()


async def decide(connection: batches.Connection, commands: Sequence[Command], allocate: Allocate) -> Decisions:
    """Lock, read, decide, write; the caller commits.

    Raises:
        Overtaken, asyncpg.UniqueViolationError: roll back and try again.
    """
    ending = {order_id for each in commands if not isinstance(each, OrdersPlaced) for order_id in each.order_ids}
    to_return = await batches.read_reservations(connection, ending) if ending else {}
    levels = await batches.lock_levels(connection, skus_of(commands, to_return))
    order_ids = {order_id for each in commands for order_id in each.order_ids}
    decided = await batches.read_reservations(connection, order_ids)
    if not skus_of((), decided) <= levels.keys():
        raise Overtaken("reserved meanwhile")
    now = time.time_ns() // 1000
    decisions = Decisions(levels, decided, now, allocate)
    for command in commands:
        decisions.decide(command)
    changes = decisions.changes()
    await batches.write(connection, decisions, changes, now, answers(decisions, changes))
    return decisions


def portions(commands: Sequence[Command]) -> Iterator[list[Command]]:
    """The commands in turn, as many in each portion as one transaction should bear."""
    portion: list[Command] = []
    weight = 0
    for command in commands:
        own = len(command.skus) if isinstance(command, OrdersPlaced) else len(command.order_ids)
        if portion and weight + own > MAX_LINES:
            yield portion
            portion, weight = [], 0
        portion.append(command)
        weight += own
    if portion:
        yield portion
