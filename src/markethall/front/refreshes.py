"""Refresh tokens on their way to accounts, each sent once however many ask with it."""

import asyncio
from collections.abc import Awaitable, Callable

from markethall.kit.balancing import Answer


class Refreshes:
    """Whoever asks with a token that is under way already is answered the same.

    A page that was left while accounts was away, and the one that was opened in its place, ask with the same cookie.
    Sent one after the other, the second request would look like a theft, and end the session.
    """

    def __init__(self) -> None:
        self._under_way: dict[str, asyncio.Task[Answer]] = {}

    async def share(self, token: str, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """What `ask` answers, or raises; it is called by the first one only."""
        task = self._under_way.get(token)
        if task is None:
            task = asyncio.ensure_future(ask())
            self._under_way[token] = task
            task.add_done_callback(lambda _: self._under_way.pop(token))
        # Whoever leaves takes the answer from nobody else.
        return await asyncio.shield(task)
