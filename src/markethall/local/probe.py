"""One question to a local HTTP server: is it ready?"""

import asyncio
import http.client
from urllib.parse import urlsplit


async def status(url: str, timeout_seconds: float = 2.0) -> int | None:
    """The status of a GET; None where nobody answers in time."""
    return await asyncio.to_thread(_status, url, timeout_seconds)


def _status(url: str, timeout_seconds: float) -> int | None:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout_seconds)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
