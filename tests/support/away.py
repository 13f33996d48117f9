"""A part of a shop that is not there for a while."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from tests.support.client import Client
from tests.support.machine import eventually
from tests.support.shop import Shop


@asynccontextmanager
async def away(shop: Shop, service: str) -> AsyncIterator[None]:
    """The part is frozen, and left out by front, which has not heard its heartbeat.

    The supervisor is frozen first: whoever it put in the part's place would serve for a moment.
    """
    stopped = [shop.pid, *(entry["pid"] for entry in shop.processes(service))]
    try:
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        async with Client(shop.url) as observer:

            async def missed() -> bool:
                states = (await observer.get("/health/ready")).body["dependencies"]
                return bool(states.get(service, "down").startswith("down"))

            if service != "nats":
                await eventually(missed, seconds=20)
            yield
    finally:
        for pid in reversed(stopped):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
