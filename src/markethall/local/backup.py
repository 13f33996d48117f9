"""A backup of a shop: its databases as they were at one moment, checked, with what is needed to open them.

backup.json       which shop, when, by which versions
credentials.json  the admin's account (a restored shop has new passwords between its parts)
postgres/         the data directory, with the log that makes it whole
media/            the pictures, where the shop keeps them in its data folder
"""

import contextlib
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

import msgspec

from markethall import __version__
from markethall.local.archive import system_identifier
from markethall.local.credentials import Credentials
from markethall.local.errors import FolderDamaged, FolderUnwritable
from markethall.local.folder import FORMAT, read_json, write_atomically
from markethall.local.verification import CHECKSUMS, run_program, verify


class Backup(msgspec.Struct, frozen=True):
    """What `backup.json` says. It can be restored to its `finished`, with the archive to any moment after it."""

    system_identifier: str
    started: datetime
    finished: datetime
    layout: int = FORMAT
    version: str = __version__


async def back_up(dsn: str, credentials: Credentials, to: Path, media: Path | None = None) -> Backup:
    """Copies the databases behind `dsn` (the superuser's) into the new folder `to`, while they are used.

    And after them the pictures in `media`: whatever the databases refer to was there before them.

    Raises FolderUnwritable, BackupFailed; then `to` is not there.
    """
    to = vacant(to)
    unfinished = to.with_name(f"{to.name}.unfinished")
    try:
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700, parents=True)
        started = datetime.now(UTC)
        await _copy(dsn, unfinished / "postgres")
        finished = datetime.now(UTC)
        await verify(unfinished / "postgres")
        made = Backup(system_identifier(unfinished / "postgres"), started, finished)
        if media is not None:
            copy_pictures(media, unfinished / "media")
        write_atomically(unfinished / "credentials.json", msgspec.json.encode(credentials) + b"\n", mode=0o600)
        write_atomically(unfinished / "backup.json", msgspec.json.format(msgspec.json.encode(made)) + b"\n")
        _settle(unfinished, to)
    except OSError as error:
        raise FolderUnwritable(f"cannot write the backup {to}: {error.strerror}") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return made


def read_backup(folder: Path) -> tuple[Backup, Credentials]:
    """Raises FolderDamaged where there is no whole backup."""
    made, credentials = read_json(folder / "backup.json", Backup), read_json(folder / "credentials.json", Credentials)
    if made is None or credentials is None or not (folder / "postgres" / "backup_manifest").is_file():
        raise FolderDamaged(f"there is no backup in {folder}")
    return made, credentials


def vacant(folder: Path) -> Path:
    """The folder's whole path. Raises FolderUnwritable where something is in the way of a new one."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FolderUnwritable(f"{folder} is not empty")
    return folder.absolute()


async def _copy(dsn: str, to: Path) -> None:
    place = urlsplit(dsn)
    await run_program(
        "pg_basebackup",
        f"--pgdata={to}",
        f"--host={place.hostname}",
        f"--port={place.port}",
        f"--username={place.username}",
        "--wal-method=stream",
        "--checkpoint=fast",
        f"--manifest-checksums={CHECKSUMS}",
        "--no-password",
        env={"PGPASSWORD": unquote(place.password or "")},
    )


def copy_pictures(media: Path, to: Path) -> None:
    """All that are whole, where there are any."""
    if media.is_dir():
        shutil.copytree(media, to, copy_function=_copy_if_there)


def _copy_if_there(source: str, to: str) -> None:
    """What is cleared away meanwhile is not needed, nor what is just being written."""
    if not Path(source).name.startswith("."):
        with contextlib.suppress(FileNotFoundError):
            shutil.copyfile(source, to)


def _settle(unfinished: Path, folder: Path) -> None:
    """A backup is whole, or not there: also after a power cut."""
    os.sync()
    os.replace(unfinished, folder)
    parent = os.open(folder.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(parent)
    finally:
        os.close(parent)
