"""Where the files of pictures are kept: one interface, and a folder behind it. The other one: `s3.py`."""

import asyncio
import contextlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from markethall.catalog.media.errors import MediaUnavailable

T = TypeVar("T")


class Storage(Protocol):
    """Files by name. What has a name never changes, so that to write it again does no harm.

    Names are ours: `digest/width.webp`. All raise MediaUnavailable where the place cannot be reached.
    """

    async def put(self, name: str, content: bytes) -> None:
        """Whole and durable when it returns, or not there."""

    async def get(self, name: str) -> bytes | None:
        """None where there is none."""

    async def remove(self, name: str) -> None:
        """Also where there is none."""


def storage_of(place: str) -> Storage:
    """`place` is a folder, or `s3://bucket/prefix`; empty: nowhere."""
    if not place:
        return NoStorage()
    if place.startswith("s3://"):
        from markethall.catalog.media.s3 import S3Storage  # 20 MB that a folder does not need

        return S3Storage(place)
    return FolderStorage(Path(place))


class FolderStorage:
    """A folder that all replicas of catalog on this machine, or on a shared file system, have in common."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # There from the start, by which a replica that joins can tell that it has the same one.
        with contextlib.suppress(OSError):  # said when a picture is to be put there
            folder.mkdir(mode=0o755, parents=True, exist_ok=True)

    async def put(self, name: str, content: bytes) -> None:
        await self._do(lambda: _write(self._path(name), content))

    async def get(self, name: str) -> bytes | None:
        return await self._do(lambda: _read(self._path(name)))

    async def remove(self, name: str) -> None:
        await self._do(lambda: _remove(self._path(name)))

    def _path(self, name: str) -> Path:
        """In one of 256 folders, so that none grows long."""
        return self._folder / name[:2] / name

    async def _do(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(work)
        except OSError as error:
            raise MediaUnavailable(f"The folder of the pictures: {error.strerror}.") from error


class NoStorage:
    """Where no place is set: nothing is there, and nothing can be put there."""

    async def put(self, name: str, content: bytes) -> None:
        raise MediaUnavailable("No place for pictures is set (MARKETHALL_MEDIA).")

    async def get(self, name: str) -> bytes | None:
        return None

    async def remove(self, name: str) -> None:
        raise MediaUnavailable("No place for pictures is set (MARKETHALL_MEDIA).")


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _write(path: Path, content: bytes) -> None:
    if path.exists():
        return
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    # Others may write the same one at this moment: each under a name of its own, and the last one is like the first.
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with unfinished.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
    for folder in (path.parent, path.parent.parent, path.parent.parent.parent):
        _sync(folder)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        path.parent.rmdir()  # unless it holds another width
