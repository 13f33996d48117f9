"""A disk without room: under the databases, or under the bus.

Only where that folder is a file system of its own, so that nothing else of this machine runs out of room.
"""

import errno
import os
import random
from pathlib import Path

from markethall.chaos.faults.fault import Heal, NotHit
from markethall.chaos.target import Target

BALLAST = "ballast"
CHUNK_BYTES = 1 << 20


class DiskFull:
    name = "disk-full"
    sentence = "the file system under a part's data has no room left"
    needs = "DIR/postgres or DIR/nats as a mount of its own"

    async def spots(self, target: Target) -> list[str]:
        return [name for name in ("postgres", "nats") if mount_of(target.data / name)]

    async def inject(self, target: Target, spot: str, dice: random.Random) -> Heal:
        mount = mount_of(target.data / spot)
        assert mount is not None
        ballast = mount / BALLAST

        async def heal() -> None:
            ballast.unlink(missing_ok=True)

        try:
            fill(ballast)
        except OSError as error:
            await heal()
            raise NotHit(f"{mount} cannot be filled: {error.strerror}") from None

        return heal


def mount_of(folder: Path) -> Path | None:
    """The folder, or the parent inside the shop's own folder, that is a mount; the data may not fill it alone."""
    for place in (folder, *folder.glob("*")):
        if place.is_dir() and place.is_mount():
            return place
    resolved = folder.resolve()
    for place in (resolved, resolved.parent):
        if (
            place.is_mount()
            and place != Path("/")
            and len(list(place.iterdir())) <= len((BALLAST, folder.name, "lost+found"))
        ):
            return place
    return None


def fill(ballast: Path) -> None:
    """Takes all the room there is, to the last block."""
    with ballast.open("wb", buffering=0) as file:
        size = CHUNK_BYTES
        while size:
            try:
                os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), size)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                size //= 2 if size > 4096 else size + 1
