"""Orders: of one SKU that everybody wants, or baskets of many; waited for, or acknowledged at once."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markethall.bench.case import Facts, Outcome, Ready
from markethall.bench.goods import stock
from markethall.bench.load.pace import MANY, Pace
from markethall.bench.load.requests import Request, request
from markethall.bench.load.seen import Seen
from markethall.bench.subject import Subject

WAIT_SECONDS = 20
BASKETS = 4096
"""Prepared before the run and sent in turn, each time as a new order."""
MAX_LINES = 4


@dataclass(frozen=True)
class Orders:
    """One SKU: an order is one unit of it. More: 1 to 4 lines of 1 to 3 units each."""

    pace: Pace = MANY
    skus: int = 1
    respond_async: bool = False
    seed: int = 1
    unit: str = "orders"
    route: tuple[str, str] = ("POST", "/api/orders")

    @property
    def settings(self) -> Mapping[str, str]:
        return {}

    async def prepare(self, subject: Subject) -> Ready:
        goods = await stock(subject, self.skus)
        requests = self.requests(subject.address, goods.skus)

        async def load(seconds: float) -> Seen:
            return await self.pace.load(subject, requests, seconds)

        return Ready(load, self._judge)

    def requests(self, address: str, skus: Sequence[str]) -> list[Request]:
        """Each is a new order whenever it is sent."""
        prefer = "respond-async" if self.respond_async else f"wait={WAIT_SECONDS}"
        return [
            request("POST", f"{address}/api/orders", headers={"Prefer": prefer}, body={"lines": lines}, keyed=True)
            for lines in self._baskets(skus)
        ]

    def _baskets(self, skus: Sequence[str]) -> list[list[dict[str, object]]]:
        if len(skus) == 1:
            return [[{"sku": skus[0], "quantity": 1}]]
        dice = random.Random(self.seed)
        return [
            [
                {"sku": sku, "quantity": dice.randint(1, 3)}
                for sku in dice.sample(skus, min(len(skus), dice.randint(1, MAX_LINES)))
            ]
            for _ in range(BASKETS)
        ]

    def _judge(self, seen: Seen, facts: Facts) -> Outcome:
        """Done is what buyers were told: confirmed, or taken where that was all they asked for.

        What was under way when the run ended was told to nobody, though the shop counts its answer.
        """
        told = seen.answers - seen.refused
        pending = facts.statuses.get("202", 0)
        if facts.statuses and not self.respond_async:
            told = min(told, facts.statuses.get("201", 0))
        more = {"pending_when_answered_orders": float(pending)} if pending and not self.respond_async else {}
        if facts.counts is None:
            return Outcome(told, told, more=more)
        counts = facts.counts
        if self.respond_async:
            more |= {
                "drained_seconds": round(facts.settled_seconds, 3),
                "drained_rate": round(counts.confirmed / (seen.seconds + facts.settled_seconds), 1),
                "slowest_outcome_seconds": round(counts.slowest_seconds, 3),
            }
        violations = []
        if counts.confirmed < told:
            violations.append(f"{told} orders were acknowledged, the database has {counts.confirmed} confirmed")
        if counts.confirmed < counts.placed:
            said = f"{counts.confirmed} were confirmed and {counts.rejected} rejected"
            violations.append(f"of {counts.placed} orders {said}, with plenty in stock")
        return Outcome(told, counts.placed, more=more, violations=tuple(violations))
