"""Buyers and readers that go on and on; whatever fails, fails the test."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.support.client import Client
from tests.support.machine import eventually


class Answers:
    """How many there were."""

    def __init__(self) -> None:
        self.count = 0

    async def more(self, number: int) -> None:
        """Returns when that many more have come."""
        target = self.count + number
        await eventually(lambda: self.count >= target, seconds=60)


@asynccontextmanager
async def repeating(guest: Client, sku: str, **headers: str) -> AsyncIterator[Answers]:
    """Orders and reads, again and again; every answer must be a good one."""
    answers = Answers()
    stop = asyncio.Event()

    async def once(number: int) -> None:
        match number % 4:
            case 0 | 1:
                order = {"lines": [{"sku": sku, "quantity": 1}]}
                key = uuid.uuid4().hex
                reply = await guest.post("/api/orders", order, Idempotency_Key=key, Prefer="wait=1", **headers)
            case 2:
                reply = await guest.get("/api/products", **headers)
            case _:
                reply = await guest.get(f"/api/stock/{sku}", **headers)
        reply.ok(200, 201, 202)
        answers.count += 1

    async def repeat(number: int) -> None:
        while not stop.is_set():
            await once(number)
            await asyncio.sleep(0.01)

    async with asyncio.TaskGroup() as group:
        for number in range(8):
            group.create_task(repeat(number))
        yield answers
        stop.set()
