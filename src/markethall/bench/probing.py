"""Single orders, one after the other: how a buyer who comes alone is answered."""

import asyncio
from time import monotonic
from uuid import uuid4

import aiohttp

from markethall.bench.subject import Subject

PAUSE_SECONDS = 0.05
IN_A_ROW = 3
CONFIRMED = 201


class Probe:
    """Orders one unit of `sku` at a time."""

    def __init__(self, subject: Subject, sku: str) -> None:
        self._subject = subject
        self._body = {"lines": [{"sku": sku, "quantity": 1}]}

    async def calm_seconds(self, orders: int = 20) -> float:
        """The slowest of so many, that all have to be confirmed; inf where one was not."""
        return max([await self._order() for _ in range(orders)])

    async def recovered(self, since: float, within: float, *, at_most: float) -> float:
        """Seconds from `since` (monotonic) until `IN_A_ROW` orders were each confirmed `within` so many seconds: when
        the first of them was answered. inf where that has not come about after `at_most` seconds."""
        first, well = 0.0, 0
        while monotonic() - since < at_most:
            took = await self._order()
            if took > within:
                well = 0
            else:
                well += 1
                first = monotonic() if well == 1 else first
                if well == IN_A_ROW:
                    return max(0.0, first - since)
            await asyncio.sleep(PAUSE_SECONDS)
        return float("inf")

    async def _order(self) -> float:
        """Seconds; inf where it was not confirmed."""
        began, session = monotonic(), self._subject.session
        headers = {"Idempotency-Key": uuid4().hex, "Prefer": "wait=5"}
        try:
            async with session.post(f"{self._subject.address}/api/orders", json=self._body, headers=headers) as answer:
                await answer.read()
        except (aiohttp.ClientError, OSError, TimeoutError):
            return float("inf")
        return monotonic() - began if answer.status == CONFIRMED else float("inf")
