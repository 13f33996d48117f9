"""Lists of a category, twenty products each, sorted in several ways, with the pages that follow."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import uuid4

from markethall.bench.case import Facts, Outcome, Ready
from markethall.bench.goods import products
from markethall.bench.load.pace import SOME, Pace
from markethall.bench.load.requests import request
from markethall.bench.load.seen import Seen
from markethall.bench.subject import Subject

PAGE = 20
SORTS = ("name", "price", "-price", "newest")


@dataclass(frozen=True)
class Lists:
    """`categories` of twenty products and more. Uncached needs a shop of the bench's own, its cache switched off."""

    cached: bool = True
    pace: Pace = SOME
    categories: int = 5
    products_each: int = 40
    unit: str = "lists"
    route: tuple[str, str] = ("GET", "/api/products")

    @property
    def settings(self) -> Mapping[str, str]:
        return {} if self.cached else {"CACHE_ENTRIES": "0"}

    async def prepare(self, subject: Subject) -> Ready:
        requests = []
        for _ in range(self.categories):
            slug = f"bench-{uuid4().hex[:8]}"
            token = await subject.admin_token()
            await subject.call("POST", "/api/categories", {"slug": slug, "name": slug}, token)
            await products(subject, self.products_each, category=slug)
            for sort in SORTS:
                requests += [request("GET", page) for page in await _pages(subject, slug, sort)]

        async def load(seconds: float) -> Seen:
            return await self.pace.load(subject, requests, seconds)

        return Ready(load, _judge)


async def _pages(subject: Subject, category: str, sort: str) -> list[str]:
    """The addresses of all pages of a list. Raises CannotMeasure."""
    first = f"/api/products?category={category}&limit={PAGE}&sort={sort}"
    pages, following = [], first
    while following:
        pages.append(f"{subject.address}{following}")
        cursor = (await subject.call("GET", following))["next_cursor"]
        following = f"{first}&cursor={cursor}" if cursor else ""
    return pages


def _judge(seen: Seen, facts: Facts) -> Outcome:
    done = seen.answers - seen.refused
    strange = {status: count for status, count in facts.statuses.items() if status != "200"}
    violations = tuple(f"{count} answers of status {status}" for status, count in strange.items())
    return Outcome(done, max(done, facts.statuses.get("200", 0)), violations=violations)
