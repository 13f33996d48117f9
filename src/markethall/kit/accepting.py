"""Takes the connections that wait at a listening socket.

The loop's own server (libuv's, that is) takes one in each of its turns. Under load, when a turn lasts some 20 ms,
whoever comes anew then waits for seconds behind a few hundred others, while those who are connected are served.
"""

import asyncio
import socket
from collections.abc import Callable

AT_ONCE = 64
"""Connections taken in one turn, so that those who are connected have theirs, too."""
PAUSE_SECONDS = 1.0
"""Without another try, when the system has no room for one more."""


class Acceptor:
    """In place of an `asyncio.Server`, as far as uvicorn wants one. The socket listens already; it stays open."""

    def __init__(self, listener: socket.socket, protocol: Callable[[], asyncio.Protocol]) -> None:
        self._listener = listener
        self._protocol = protocol
        self._loop = asyncio.get_running_loop()
        self._opening: set[asyncio.Task[object]] = set()
        self._pause: asyncio.TimerHandle | None = None
        listener.setblocking(False)
        self._number = listener.fileno()
        self._loop.add_reader(self._number, self._accept)
        self._is_open = True

    def close(self) -> None:
        """Take no more; again without effect."""
        if self._is_open:
            self._is_open = False
            self._loop.remove_reader(self._number)
            if self._pause is not None:
                self._pause.cancel()

    @property
    def is_opening(self) -> bool:
        """Whether somebody was taken who has no protocol yet."""
        return bool(self._opening)

    async def wait_closed(self) -> None:
        """Until those that were taken have their protocol."""
        await asyncio.gather(*self._opening, return_exceptions=True)

    def _accept(self) -> None:
        for _ in range(AT_ONCE):
            try:
                connected, _ = self._listener.accept()
            except (BlockingIOError, InterruptedError):
                return
            except ConnectionError:
                continue  # who has gone already
            except OSError:
                self._loop.remove_reader(self._number)
                self._pause = self._loop.call_later(PAUSE_SECONDS, self._go_on)
                return
            connected.setblocking(False)
            if connected.family != socket.AF_UNIX:
                connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            opening = self._loop.create_task(self._open(connected))
            self._opening.add(opening)
            opening.add_done_callback(self._opening.discard)

    async def _open(self, connected: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._protocol, connected)
        except OSError:
            connected.close()  # who has gone meanwhile

    def _go_on(self) -> None:
        if self._is_open:
            self._loop.add_reader(self._number, self._accept)
