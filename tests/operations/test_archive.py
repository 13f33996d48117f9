"""The commands by which PostgreSQL archives its log and fetches it again; whose archive it is."""

import gzip
import subprocess
import sys
from pathlib import Path

import pytest

from markethall.local.archive import archive_of, archiving, choose_archive, claim, fetching
from markethall.local.errors import FolderDamaged, FolderUnwritable
from markethall.local.folder import DataFolder
from tests.local.ordinary import IS_ROOT

SEGMENT = "000000010000000000000007"


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    (tmp_path / "data").mkdir()
    return DataFolder(tmp_path / "data")


@pytest.fixture
def archive(tmp_path: Path, folder: DataFolder) -> Path:
    archive = tmp_path / "it's 100% an archive"
    archive.mkdir()
    folder.archive.write_text(f"{archive}\n")
    return archive


def run(command: str, path: Path) -> int:
    """As PostgreSQL would: `%%` is one per cent sign."""
    text = "%".join(part.replace("%p", str(path)).replace("%f", SEGMENT) for part in command.split("%%"))
    return subprocess.run(["/bin/sh", "-c", text], timeout=30, check=False, capture_output=True).returncode


def keep(folder: DataFolder, content: bytes) -> int:
    path = folder.path / "segment"
    path.write_bytes(content)
    return run(archiving(folder)["archive_command"], path)


def test_a_segment_is_kept_whole_and_fetched_again(folder: DataFolder, archive: Path) -> None:
    assert keep(folder, b"log" * 1000) == 0
    assert [path.name for path in archive.iterdir()] == [f"{SEGMENT}.gz"]
    assert run(fetching(archive)["restore_command"], folder.path / "fetched") == 0
    assert (folder.path / "fetched").read_bytes() == b"log" * 1000


def test_the_same_segment_again_is_well_and_another_of_its_name_is_refused(folder: DataFolder, archive: Path) -> None:
    assert keep(folder, b"first") == 0
    assert keep(folder, b"first") == 0
    assert keep(folder, b"other") != 0
    assert gzip.decompress((archive / f"{SEGMENT}.gz").read_bytes()) == b"first"


def test_what_an_interrupted_attempt_left_is_replaced(folder: DataFolder, archive: Path) -> None:
    (archive / f"{SEGMENT}.gz.new").write_bytes(b"half of")
    assert keep(folder, b"the segment") == 0
    assert [path.name for path in archive.iterdir()] == [f"{SEGMENT}.gz"]


def test_a_segment_that_is_not_there_and_one_that_is_damaged_are_told_apart(folder: DataFolder, archive: Path) -> None:
    """PostgreSQL takes codes up to 128 for the end of the archive, and gives up at others."""
    fetch = fetching(archive)["restore_command"]
    assert run(fetch, folder.path / "fetched") == 1
    (archive / f"{SEGMENT}.gz").write_bytes(b"not gzip")
    assert run(fetch, folder.path / "fetched") > 128


def cluster(path: Path, identifier: int) -> Path:
    """As much of a data directory as says whose it is."""
    (path / "global").mkdir(parents=True)
    (path / "global" / "pg_control").write_bytes(identifier.to_bytes(8, sys.byteorder) + bytes(8184))
    return path


def test_an_archive_is_remembered_until_it_is_ended(folder: DataFolder, enterable: Path) -> None:
    place = enterable / "remembered"
    choose_archive(folder, folder.postgres, place)
    claim(place, cluster(folder.postgres, 7710295047403414207))
    choose_archive(folder, folder.postgres, None)
    assert archive_of(folder) == place
    choose_archive(folder, folder.postgres, None, end=True)
    assert archive_of(folder) is None
    assert archiving(folder) == {}


def test_an_archive_that_has_gone_is_not_begun_anew_unasked(folder: DataFolder, enterable: Path) -> None:
    """As when its disk is not mounted: what would be archived in its place would be missed when it is needed."""
    place = enterable / "mounted"
    choose_archive(folder, folder.postgres, place)
    claim(place, cluster(folder.postgres, 7710295047403414207))
    (place / "SHOP").unlink()
    with pytest.raises(FolderDamaged, match="is not there: mount it"):
        choose_archive(folder, folder.postgres, None)
    choose_archive(folder, folder.postgres, place)
    assert (place / "SHOP").exists()


def test_an_archive_belongs_to_one_shop(tmp_path: Path, archive: Path) -> None:
    ours, other = cluster(tmp_path / "ours", 7710295047403414207), cluster(tmp_path / "other", 7710295047403414208)
    claim(archive, ours)
    claim(archive, ours)
    with pytest.raises(FolderDamaged, match="another shop"):
        claim(archive, other)


def test_an_archive_that_postgresql_cannot_reach_is_refused(folder: DataFolder, tmp_path: Path) -> None:
    """Nobody may enter pytest's folders but their owner; root may, and PostgreSQL does not run as root."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    with pytest.raises(FolderUnwritable, match="may not use" if IS_ROOT else "cannot make"):
        choose_archive(folder, folder.postgres, closed / "archive")
