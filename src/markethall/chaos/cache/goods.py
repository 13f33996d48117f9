"""The toys that buyers choose from: what there is of them, and that it does not run out for good."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any
from urllib.parse import quote

import aiohttp

from markethall.chaos.workload import CannotStart
from markethall.chaos.workload.people import Person
from markethall.chaos.workload.reading import Reading
from markethall.chaos.workload.wire import Wire
from markethall.listings.pool import each

RESTOCK_SECONDS = 10
WORKERS = 8
CALL_SECONDS = 20.0
TIDY_SECONDS = 30.0


async def stock_of(wire: Wire, slugs: Sequence[str]) -> dict[str, int]:
    """SKU → how much is available, of each variant that is in stock. Raises CannotStart where a product is missing."""
    reading = Reading(wire, wire.url)
    stock: dict[str, int] = {}

    async def look(slug: str) -> None:
        call = await reading.product("admin", slug)
        if call.outcome != "ok":
            raise CannotStart(f"the shop does not show the product {slug} ({call.status or 'no answer'})")
        stock.update({sku: number for sku, number in call.answer["available"].items() if number})

    await each(slugs, look, WORKERS)
    if not stock:
        raise CannotStart("nothing is in stock")
    return stock


@contextlib.asynccontextmanager
async def topped_up(wire: Wire, admin: Person, stock: dict[str, int]) -> AsyncIterator[None]:
    """Every 10 s each SKU is topped up to what there was of it; one that has a timer of its own keeps it.

    Afterwards the timers are taken away. Raises CannotStart.
    """
    ours: list[str] = []

    async def begin(sku: str) -> None:
        if await _ask(wire, admin, "GET", sku) == 404:
            status = await _ask(wire, admin, "PUT", sku, {"target": stock[sku], "interval_seconds": RESTOCK_SECONDS})
            if status != 200:
                raise CannotStart(f"{sku} cannot be topped up on a timer: {status}")
            ours.append(sku)

    async def end(sku: str) -> None:
        await _ask(wire, admin, "DELETE", sku)

    try:
        await each(sorted(stock), begin, WORKERS)
        yield
    finally:
        with contextlib.suppress(CannotStart, TimeoutError):
            async with asyncio.timeout(TIDY_SECONDS):
                await each(ours, end, WORKERS)


async def _ask(wire: Wire, admin: Person, method: str, sku: str, body: dict[str, Any] | None = None) -> int:
    """The status of the answer. Raises CannotStart: there was none."""
    url = f"{wire.url}/api/stock/{quote(sku, safe='')}/replenishment"
    try:
        headers = {"Authorization": f"Bearer {await admin.token(wire.session, wire.url)}"}
        async with (
            asyncio.timeout(CALL_SECONDS),
            wire.session.request(method, url, json=body, headers=headers) as answer,
        ):
            return answer.status
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise CannotStart(f"{method} {url} fails: {error!r}") from error
