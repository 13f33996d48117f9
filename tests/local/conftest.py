"""Data folders, and a way to run the shop as a user that is not root."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from markethall.local.folder import DataFolder
from tests.local.ordinary import OrdinaryPython, open_folder, ordinary_python


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[DataFolder]:
    """A data folder that is held, as by `markethall up`."""
    folder = DataFolder(tmp_path / "data")
    with folder.hold():
        yield folder


@pytest.fixture
def enterable() -> Iterator[Path]:
    """A folder that every user may enter; pytest's own are closed to others."""
    with open_folder() as path:
        yield path


@pytest.fixture(scope="session")
def ordinary() -> Iterator[OrdinaryPython]:
    with open_folder() as path:
        yield ordinary_python(path)
