"""One HTTP/1.1 connection, as cheap as Python can have it: requests are bytes, of answers only the status is read."""

import asyncio
from collections.abc import Callable
from typing import cast

from markethall.bench.load.framing import size_of_answer

Answered = Callable[["Connection", int, bytes], None]
"""The connection, free again; the status; the body. Status 0: the connection is gone, and had a request under way."""


class Connection(asyncio.Protocol):
    """Carries one request at a time. `tag` is the sender's, to know which; `head` is that of the last answer."""

    def __init__(self, answered: Answered, lost: "Callable[[Connection], None]") -> None:
        self.tag = 0
        self.head = b""
        self.busy = False
        self._answered = answered
        self._lost = lost
        self._transport: asyncio.Transport | None = None
        self._pending = b""

    def send(self, request: bytes, tag: int) -> None:
        assert self._transport is not None
        assert not self.busy
        self.tag, self.busy = tag, True
        self._transport.write(request)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by name

    def data_received(self, data: bytes) -> None:
        if self._pending:
            data = self._pending + data
        end = data.find(b"\r\n\r\n")
        if end < 0 or not (size := size_of_answer(data, end)):
            self._pending = data
            return
        self._pending = b""
        self.busy = False
        self.head = data[:end]
        self._answered(self, int(data[9:12]), data[end + 4 : size])

    def connection_lost(self, error: Exception | None) -> None:
        if self.busy:
            self.busy = False
            self._answered(self, 0, b"")
        self._lost(self)
