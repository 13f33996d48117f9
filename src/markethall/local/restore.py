"""A shop as it was: a new data folder from a backup and, where there is one, the archive of the log since."""

import os
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from markethall.local import single_user
from markethall.local.archive import OWNER, check_access, fetching
from markethall.local.backup import Backup, copy_pictures, read_backup, vacant
from markethall.local.credentials import DEVICE, Credentials, fresh
from markethall.local.errors import FolderDamaged, FolderNewer, FolderUnwritable, LocalError, StartFailed
from markethall.local.folder import FORMAT, DataFolder, write_atomically
from markethall.local.postgres import EmbeddedPostgres
from markethall.local.postgres_files import account_for
from markethall.local.verification import verify

RECOVERY_SECONDS = 12 * 3600.0
"""To replay the log since the backup."""
NUMBERS_SKIPPED = 1_000_000
"""Buyers hold numbers of orders that were placed after the moment restored to: none of them is given out again."""

_SKIP_NUMBERS = """
DO $$ BEGIN IF to_regclass('public.order_numbers') IS NOT NULL THEN
PERFORM setval('public.order_numbers', (SELECT last_value FROM public.order_numbers) + %d);
END IF; END $$
"""


class OutOfReach(LocalError):
    """The moment asked for lies outside what backup and archive hold."""


async def restore(backup: Path, data: Path, *, archive: Path | None = None, until: datetime | None = None) -> None:
    """Makes the data folder `data`, of the moment `until`: whatever was committed by then, and nothing else.

    Without `until`: all that the archive holds. Without an archive: the end of the backup. The passwords between
    the parts are new, whatever they were; the bus starts empty, and what was under way is sent again.

    Raises FolderUnwritable, FolderDamaged, FolderNewer, BackupFailed, OutOfReach, StartFailed; then `data` is
    not there.
    """
    data = vacant(data)
    made, credentials = read_backup(backup)
    _check(made, archive, until)
    unfinished = DataFolder(data.with_name(f"{data.name}.unfinished"))
    try:
        shutil.rmtree(unfinished.path, ignore_errors=True)
        unfinished.path.mkdir(mode=0o700, parents=True)
        with unfinished.hold():
            shutil.copytree(backup / "postgres", unfinished.postgres, symlinks=True)
            await verify(unfinished.postgres)
            copy_pictures(backup / "media", unfinished.media)
            _hand_over(unfinished.postgres)
            if archive:
                check_access(archive, unfinished.postgres, "rx")
            await _recover(unfinished, credentials, fetching(archive), until)
            await _renew(unfinished, credentials)
        os.sync()
        os.replace(unfinished.path, data)
    except OSError as error:
        raise FolderUnwritable(f"cannot restore to {data}: {error.strerror}") from error
    finally:
        shutil.rmtree(unfinished.path, ignore_errors=True)


def _check(made: Backup, archive: Path | None, until: datetime | None) -> None:
    if made.layout > FORMAT:
        raise FolderNewer(f"the backup was made by a newer Markethall ({made.version})")
    if archive is not None:
        try:
            owner = (archive / OWNER).read_text().strip()
        except FileNotFoundError:
            raise FolderDamaged(f"there is no archive in {archive}") from None
        if owner != made.system_identifier:
            raise FolderDamaged(f"{archive} is the archive of another shop than the backup's")
    if until is None:
        return
    if archive is None:
        raise OutOfReach("a moment after the backup can only be reached with the archive: give --archive")
    if until < made.finished:
        raise OutOfReach(f"this backup was finished at {_text(made.finished)}: for {_text(until)} take an older one")
    if until > datetime.now(UTC):
        raise OutOfReach(f"{_text(until)} is in the future")


def _hand_over(postgres: Path) -> None:
    """To the account that PostgreSQL runs as; a signal that the log is to be fetched; no settings of the old place."""
    (postgres / "recovery.signal").touch(mode=0o600)
    (postgres / "standby.signal").unlink(missing_ok=True)
    (postgres / "postgresql.auto.conf").write_text("")
    account = account_for(postgres)
    if account is None:
        return
    for folder, _, files in os.walk(postgres):
        for path in (folder, *(os.path.join(folder, name) for name in files)):
            os.chown(path, account.uid, account.gid, follow_symlinks=False)


async def _recover(
    folder: DataFolder, credentials: Credentials, fetching: Mapping[str, str], until: datetime | None
) -> None:
    settings = {**fetching, "recovery_target_action": "promote", "hot_standby": "off"}
    if until is not None:
        settings["recovery_target_time"] = until.astimezone(UTC).isoformat(sep=" ")
    postgres = EmbeddedPostgres(
        folder.postgres, credentials.database, folder.logs, settings=settings, ready_seconds=RECOVERY_SECONDS
    )
    try:
        await postgres.start()
    except StartFailed as error:
        raise _explained(folder, until) or error from None
    finally:
        await postgres.stop()


async def _renew(folder: DataFolder, credentials: Credentials) -> None:
    """What a shop restored must not share with the one it is a copy of."""
    renewed = fresh(credentials.admin)
    if DEVICE in credentials.bus:  # devices out there know it
        renewed.bus[DEVICE] = credentials.bus[DEVICE]
    await single_user.set_passwords(folder.postgres, renewed.database)
    try:
        await single_user.execute(folder.postgres, "orders", [_SKIP_NUMBERS % NUMBERS_SKIPPED])
    except StartFailed as error:
        if 'database "orders" does not exist' not in str(error):  # at that moment it had not been made
            raise
    write_atomically(folder.credentials, msgspec.json.encode(renewed) + b"\n", mode=0o600)


def _explained(folder: DataFolder, until: datetime | None) -> LocalError | None:
    """Why the recovery ended early, from what PostgreSQL said."""
    messages: list[str] = []
    for path in folder.logs.glob("postgres-*.jsonl"):
        messages += path.read_text(errors="replace").splitlines()
    for line in messages:
        if "recovery ended before configured recovery target" in line and until:
            last = next((text for text in reversed(messages) if "last completed transaction" in text), "")
            moment = last.partition("at log time ")[2].rstrip('"} \n')
            said = f" ends with what was committed at {moment}" if moment else " ends before that"
            return OutOfReach(
                f"{_text(until)} is out of reach: the archive{said}; without --until all of it is restored"
            )
        if "stop point is before consistent recovery point" in line:
            return OutOfReach("the backup was not finished at that moment: take an older one")
        if "could not restore file" in line and '"critical"' in line:
            return FolderDamaged(
                "a segment of the archive cannot be read; what came before it can be restored (--until)"
            )
    return None


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
