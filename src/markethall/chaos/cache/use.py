"""Whether a shop has its cache on, and how its reads were answered meanwhile."""

import asyncio
from typing import Any, Literal

import aiohttp
import msgspec

from markethall.chaos.workload import CannotStart
from markethall.chaos.workload.people import Person
from markethall.chaos.workload.wire import Wire

ANSWER_SECONDS = 20.0

Cache = Literal["on", "off"]
CACHES: tuple[Cache, Cache] = ("on", "off")


class Counts(msgspec.Struct, frozen=True):
    """What one front says of its cache: all reads of products since it began."""

    replica: str
    capacity: int
    hits: int
    misses: int
    stale: int
    bypassed: int

    @property
    def cache(self) -> Cache:
        return "on" if self.capacity else "off"


class CacheUse(msgspec.Struct, frozen=True):
    """Reads of products during a run, by how the cache answered. None: several fronts, or one that began anew."""

    cache: Cache
    capacity: int
    hits: int | None
    misses: int | None
    bypassed: int | None


def use_between(before: Counts, after: Counts) -> CacheUse:
    if before.replica != after.replica or after.hits + after.misses < before.hits + before.misses:
        return CacheUse(after.cache, after.capacity, None, None, None)
    return CacheUse(
        after.cache,
        after.capacity,
        after.hits - before.hits,
        after.misses - before.misses,
        after.bypassed - before.bypassed,
    )


async def counts_of(wire: Wire, admin: Person) -> Counts:
    """Of the front that happens to answer. Raises CannotStart."""
    url = f"{wire.url}/api/system"
    try:
        headers = {"Authorization": f"Bearer {await admin.token(wire.session, wire.url)}"}
        async with asyncio.timeout(ANSWER_SECONDS), wire.session.get(url, headers=headers) as answer:
            answer.raise_for_status()
            document: dict[str, Any] = await answer.json()
            return msgspec.convert(document["cache"], Counts)
    except (aiohttp.ClientError, OSError, TimeoutError, KeyError, msgspec.ValidationError) as error:
        raise CannotStart(f"{url} does not tell of the cache: {error!r}") from error
