"""Where uploads are made into pictures: a process for each, a few at a time."""

import asyncio
import sys
from dataclasses import dataclass

import msgspec
import structlog

from markethall.catalog.media.errors import ImageTooCostly, ImageTooLarge, NotAnImage, UploadsBusy
from markethall.kit.errors import Problem

log = structlog.get_logger(__name__)

AT_ONCE = 2
WAITING = 8
"""Uploads that may wait for a process; one more is answered 503."""
SECONDS = 25.0
MAX_ANSWER_BYTES = 32 << 20

_REFUSALS: dict[str, type[Problem]] = {refusal.code: refusal for refusal in (NotAnImage, ImageTooLarge, ImageTooCostly)}


@dataclass(frozen=True)
class Made:
    """Of a picture: the size of its largest file in pixels, and its files, from the smallest."""

    width: int
    height: int
    files: list[bytes]


class _Answer(msgspec.Struct, frozen=True):
    width: int = 0
    height: int = 0
    files: list[int] = []
    refused: str = ""
    detail: str = ""


class Workshop:
    """Decodes, turns, shrinks and encodes elsewhere: whatever an upload does to a decoder, catalog goes on."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(AT_ONCE)
        self._here = 0

    async def make(self, content: bytes) -> Made:
        """
        Raises:
            NotAnImage, ImageTooLarge, ImageTooCostly: it is not made.
            UploadsBusy: too many others wait.
        """
        if self._here >= AT_ONCE + WAITING:
            raise UploadsBusy(retry_after_seconds=2)
        self._here += 1
        try:
            async with self._places:
                return _read(await _worked(content))
        finally:
            self._here -= 1


async def _worked(content: bytes) -> bytes:
    # Isolated, and without our environment: it holds passwords.
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-m",
        "markethall.catalog.media.worker",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={},
        cwd="/",
    )
    try:
        async with asyncio.timeout(SECONDS):
            answer, _ = await process.communicate(content)
    except TimeoutError:
        raise ImageTooCostly("It takes too long.") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        log.warning("a picture ended its worker", exit_code=process.returncode, bytes=len(content))
        raise ImageTooCostly()
    return answer


def _read(answer: bytes) -> Made:
    head, _, rest = answer.partition(b"\n")
    said = msgspec.json.decode(head, type=_Answer)
    if said.refused:
        raise _REFUSALS[said.refused](said.detail)
    files = []
    for size in said.files:
        files.append(rest[:size])
        rest = rest[size:]
    return Made(said.width, said.height, files)
