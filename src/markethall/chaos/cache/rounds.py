"""Buyers one by one: each asks, waits for the answer, and asks again, over one connection that stays open."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from markethall.chaos.cache.comparison import difference
from markethall.chaos.cache.use import Cache
from markethall.chaos.history import Call, Request
from markethall.chaos.judges.figures import is_served
from markethall.chaos.workload import order_of
from markethall.chaos.workload.reading import Reading
from markethall.chaos.workload.wire import Wire

WAIT_SECONDS = 5
"""How long the shop may wait for an order's outcome: what it waits anyway."""
MAX_FAILURES = 3
"""Then a buyer leaves: of a shop that does not answer no more is to be learned."""


class Buyer:
    """One client of one shop. `wire` is its alone, and as it never asks twice at once, that is one connection."""

    def __init__(self, name: str, wire: Wire) -> None:
        self.name = name
        self.failures = 0
        self.wire = wire
        self._reading = Reading(wire, wire.url)

    @property
    def has_left(self) -> bool:
        return self.failures >= MAX_FAILURES

    async def query(self, slug: str) -> Call:
        return self._noted(await self._reading.product(self.name, slug))

    async def buy(self, sku: str, key: str) -> Call:
        request = Request("POST", "/api/orders", {"lines": [{"sku": sku, "quantity": 1}]}, key)
        headers = {"Prefer": f"wait={WAIT_SECONDS}"}
        return self._noted(await self.wire.call(self.name, "place", request, headers, wait_seconds=WAIT_SECONDS))

    async def look_up(self, order_id: str) -> Call:
        return self._noted(await self._reading.order(self.name, order_id, None))

    def _noted(self, call: Call) -> Call:
        self.failures += not is_served(call)
        return call


@dataclass
class Visit:
    """What one buyer does at one probability of buying. What is chosen follows from `dice`."""

    buyer: Buyer
    slugs: Sequence[str]
    percent: int
    dice: random.Random
    keys: str
    """What this visit's idempotency keys begin with."""
    queries: list[Call] = field(default_factory=list)
    buys: list[Call] = field(default_factory=list)
    lookups: list[Call] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)

    @property
    def orders(self) -> list[Call]:
        """The buys that were answered with an order, confirmed or not."""
        return [call for call in self.buys if order_of(call) is not None]

    async def shop(self, rounds: int) -> None:
        for _ in range(rounds):
            if not self.buyer.has_left:
                await self._round()

    async def read_back(self, turn: int, turns: int) -> None:
        """The orders that come in this turn (from 1) if each of `turns` has as many."""
        orders = self.orders
        for placed in orders[len(self.lookups) : len(orders) * turn // turns]:
            if not self.buyer.has_left:
                read = await self.buyer.look_up(order_of(placed) or "")
                self.lookups.append(read)
                if found := difference(placed, read):
                    self.differences.append(found)

    async def _round(self) -> None:
        """A random toy; if it is in stock, one of its variants, with the probability of this visit.

        The dice fall alike whatever the answers are: the same visit to another shop wants the same.
        """
        slug, choice, mood = self.dice.choice(self.slugs), self.dice.random(), self.dice.random()
        seen = await self.buyer.query(slug)
        self.queries.append(seen)
        in_stock = sorted(sku for sku, number in seen.answer.get("available", {}).items() if number)
        if in_stock and mood * 100 < self.percent:
            sku = in_stock[int(choice * len(in_stock))]
            self.buys.append(await self.buyer.buy(sku, f"{self.keys}-{len(self.buys)}"))


@dataclass(frozen=True)
class Trial:
    """One shop at one probability of buying: all its buyers, at once."""

    cache: Cache
    percent: int
    visits: list[Visit]

    @property
    def queries(self) -> list[Call]:
        return [call for visit in self.visits for call in visit.queries]

    @property
    def buys(self) -> list[Call]:
        return [call for visit in self.visits for call in visit.buys]

    @property
    def lookups(self) -> list[Call]:
        return [call for visit in self.visits for call in visit.lookups]

    @property
    def orders(self) -> int:
        """How many have to be there."""
        return sum(len(visit.orders) for visit in self.visits)

    async def shop(self, rounds: int) -> None:
        """`rounds` of each buyer."""
        await asyncio.gather(*(visit.shop(rounds) for visit in self.visits))

    async def read_back(self, turn: int, turns: int) -> None:
        """The share of each buyer's orders that comes in this turn, so that after the last all have been read."""
        await asyncio.gather(*(visit.read_back(turn, turns) for visit in self.visits))
