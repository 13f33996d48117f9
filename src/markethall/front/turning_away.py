"""Who cannot be served is told so a few at a time: whatever the crowd, those who were taken are served between them.

A turn of the event loop lasts as long as all that is ready in it. A batch of orders takes some twenty turns: with
thousands of refusals in each, nothing that was accepted would come to its end.
"""

import asyncio
from collections import deque

EACH_SECOND = 2_000
"""As many refusals, however long the turns are: each takes front some 35 µs on cores of its own, and up to thrice as
long where others work there: a fifth of its time at most."""
MOST_AT_ONCE = 100
PAUSE_SECONDS = 0.002


class TurningAway:
    """Those who wait are bounded by the connections: nobody is read from again before the answer."""

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._left = 0.0
        self._since = 0.0
        self._pause: asyncio.TimerHandle | None = None

    async def turn(self) -> None:
        """Returns when it is one's turn to be refused."""
        self._refill()
        if self._left >= 1 and not self._waiting:
            self._left -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self._begin_pause()
        await turn

    def _refill(self) -> None:
        """What has not been used in the meantime is not kept beyond `MOST_AT_ONCE`."""
        now = asyncio.get_running_loop().time()
        self._left = min(self._left + (now - self._since) * EACH_SECOND, MOST_AT_ONCE)
        self._since = now

    def _begin_pause(self) -> None:
        if self._pause is None:
            self._pause = asyncio.get_running_loop().call_later(PAUSE_SECONDS, self._end_pause)

    def _end_pause(self) -> None:
        self._pause = None
        self._refill()
        while self._waiting and self._left >= 1:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                self._left -= 1
        if self._waiting:
            self._begin_pause()
