"""Orders for what is sold out, refused by the front itself (`markethall.front.sold_out`)."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic

import aiohttp

from markethall.bench.case import Facts, Outcome, Ready
from markethall.bench.errors import CannotMeasure
from markethall.bench.goods import stock
from markethall.bench.load.pace import SOME, Pace
from markethall.bench.load.requests import request
from markethall.bench.load.seen import Seen
from markethall.bench.subject import Subject

KNOWN_SECONDS = 10.0
SHORT_CUT = "sold-out"
"""In `Cache-Status` of what the short cut answers."""


@dataclass(frozen=True)
class SoldOut:
    """Without an `Idempotency-Key`: with one, a refusal could be the repeat of an order that was taken."""

    pace: Pace = SOME
    unit: str = "refusals"
    route: tuple[str, str] = ("POST", "/api/orders")

    @property
    def settings(self) -> Mapping[str, str]:
        return {}

    async def prepare(self, subject: Subject) -> Ready:
        goods = await stock(subject, 1, units=1)
        body = {"lines": [{"sku": goods.skus[0], "quantity": 1}]}
        await subject.call("POST", "/api/orders", body)
        await _until_known(subject, body)
        requests = [request("POST", f"{subject.address}/api/orders", body=body)]

        async def load(seconds: float) -> Seen:
            return await self.pace.load(subject, requests, seconds)

        return Ready(load, self._judge)

    def _judge(self, seen: Seen, facts: Facts) -> Outcome:
        refused = facts.statuses.get("409", 0)
        done = min(seen.answers, refused)
        violations = []
        if sold := facts.statuses.get("201", 0):
            violations.append(f"{sold} orders of what is sold out were confirmed")
        # Past the short cut an order is placed, and rejected.
        placed = facts.counts.placed if facts.counts else 0
        more = {"placed_orders": float(placed)} if placed else {}
        strange = sum(facts.statuses.values()) - refused
        return Outcome(done, refused, refused=strange, more=more, violations=tuple(violations))


async def _until_known(subject: Subject, body: object) -> None:
    """Every front has heard of it within moments. Raises CannotMeasure."""
    deadline = monotonic() + KNOWN_SECONDS
    in_a_row = 0
    while in_a_row < 20:
        if monotonic() > deadline:
            raise CannotMeasure(f"the fronts do not know after {KNOWN_SECONDS:.0f} s what is sold out")
        try:
            async with subject.session.post(f"{subject.address}/api/orders", json=body) as answer:
                known = answer.status == 409 and SHORT_CUT in answer.headers.get("Cache-Status", "")
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise CannotMeasure(f"POST /api/orders fails: {error or type(error).__name__}") from error
        in_a_row = in_a_row + 1 if known else 0
        if not known:
            await asyncio.sleep(0.05)
