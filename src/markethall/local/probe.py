"""One question to a local server."""

import asyncio
import contextlib
import struct
from urllib.parse import urlsplit

MAX_ANSWER_BYTES = 1 << 20
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)
"""The shortest question of PostgreSQL's protocol that a server answers before it knows who asks."""


async def status(url: str, timeout_seconds: float = 2.0) -> int | None:
    """The status of a GET; None where nobody answers in time."""
    answer = await get(url, timeout_seconds)
    return answer[0] if answer else None


async def get(url: str, timeout_seconds: float = 2.0) -> tuple[int, bytes] | None:
    """Status and body of a GET; None where nobody answers in time."""
    with contextlib.suppress(OSError, TimeoutError, ValueError, IndexError):
        async with asyncio.timeout(timeout_seconds):
            return await _get(url)
    return None


async def speaks_postgres(host: str, port: int) -> bool:
    """Whether a PostgreSQL server takes a connection: it must say whether it would encrypt. Waits without end."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(_SSL_REQUEST)
        return await reader.readexactly(1) in (b"N", b"S")
    finally:
        writer.close()


async def _get(url: str) -> tuple[int, bytes]:
    parts = urlsplit(url)
    connection = await asyncio.open_connection(parts.hostname, parts.port)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return await _exchange(*connection, f"GET {target} HTTP/1.0\r\nHost: {parts.netloc}\r\n\r\n".encode())


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> tuple[int, bytes]:
    """HTTP/1.0: the answer comes in one piece and ends with the connection."""
    try:
        writer.write(request)
        await writer.drain()
        answer, _, body = (await reader.read(MAX_ANSWER_BYTES)).partition(b"\r\n\r\n")
        while more := await reader.read(MAX_ANSWER_BYTES - len(body)):
            body += more
        return int(answer.split()[1]), body
    finally:
        writer.close()
