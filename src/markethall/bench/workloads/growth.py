"""The same work in a shop of any age: what there is of products and orders must not slow it down."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from markethall.bench import filling
from markethall.bench.case import Facts, Outcome, Ready
from markethall.bench.load.pace import FEW, Pace
from markethall.bench.load.requests import Request, request
from markethall.bench.load.seen import Seen
from markethall.bench.subject import Subject
from markethall.bench.workloads.orders import WAIT_SECONDS

REQUESTS = 4096
PAGE = 20


class Work(StrEnum):
    READ = "read"
    LIST = "list"
    SEARCH = "search"
    ORDER = "order"


@dataclass(frozen=True)
class Growth:
    """One kind of work, past all caches, on products that are chosen evenly from all there are.

    A search has two words of a product's name, so that it finds some ten, however many products there are.
    """

    work: Work
    products: int
    orders: int
    pace: Pace = FEW
    seed: int = 1

    @property
    def unit(self) -> str:
        return {Work.SEARCH: "searches"}.get(self.work, f"{self.work}s")

    @property
    def route(self) -> tuple[str, str]:
        match self.work:
            case Work.ORDER:
                return "POST", "/api/orders"
            case Work.READ:
                return "GET", "/api/products/…"
        return "GET", "/api/products"

    @property
    def settings(self) -> Mapping[str, str]:
        return {"CACHE_ENTRIES": "0"}

    async def prepare(self, subject: Subject) -> Ready:
        await filling.fill(subject, self.products, self.orders)
        dice = random.Random(self.seed)
        requests = [self._request(subject.address, dice.randint(1, self.products)) for _ in range(REQUESTS)]

        async def load(seconds: float) -> Seen:
            return await self.pace.load(subject, requests, seconds)

        return Ready(load, self._judge)

    def _request(self, address: str, number: int) -> Request:
        match self.work:
            case Work.READ:
                return request("GET", f"{address}/api/products/{filling.slug(number)}")
            case Work.LIST:
                category = filling.category(number % filling.CATEGORIES)
                return request("GET", f"{address}/api/products?category={category}&limit={PAGE}&sort=price")
            case Work.SEARCH:
                words = "+".join(filling.name_words(number, self.products))
                return request("GET", f"{address}/api/products?query={words}&limit={PAGE}")
            case Work.ORDER:
                body = {"lines": [{"sku": filling.sku(number), "quantity": 1}]}
                prefer = {"Prefer": f"wait={WAIT_SECONDS}"}
                return request("POST", f"{address}/api/orders", headers=prefer, body=body, keyed=True)

    def _judge(self, seen: Seen, facts: Facts) -> Outcome:
        good = "201" if self.work is Work.ORDER else "200"
        done = seen.answers - seen.refused
        strange = {status: count for status, count in facts.statuses.items() if status != good}
        violations = [f"{count} answers of status {status}" for status, count in strange.items()]
        if facts.counts is not None and facts.counts.confirmed < facts.counts.placed:
            violations.append(f"of {facts.counts.placed} orders {facts.counts.confirmed} were confirmed")
        return Outcome(done, max(done, facts.statuses.get(good, 0)), violations=tuple(violations))
