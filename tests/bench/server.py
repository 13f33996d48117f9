"""A server on loopback that remembers what it was asked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

KEY = b"idempotency-key: "
LARGE = 100_000
ORDER = "0190f2a4-0000-8000-8000-000000000001"


class Heard:
    """Header block (in lower case) and body of each request.

    Answers 201; at `/no` 503, at `/cut` nothing, at `/half` half of an answer; at `/twice` one too many; at `/pieces`
    one that comes byte by byte; at `/large` one of `LARGE` bytes in chunks; at `/placed` one that names an order.
    """

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.address = ""
        self.server: asyncio.Server
        self.writers: set[asyncio.StreamWriter] = set()

    @property
    def keys(self) -> list[bytes]:
        return [each.partition(KEY)[2].partition(b"\r\n")[0] for each in self.asked]

    async def pause(self) -> None:
        """Before each answer."""

    def leave(self) -> None:
        """Whoever is connected is lost, and nobody else is taken."""
        self.server.close()
        for writer in self.writers:
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.add(writer)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
                self.asked.append(head + await reader.readexactly(length))
                await self.pause()
                path = head.split(b" ", 2)[1]
                if path == b"/cut":
                    break
                status = b"503 Busy" if path == b"/no" else b"201 Created"
                answer = b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\n\r\n{}"
                match path:
                    case b"/half":
                        writer.write(answer[:-1])
                        break
                    case b"/twice":
                        writer.write(answer * 2)
                    case b"/pieces":
                        for at in range(len(answer)):
                            writer.write(answer[at : at + 1])
                            await asyncio.sleep(0)
                    case b"/large":
                        chunk = b"%x\r\n%b\r\n" % (LARGE, b"x" * LARGE)
                        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk + b"0\r\n\r\n")
                    case b"/placed":
                        placed = b"HTTP/1.1 201 Created\r\nlocation: /api/orders/" + ORDER.encode()
                        writer.write(placed + b"\r\nContent-Length: 0\r\n\r\n")
                    case _:
                        writer.write(answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        self.writers.discard(writer)
        writer.close()


@asynccontextmanager
async def listening(heard: Heard | None = None) -> AsyncIterator[Heard]:
    heard = heard or Heard()
    heard.server = server = await asyncio.start_server(heard.serve, "127.0.0.1", 0)
    async with server:
        heard.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield heard
        server.close()
