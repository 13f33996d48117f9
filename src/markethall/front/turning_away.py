"""Who cannot be served is told so a few at a time: whatever the crowd, those who were taken are served between them.

A turn of the event loop lasts as long as all that is ready in it. A batch of orders takes some twenty turns: with
thousands of refusals in each, nothing that was accepted would come to its end.
"""

import asyncio
from collections import deque

AT_A_TIME = 12
PAUSE_SECONDS = 0.001
"""Between so many and the next. A refusal costs some 60 µs: while they wait, half of front's time is for others."""


class TurningAway:
    """Those who wait are bounded by the connections: nobody is read from again before the answer."""

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._left = AT_A_TIME
        self._pause: asyncio.TimerHandle | None = None

    async def turn(self) -> None:
        """Returns when it is one's turn to be refused."""
        if self._pause is None:
            self._begin_pause()
        if self._left:
            self._left -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        await turn

    def _begin_pause(self) -> None:
        self._pause = asyncio.get_running_loop().call_later(PAUSE_SECONDS, self._end_pause)

    def _end_pause(self) -> None:
        self._pause, self._left = None, AT_A_TIME
        while self._waiting and self._left:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                self._left -= 1
        if self._left < AT_A_TIME:
            self._begin_pause()
