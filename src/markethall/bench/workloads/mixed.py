"""A day of a shop: people browse, search, fill their carts, and some of them buy."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from markethall.bench.case import Facts, Outcome, Ready
from markethall.bench.goods import Goods, products
from markethall.bench.load.pace import SOME, Pace
from markethall.bench.load.requests import Request, request
from markethall.bench.load.seen import Seen
from markethall.bench.subject import Subject
from markethall.bench.workloads.orders import WAIT_SECONDS

REQUESTS = 10_000
"""Prepared before the run, and sent in turn."""
SHARES = {"read": 60, "list": 15, "search": 10, "cart": 11, "order": 4}
"""Of a hundred requests."""
STEEPNESS = 0.8
"""How much rather the popular is wanted: the product of rank n as n to the power of minus this."""
LINES = 20
"""Of an order on average, as invoices of the data set Online Retail have; most have fewer, some many more."""
MAX_LINES = 60


@dataclass(frozen=True)
class Mixed:
    """`products` of three variants each, some much more wanted than others; `carts` of guests."""

    pace: Pace = SOME
    products: int = 400
    carts: int = 200
    seed: int = 1
    unit: str = "requests"
    route: tuple[str, str] = ("POST", "/api/orders")

    @property
    def settings(self) -> Mapping[str, str]:
        return {}

    async def prepare(self, subject: Subject) -> Ready:
        goods = await products(subject, self.products)
        carts = [str((await subject.call("POST", "/api/carts"))["id"]) for _ in range(self.carts)]
        requests = self._requests(subject.address, goods, carts)

        async def load(seconds: float) -> Seen:
            return await self.pace.load(subject, requests, seconds)

        return Ready(load, _judge)

    def _requests(self, address: str, goods: Goods, carts: Sequence[str]) -> list[Request]:
        dice = random.Random(self.seed)
        wanted = _Wanted(goods, dice)
        kinds = dice.choices(list(SHARES), list(SHARES.values()), k=REQUESTS)
        return [_request(kind, address, wanted, dice, carts) for kind in kinds]


class _Wanted:
    """Draws what people want."""

    def __init__(self, goods: Goods, dice: random.Random) -> None:
        self._goods = goods
        self._dice = dice
        self._weights = list(accumulate((rank + 1) ** -STEEPNESS for rank in range(len(goods.slugs))))

    def slug(self) -> str:
        return self._dice.choices(self._goods.slugs, cum_weights=self._weights)[0]

    def sku(self) -> str:
        each = len(self._goods.skus) // len(self._goods.slugs)
        product = self._dice.choices(range(len(self._goods.slugs)), cum_weights=self._weights)[0]
        return self._goods.skus[product * each + self._dice.randrange(each)]

    def basket(self) -> list[dict[str, Any]]:
        count = min(MAX_LINES, 1 + int(self._dice.expovariate(1 / LINES)))
        skus = dict.fromkeys(self.sku() for _ in range(count))
        return [{"sku": sku, "quantity": self._dice.randint(1, 3)} for sku in skus]


def _request(kind: str, address: str, wanted: _Wanted, dice: random.Random, carts: Sequence[str]) -> Request:
    listing = f"{address}/api/products"
    match kind:
        case "read":
            return request("GET", f"{listing}/{wanted.slug()}", kind=kind)
        case "list":
            return request("GET", f"{listing}?sort={dice.choice(('newest', 'price', 'name'))}&limit=20", kind=kind)
        case "search":
            words = "+".join(wanted.slug().split("-")[1:])
            return request("GET", f"{listing}?query={words}", kind=kind)
        case "cart":
            line = f"{address}/api/carts/{dice.choice(carts)}/lines/{wanted.sku()}"
            return request("PUT", line, body={"quantity": dice.randint(1, 3)}, kind=kind)
    prefer = {"Prefer": f"wait={WAIT_SECONDS}"}
    return request(
        "POST", f"{address}/api/orders", headers=prefer, body={"lines": wanted.basket()}, keyed=True, kind=kind
    )


def _judge(seen: Seen, facts: Facts) -> Outcome:
    done = seen.answers - seen.refused
    more = {f"{kind}_p99_ms": latencies["p99"] for kind, latencies in seen.by_kind.items() if latencies}
    violations = []
    if facts.counts is not None:
        more["confirmed_rate"] = round(facts.counts.confirmed / seen.seconds, 1)
        if facts.counts.confirmed < facts.statuses.get("201", 0):
            violations.append(f"{facts.statuses['201']} were acknowledged, {facts.counts.confirmed} are confirmed")
        if facts.counts.confirmed < facts.counts.placed:
            violations.append(f"of {facts.counts.placed} orders {facts.counts.confirmed} were confirmed")
    return Outcome(done, done, more=more, violations=tuple(violations))
