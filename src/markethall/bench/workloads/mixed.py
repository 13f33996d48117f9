"""A day of a shop: people browse, search, fill their carts, and some of them buy.

What is wanted how much, how long an order is, and how many are taken of each are those of a real shop: `shape`. An
assumption is whatever its data, which are orders only, cannot tell:

- how often people look, search and fill carts for each order (`SHARES`), and that they look at, search for and put into
  carts what they order;
- how it goes up and down by the hour: there is no time in it. Requests come as fast as they are answered, or evenly
  by the clock;
- that an order's length has nothing to do with how many are taken of each.

Nobody sends anything back, though a fifth as many invoices as there are orders do there: nearly all take back a part,
long after, and an order of the shop is cancelled whole.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from itertools import accumulate

from markethall.bench.case import Facts, Outcome, Ready
from markethall.bench.goods import Goods, products
from markethall.bench.load.pace import SOME, Pace
from markethall.bench.load.requests import Request, request
from markethall.bench.load.seen import Seen
from markethall.bench.subject import Subject
from markethall.bench.workloads.orders import WAIT_SECONDS
from markethall.bench.workloads.shape import ONLINE_RETAIL, Shape, draw, weights

REQUESTS = 10_000
"""Prepared before the run, and sent in turn."""
SHARES = {"read": 60, "list": 15, "search": 10, "cart": 11, "order": 4}
"""Of a hundred requests: assumed."""


@dataclass(frozen=True)
class Mixed:
    """`products` of three variants each: as many in all as the real shop sold, and of each far more than is asked for.
    `carts` of guests.
    """

    pace: Pace = SOME
    products: int = 923
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
        wanted = Wanted(goods, dice)
        kinds = dice.choices(list(SHARES), list(SHARES.values()), k=REQUESTS)
        return [_request(kind, address, wanted, dice, carts) for kind in kinds]


class Wanted:
    """Draws what people want. An article of the real shop is a variant here, for colours have codes of their own there;
    those of one product are equally popular, or nearly.
    """

    def __init__(self, goods: Goods, dice: random.Random, shape: Shape = ONLINE_RETAIL) -> None:
        self._goods = goods
        self._dice = dice
        self._shape = shape
        self._weights = weights(shape.popularity, len(goods.skus))
        self._up_to = list(accumulate(self._weights))

    def slug(self) -> str:
        return self._goods.slugs[self._article() * len(self._goods.slugs) // len(self._goods.skus)]

    def sku(self) -> str:
        return self._goods.skus[self._article()]

    def quantity(self) -> int:
        return draw(self._shape.quantities, self._dice)

    def basket(self) -> dict[str, int]:
        """Units by SKU. A race in which each arrives after a time of its own, the sooner on average the more it is
        wanted, draws without putting back.
        """
        race = [self._dice.expovariate(weight) for weight in self._weights]
        first = nsmallest(draw(self._shape.lines, self._dice), range(len(race)), key=race.__getitem__)
        return {self._goods.skus[article]: self.quantity() for article in first}

    def _article(self) -> int:
        return self._dice.choices(range(len(self._weights)), cum_weights=self._up_to)[0]


def _request(kind: str, address: str, wanted: Wanted, dice: random.Random, carts: Sequence[str]) -> Request:
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
            return request("PUT", line, body={"quantity": wanted.quantity()}, kind=kind)
    prefer = {"Prefer": f"wait={WAIT_SECONDS}"}
    lines = [{"sku": sku, "quantity": units} for sku, units in wanted.basket().items()]
    return request("POST", f"{address}/api/orders", headers=prefer, body={"lines": lines}, keyed=True, kind=kind)


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
