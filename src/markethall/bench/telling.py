"""How far a bench is, for whoever waits for it: twice a second at most, whatever happens meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from time import monotonic

EVERY_SECONDS = 0.5
OF_LOAD, SETTLING, AUDITING = 0.8, 0.85, 0.9
"""Where in a round each is: making the load, whose length is known, and what comes after, whose is not."""

Tell = Callable[[str, float], None]
"""Hears what is being done, and how many rounds are, parts of them included."""


class Way:
    """What is being done now. Setting it costs next to nothing, and tells nobody."""

    def __init__(self) -> None:
        self.rounds_done = 0
        self._what = ""
        self._at, self._until = 0.0, 0.0
        self._began, self._seconds = monotonic(), 0.0

    def now(self, what: str, at: float = 0.0, until: float | None = None, seconds: float = 0.0) -> None:
        """From `at` of the round `until` another share of it, in so many seconds."""
        self._what, self._at, self._until = what, at, at if until is None else until
        self._began, self._seconds = monotonic(), seconds

    def told(self) -> tuple[str, float]:
        passed = min(1.0, (monotonic() - self._began) / self._seconds) if self._seconds else 0.0
        return self._what, self.rounds_done + self._at + passed * (self._until - self._at)


@asynccontextmanager
async def telling(tell: Tell | None) -> AsyncIterator[Way]:
    """Nothing ticks where nobody listens: the ticks are CPU of the process that measures."""
    way = Way()
    if tell is None:
        yield way
        return
    ticking = asyncio.create_task(_tick(way, tell))
    try:
        yield way
    finally:
        ticking.cancel()
        with suppress(asyncio.CancelledError):
            await ticking
    tell(*way.told())


async def _tick(way: Way, tell: Tell) -> None:
    while True:
        tell(*way.told())
        await asyncio.sleep(EVERY_SECONDS)
