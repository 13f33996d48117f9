"""Folders that PostgreSQL's account may enter."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local.ordinary import open_folder


@pytest.fixture(scope="module")
def enterable() -> Iterator[Path]:
    """pytest's own folders are closed to others; an archive is written by PostgreSQL itself."""
    with open_folder() as path:
        yield path
