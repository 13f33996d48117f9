"""The end of a time, for very many who have the same."""

import asyncio
from collections import deque
from typing import Protocol

TICKS = 4
"""In the time: it ends up to a fourth of it late."""


class Expiring(Protocol):
    def is_over(self) -> bool:
        """It does not wait any more."""
        ...

    def expire(self) -> None: ...


class Expiry:
    """Expires what still waits after `seconds`: by one timer, for one each costs more than the rest of it."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._waiting: deque[tuple[float, Expiring]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, waiting: Expiring) -> None:
        loop = asyncio.get_running_loop()
        self._waiting.append((loop.time() + self._seconds, waiting))
        if self._timer is None:
            self._timer = loop.call_later(self._seconds / TICKS, self._tick)

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        while self._waiting and (self._waiting[0][0] <= now or self._waiting[0][1].is_over()):
            _, waiting = self._waiting.popleft()
            if not waiting.is_over():
                waiting.expire()
        self._timer = loop.call_later(self._seconds / TICKS, self._tick) if self._waiting else None
