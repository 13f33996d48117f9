"""One question to a local HTTP server."""

import asyncio
import contextlib
from urllib.parse import urlsplit

MAX_ANSWER_BYTES = 1 << 20


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


async def _get(url: str) -> tuple[int, bytes]:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        # HTTP/1.0: the answer comes in one piece and ends with the connection.
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        writer.write(f"GET {target} HTTP/1.0\r\nHost: {parts.netloc}\r\n\r\n".encode())
        await writer.drain()
        head, _, body = (await reader.read(MAX_ANSWER_BYTES)).partition(b"\r\n\r\n")
        while more := await reader.read(MAX_ANSWER_BYTES - len(body)):
            body += more
        return int(head.split()[1]), body
    finally:
        writer.close()
