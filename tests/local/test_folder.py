"""The guards at the door of a data folder."""

import json
import os
import stat
from pathlib import Path

import pytest

from markethall.local.errors import FolderDamaged, FolderInUse, FolderNewer, LocalError, NotAShop
from markethall.local.folder import FORMAT, DataFolder, ProcessEntry, read_json, write_atomically
from tests.local.ordinary import OrdinaryPython

HOLD = """
import sys
from pathlib import Path
from markethall.local.errors import FolderUnwritable
from markethall.local.folder import DataFolder
try:
    with DataFolder(Path(sys.argv[1])).hold():
        print("held")
except FolderUnwritable as error:
    print(error)
"""


def test_a_folder_is_held_by_one_at_a_time(folder: DataFolder) -> None:
    with pytest.raises(FolderInUse, match="another `markethall up` is running on"), DataFolder(folder.path).hold():
        pass
    assert folder.is_held()


def test_a_folder_is_free_again_once_let_go(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "data")
    for _ in range(2):
        with folder.hold():
            assert folder.is_held()
        assert not folder.is_held()


def test_a_folder_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "VERSION").write_text(f"{FORMAT + 1}\n")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(FolderNewer, match="newer Markethall"), DataFolder(tmp_path).hold():
        pass
    assert sorted(set(tmp_path.iterdir()) - {tmp_path / "lock"}) == before


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("chapter one")
    with pytest.raises(FolderDamaged, match="not empty"), DataFolder(tmp_path).hold():
        pass
    assert not (tmp_path / "VERSION").exists()


def test_a_start_that_died_before_it_wrote_the_version_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "lock").touch()
    with DataFolder(tmp_path).hold():
        pass
    assert (tmp_path / "VERSION").read_text() == f"{FORMAT}\n"


@pytest.mark.parametrize("what", ["a folder of another", "below a folder of another", "below a file"])
def test_an_unwritable_folder_is_named_in_one_line(what: str, enterable: Path, ordinary: OrdinaryPython) -> None:
    path = {
        "a folder of another": enterable / "closed",
        "below a folder of another": enterable / "closed" / "data",
        "below a file": enterable / "file" / "data",
    }[what]
    (enterable / "closed").mkdir(mode=0o555)
    (enterable / "file").touch()
    process = ordinary.popen("-c", HOLD, str(path), cwd="/", stdout=-1)
    output, _ = process.communicate(timeout=30)
    assert output.startswith(f"cannot write in {path}: ")
    assert output.count("\n") == 1


def test_a_folder_that_holds_no_shop_is_not_checked_for_more(tmp_path: Path) -> None:
    with pytest.raises(NotAShop):
        DataFolder(tmp_path / "nothing").check()
    (tmp_path / "VERSION").write_text("one")
    with pytest.raises(FolderDamaged):
        DataFolder(tmp_path).check()


def test_processes_are_written_as_the_contract_says(folder: DataFolder) -> None:
    folder.write_processes([ProcessEntry("catalog", "2", 17, "http://127.0.0.1:9")])
    assert json.loads(folder.processes.read_text()) == [
        {"service": "catalog", "replica": "2", "pid": 17, "url": "http://127.0.0.1:9"}
    ]
    assert folder.read_processes() == [ProcessEntry("catalog", "2", 17, "http://127.0.0.1:9")]


def test_a_secret_is_never_readable_by_others(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("older, and open")
    old_mask = os.umask(0)
    try:
        write_atomically(path, b"new", mode=0o600)
    finally:
        os.umask(old_mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["secret"]


def test_a_torn_file_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "ports.json").write_text('{"postgres-1": 54')
    with pytest.raises(LocalError, match=r"ports\.json cannot be read"):
        read_json(tmp_path / "ports.json", dict[str, int])
