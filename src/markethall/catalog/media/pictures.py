"""Uploading, reading and clearing away pictures."""

import asyncio

import structlog

from markethall.catalog.media import repository
from markethall.catalog.media.errors import NotAnImage
from markethall.catalog.media.picture import WIDTHS, Picture, digest_of, file_name
from markethall.catalog.media.storage import Storage
from markethall.catalog.media.workshop import Workshop
from markethall.kit.db import Database

log = structlog.get_logger(__name__)

CLEARED_AT_ONCE = 50
"""Pictures in one transaction, so that none is open for long."""
CLEARED_IN_A_ROUND = 1_000


class Pictures:
    """The pictures of the shop: rows that say which there are, and files in `storage`.

    A row comes before its files and goes with them, so that no file is forgotten. A file that a crash has left out
    is written when the same picture is uploaded again.
    """

    def __init__(self, database: Database, storage: Storage, workshop: Workshop, keep_seconds: float) -> None:
        self._database = database
        self._storage = storage
        self._workshop = workshop
        self._keep_seconds = keep_seconds

    async def add(self, content: bytes) -> tuple[Picture, bool]:
        """The picture, and whether it is new: the same content is the same picture.

        Raises:
            NotAnImage, ImageTooLarge, ImageTooCostly, UploadsBusy, MediaUnavailable: ask again where it passes.
        """
        if not content:
            raise NotAnImage("The body is empty.")
        digest = await asyncio.to_thread(digest_of, content)
        async with self._database.begin() as connection:
            known = await repository.find_again(connection, digest)
        if known is not None and await self._is_whole(digest):
            return known, False
        made = await self._workshop.make(content)
        picture = Picture(digest, made.width, made.height)
        async with self._database.begin() as connection:
            await repository.add(connection, picture)
        for width, file in zip(WIDTHS, made.files, strict=True):
            await self._storage.put(file_name(digest, width), file)
        return picture, True

    async def read(self, digest: str, width: int) -> bytes | None:
        """
        Raises:
            MediaUnavailable
        """
        return await self._storage.get(file_name(digest, width))

    async def clear_away(self) -> None:
        """Removes what nothing has referred to for the time that is set, up to `CLEARED_IN_A_ROUND`.

        Raises:
            MediaUnavailable, DatabaseUnavailable: the rest is removed the next time.
        """
        async with self._database.begin() as connection:
            await repository.mark(connection)
        for _ in range(CLEARED_IN_A_ROUND // CLEARED_AT_ONCE):
            async with self._database.begin() as connection:
                # Whoever uploads one of these again, or refers to it, waits for this transaction: then it is gone.
                gone = await repository.forget(connection, self._keep_seconds, CLEARED_AT_ONCE)
                for digest in gone:
                    await asyncio.gather(*(self._storage.remove(file_name(digest, width)) for width in WIDTHS))
            if gone:
                log.info("pictures cleared away", count=len(gone))
            if len(gone) < CLEARED_AT_ONCE:
                return

    async def _is_whole(self, digest: str) -> bool:
        files = await asyncio.gather(*(self.read(digest, width) for width in WIDTHS))
        return None not in files
