"""A server on loopback that remembers what it was asked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

KEY = b"idempotency-key: "


class Heard:
    """Header block (in lower case) and body of each request. Answers 201; at `/no` 503, at `/cut` nothing."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.address = ""

    @property
    def keys(self) -> list[bytes]:
        return [each.partition(KEY)[2].partition(b"\r\n")[0] for each in self.asked]

    async def pause(self) -> None:
        """Before each answer."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
                self.asked.append(head + await reader.readexactly(length))
                await self.pause()
                if b"/cut " in head:
                    break
                status = b"503 Busy" if b"/no " in head else b"201 Created"
                writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\n\r\n{}")
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()


@asynccontextmanager
async def listening(heard: Heard | None = None) -> AsyncIterator[Heard]:
    heard = heard or Heard()
    server = await asyncio.start_server(heard.serve, "127.0.0.1", 0)
    async with server:
        heard.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield heard
        server.close()
