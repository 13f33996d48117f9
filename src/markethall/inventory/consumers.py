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
from markethall.kit.outbox import Written
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
            self._relay.hand_over(await self._decide(portion))

    async def _decide(self, commands: Sequence[Command]) -> list[Written]:
        # Nearly always nobody has decided about these orders: that is found out by writing, not by reading first.
        read_first = not all(isinstance(command, OrdersPlaced) for command in commands)
        for attempt in range(ATTEMPTS):
            try:
                async with self._database.hot() as connection:
                    decisions, said = await decide(connection, commands, self._allocate, read_first=read_first)
                    crash_point("inventory.decide.before_commit")
                crash_point("inventory.decide.after_commit")
            except (Overtaken, asyncpg.UniqueViolationError) as error:
                # The other replica has committed: the next look sees what it decided.
                if read_first:
                    log.info("overtaken", reason=str(error) or type(error).__name__)
                    await asyncio.sleep(random.uniform(0, 0.005 * 2**attempt))
                read_first = True
                continue
            if decisions.out_of_turn:
                first, reason = decisions.out_of_turn[0]
                log.warning("out of turn", commands=len(decisions.out_of_turn), order_id=first.hex(), reason=reason)
            return said
        raise Contended()


async def decide(
    connection: batches.Connection, commands: Sequence[Command], allocate: Allocate, *, read_first: bool = True
) -> tuple[Decisions, list[Written]]:
    """Lock, read, decide, write; the caller commits. `read_first` may be left out of orders placed: where one of
    them was decided before, the write fails, and nothing is kept.

    Returns:
        What was decided, and what stands in the outbox about it.

    Raises:
        Overtaken, asyncpg.UniqueViolationError: roll back, and try again with `read_first`.
    """
    ending = {order_id for each in commands if not isinstance(each, OrdersPlaced) for order_id in each.order_ids}
    to_return = await batches.read_reservations(connection, ending) if ending else {}
    levels = await batches.lock_levels(connection, skus_of(commands, to_return))
    order_ids = {order_id for each in commands for order_id in each.order_ids} if read_first else set()
    decided = await batches.read_reservations(connection, order_ids) if order_ids else {}
    if not skus_of((), decided) <= levels.keys():
        raise Overtaken("reserved meanwhile")
    now = time.time_ns() // 1000
    decisions = Decisions(levels, decided, now, allocate)
    for command in commands:
        decisions.decide(command)
    changes = decisions.changes()
    said = await batches.write(connection, decisions, changes, now, answers(decisions, changes))
    return decisions, said


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
