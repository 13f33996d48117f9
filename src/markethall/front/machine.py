"""What `markethall up` knows of the shop's processes, asked over a socket that tells and takes no orders."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import structlog

from markethall.kit.unix_sockets import short

log = structlog.get_logger(__name__)

SECONDS = 6.0
MAX_ANSWER_BYTES = 1 << 20


class _Answer(msgspec.Struct, frozen=True):
    result: dict[str, Any] | None = None


async def processes(path: Path | None) -> dict[str, Any] | None:
    """As `markethall status --json`; None where nobody supervises the shop, or no answer comes in time."""
    if path is None:
        return None
    try:
        with short(path) as name:
            async with asyncio.timeout(SECONDS):
                reader, writer = await asyncio.open_unix_connection(name, limit=MAX_ANSWER_BYTES)
                try:
                    writer.write(b'{"command":"status"}\n')
                    return msgspec.json.decode(await reader.readline(), type=_Answer).result
                finally:
                    writer.close()
    except (OSError, TimeoutError, ValueError) as error:
        log.info("the supervisor does not say", reason=str(error) or type(error).__name__)
        return None
