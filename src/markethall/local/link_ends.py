"""The two ends of a connection that goes through a link, and what the link does to what they say."""

import asyncio
import contextlib
import random
import socket
import struct
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, cast

HELD_BYTES = 256 << 10
"""What one end may have said that is not passed on yet; then it is read no further, and TCP holds it back."""
CONNECT_SECONDS = 5.0

Mode = Literal["open", "delay", "cut", "silent"]
Direction = Literal["both", "there", "back"]
NewEnd = Callable[[], asyncio.Protocol]
Connect = Callable[[NewEnd], Awaitable[None]]
"""Connects to the server with the protocol that it is given. Raises OSError."""


@dataclass(frozen=True)
class Behaviour:
    """What a link does. `direction` ("there" is away from whoever connected) limits delay and silence."""

    mode: Mode = "open"
    delay_seconds: float = 0.0
    jitter_seconds: float = 0.0
    direction: Direction = "both"

    def silences(self, direction: Direction) -> bool:
        return self.mode == "silent" and self.direction in ("both", direction)

    def pause_seconds(self, direction: Direction) -> float:
        if self.mode != "delay" or self.direction not in ("both", direction):
            return 0.0
        return max(0.0, self.delay_seconds + random.uniform(-1, 1) * self.jitter_seconds)


class Connection:
    """`near` is the end of whoever connected, `far` that of the server."""

    def __init__(self, behaviour: Behaviour, connect: Connect, gone: Callable[["Connection"], None]) -> None:
        self.behaviour = behaviour
        self._connect_with = connect
        self._gone = gone
        self.near = End(self, "there")
        self.far = End(self, "back")
        self.near.other, self.far.other = self.far, self.near
        self._connecting: asyncio.Task[None] | None = None

    def behave(self, behaviour: Behaviour) -> None:
        """From now on, also with what is held."""
        self.behaviour = behaviour
        if behaviour.mode == "cut":
            self.cut()
            return
        if self._connecting is None and not behaviour.silences("there"):
            # As the first packet of a connection, which nobody answers until it gets through.
            self._connecting = asyncio.create_task(self._connect())
        self.near.pass_on()
        self.far.pass_on()

    def cut(self) -> None:
        """Both sides hear a reset, and what was under way is gone."""
        if self._connecting is not None:
            self._connecting.cancel()
        self.near.reset()
        self.far.reset()
        self._gone(self)

    def lost(self) -> None:
        if self.near.over and (self.far.over or self.far.transport is None):
            if self._connecting is not None:
                self._connecting.cancel()
            self._gone(self)

    async def _connect(self) -> None:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._connect_with(lambda: self.far)
        except OSError:  # a timeout is one, too
            self.cut()


class End(asyncio.Protocol):
    """Hears one side and tells the other: at once, later, or when it may."""

    def __init__(self, connection: Connection, direction: Direction) -> None:
        self.transport: asyncio.Transport | None = None
        self.other: End = self
        self.over = False
        """That side is gone."""
        self._connection = connection
        self._direction: Direction = direction
        self._held: deque[tuple[float, bytes | None]] = deque()
        """What was said, with the moment from which it may be passed on; None: it will say no more."""
        self._held_bytes = 0
        self._told_end = False
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(high=HELD_BYTES)
        self._connection.behave(self._connection.behaviour)

    def data_received(self, data: bytes) -> None:
        if not self._held and self.other.transport is not None and self._connection.behaviour.mode == "open":
            self.other.transport.write(data)
        else:
            self._held_bytes += len(data)
            self._hold(data)

    def eof_received(self) -> bool:
        self._hold(None)
        return True

    def connection_lost(self, error: Exception | None) -> None:
        self.over = True
        self._hold(None)
        self._connection.lost()

    def pause_writing(self) -> None:
        self.other._read(False)

    def resume_writing(self) -> None:
        self.other._read(self.other._held_bytes < HELD_BYTES)

    def reset(self) -> None:
        self.over = True
        if self._timer is not None:
            self._timer.cancel()
        if self.transport is not None:
            connected: socket.socket | None = self.transport.get_extra_info("socket")
            if connected is not None:
                with contextlib.suppress(OSError):  # it has just ended by itself
                    connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.transport.abort()

    def pass_on(self) -> None:
        """What may be told now; the rest when it may."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._held and self.other.transport is not None:
            due, data = self._held[0]
            if self._connection.behaviour.silences(self._direction):
                return
            if due > self._loop.time():
                self._timer = self._loop.call_at(due, self.pass_on)
                return
            self._held.popleft()
            self._tell(data, self.other.transport)
        self._read(self._held_bytes < HELD_BYTES)

    def _hold(self, data: bytes | None) -> None:
        due = self._loop.time() + self._connection.behaviour.pause_seconds(self._direction)
        if self._held:
            due = max(due, self._held[-1][0])
        self._held.append((due, data))
        self._read(self._held_bytes < HELD_BYTES)
        if self._timer is None:
            self.pass_on()

    def _tell(self, data: bytes | None, other: asyncio.Transport) -> None:
        if data is not None:
            self._held_bytes -= len(data)
            if not other.is_closing():
                other.write(data)
            return
        if self.over or self.other._told_end:
            other.close()
            if self.transport is not None:
                self.transport.close()
        elif not other.is_closing():
            self._told_end = True
            other.write_eof()

    def _read(self, wanted: bool) -> None:
        if self.transport is None or self.transport.is_closing():
            return
        if wanted:
            self.transport.resume_reading()
        else:
            self.transport.pause_reading()
