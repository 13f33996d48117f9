"""Products read: from front's cache, from the client's own (304), or past both."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import aiohttp

from markethall.bench.case import Facts, Outcome, Ready
from markethall.bench.errors import CannotMeasure
from markethall.bench.goods import products
from markethall.bench.load.pace import SOME, Pace
from markethall.bench.load.requests import request
from markethall.bench.load.seen import Seen
from markethall.bench.subject import Subject


class Path(StrEnum):
    """Where an answer comes from."""

    CACHED = "cached"
    UNCHANGED = "unchanged"
    UNCACHED = "uncached"


@dataclass(frozen=True)
class Reads:
    """`products` different ones in turn. `uncached` needs a shop of the bench's own, with the cache switched off."""

    path: Path = Path.CACHED
    pace: Pace = SOME
    products: int = 100
    unit: str = "reads"
    route: tuple[str, str] = ("GET", "/api/products/…")

    @property
    def settings(self) -> Mapping[str, str]:
        return {"CACHE_ENTRIES": "0"} if self.path is Path.UNCACHED else {}

    async def prepare(self, subject: Subject) -> Ready:
        goods = await products(subject, self.products)
        urls = [f"{subject.address}/api/products/{slug}" for slug in goods.slugs]
        tags = [await _etag(subject, url) for url in urls]
        unchanged = self.path is Path.UNCHANGED
        requests = [
            request("GET", url, headers={"If-None-Match": tag} if unchanged else {})
            for url, tag in zip(urls, tags, strict=True)
        ]

        async def load(seconds: float) -> Seen:
            return await self.pace.load(subject, requests, seconds)

        return Ready(load, self._judge)

    def _judge(self, seen: Seen, facts: Facts) -> Outcome:
        good = "304" if self.path is Path.UNCHANGED else "200"
        done = seen.answers - seen.refused
        strange = {status: count for status, count in facts.statuses.items() if status != good}
        violations = tuple(f"{count} answers of status {status}" for status, count in strange.items())
        return Outcome(done, max(done, facts.statuses.get(good, 0)), violations=violations)


async def _etag(subject: Subject, url: str) -> str:
    """Reads it once, so that the cache has it. Raises CannotMeasure."""
    try:
        async with subject.session.get(url) as answer:
            if answer.status == 200 and "ETag" in answer.headers:
                return answer.headers["ETag"]
            raise CannotMeasure(f"GET {url} was answered {answer.status}")
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise CannotMeasure(f"GET {url} fails: {error or type(error).__name__}") from error
