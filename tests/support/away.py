"""A part of a shop that is not there for a while."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from tests.support.client import Client
from tests.support.machine import eventually
from tests.support.shop import Shop


@asynccontextmanager
async def away(shop: Shop, service: str) -> AsyncIterator[None]:
    """The part is frozen, and left out by front, which has not heard its heartbeat."""
    stopped: set[int] = set()

    async def keep_away() -> None:
        """Whoever the supervisor puts in its place is frozen, too."""
        while True:
            for entry in shop.processes(service):
                if entry["pid"] not in stopped:
                    with suppress(ProcessLookupError):
                        os.kill(entry["pid"], signal.SIGSTOP)
                    stopped.add(entry["pid"])
            await asyncio.sleep(0.02)

    keeping = asyncio.create_task(keep_away())
    try:
        await eventually(lambda: stopped)
        async with Client(shop.url) as observer:

            async def missed() -> bool:
                states = (await observer.get("/health/ready")).body["dependencies"]
                return bool(states.get(service, "down").startswith("down"))

            if service != "nats":
                await eventually(missed, seconds=20)
            yield
    finally:
        keeping.cancel()
        for pid in stopped:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
