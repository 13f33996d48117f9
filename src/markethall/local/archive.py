"""The archive of a shop: PostgreSQL's write-ahead log, each segment once, whole, and on the disk.

With a backup it leads to any moment since. Segments stand there compressed, as `<segment>.gz`; the file
`SHOP` says whose they are.
"""

import os
import shlex
import subprocess
import sys
from pathlib import Path

from markethall.local.errors import FolderDamaged, FolderUnwritable
from markethall.local.folder import DataFolder, write_atomically
from markethall.local.postgres_files import account_for
from markethall.local.process import as_account

TIMEOUT_SECONDS = 60
"""So much of the latest past may be missing when the machine is lost: a segment is archived at least so often."""
OWNER = "SHOP"

# A name that is there is complete: written under another, synced, renamed. What is there is never replaced;
# the same segment again (PostgreSQL may ask twice after a crash) is well, another under its name is an error.
_KEEP = (
    'if [ -e "$f" ]; then gzip -dc "$f" | cmp -s - "%p"; '
    'else gzip -1 -n < "%p" > "$f.new" && sync "$f.new" && mv "$f.new" "$f"; fi && sync "$f" "$d"'
)
# Codes above 128 end the recovery: a damaged segment must not pass for the end of the archive.
_FETCH = '[ -f "$f" ] || exit 1; gzip -dc "$f" > "%p" || exit 255'


def archive_of(folder: DataFolder) -> Path | None:
    """Where the shop's log is archived, as the folder remembers."""
    try:
        return Path(folder.archive.read_text().rstrip("\n"))
    except FileNotFoundError:
        return None


def archiving(folder: DataFolder) -> dict[str, str]:
    """PostgreSQL's settings for the shop's archive; none where it has none."""
    archive = archive_of(folder)
    if archive is None:
        return {}
    return {
        "archive_mode": "on",
        "archive_command": _command(archive, _KEEP),
        "archive_timeout": str(TIMEOUT_SECONDS),
    }


def fetching(archive: Path | None) -> dict[str, str]:
    """PostgreSQL's settings for a recovery from it; without an archive, from the backup alone."""
    return {"restore_command": _command(archive, _FETCH) if archive else "false"}


def choose_archive(folder: DataFolder, postgres: Path, archive: Path | None, *, end: bool = False) -> None:
    """Before PostgreSQL is started: the archive that was asked for, none (`end`), or what the folder remembers.

    `postgres` is the primary's data directory.

    Raises:
        FolderUnwritable: PostgreSQL's account may not write there. FolderDamaged: it is another shop's.
    """
    remembered = archive_of(folder)
    if end:
        folder.archive.unlink(missing_ok=True)
    elif archive is not None:
        _begin(folder, postgres, archive.absolute())
    elif remembered is not None:
        _go_on(postgres, remembered)


def _begin(folder: DataFolder, postgres: Path, archive: Path) -> None:
    if "\n" in str(archive):
        raise FolderUnwritable("the archive's path must not contain a line break")
    account = account_for(postgres)
    try:
        if not archive.exists():
            archive.mkdir(mode=0o700, parents=True)
            if account is not None:
                os.chown(archive, account.uid, account.gid)
    except OSError as error:
        raise FolderUnwritable(f"cannot make the archive {archive}: {error.strerror}") from error
    check_access(archive, postgres, "wx")
    if postgres.exists():
        claim(archive, postgres)
    write_atomically(folder.archive, f"{archive}\n".encode())


def _go_on(postgres: Path, archive: Path) -> None:
    """An empty place where the archive was is a disk that is not mounted: nothing is begun there unasked."""
    if not (archive / OWNER).is_file():
        raise FolderDamaged(
            f"the archive {archive} is not there: mount it, name one with --archive, or end archiving with --no-archive"
        )
    claim(archive, postgres)
    check_access(archive, postgres, "wx")


def claim(archive: Path, postgres: Path) -> None:
    """Marks the archive as this shop's. Raises FolderDamaged where it is another's."""
    owner, ours = archive / OWNER, system_identifier(postgres)
    try:
        found = owner.read_text().strip()
    except FileNotFoundError:
        write_atomically(owner, f"{ours}\n".encode())
        return
    if found != ours:
        raise FolderDamaged(f"{archive} is the archive of another shop")


def check_access(archive: Path, postgres: Path, modes: str) -> None:
    """Whether PostgreSQL's account may do there what `modes` names. Raises FolderUnwritable."""
    account = account_for(postgres)
    tests = " && ".join(f'test -{mode} "$1"' for mode in modes)
    done = subprocess.run(
        ["/bin/sh", "-c", tests, "sh", str(archive)], cwd="/", timeout=10, check=False, **as_account(account)
    )
    if done.returncode != 0:
        who = f"PostgreSQL's user ({account.uid})" if account else "you"
        raise FolderUnwritable(f"{who} may not use {archive}: choose a folder whose parents it may enter")


def system_identifier(postgres: Path) -> str:
    """What tells one cluster from all others; copies and standbys of it share it."""
    try:
        with (postgres / "global" / "pg_control").open("rb") as control:
            return str(int.from_bytes(control.read(8), sys.byteorder))
    except OSError as error:
        raise FolderDamaged(f"{postgres} cannot be read: {error.strerror}") from error


def _command(archive: Path, script: str) -> str:
    place = shlex.quote(str(archive.absolute())).replace("%", "%%")
    return f"d={place}; f=$d/%f.gz; {script}"
