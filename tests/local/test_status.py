"""`markethall status` of a shop whose database is away."""

import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.shop import Shop, running_shop

pytestmark = pytest.mark.journey


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with running_shop(tmp_path / "data", "--no-demo") as shop:
        yield shop


def found(shop: Shop) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(shop.run("status", "--json", "--data", str(shop.data)).stdout)
    return said


def test_without_the_primary_what_waits_is_unknown(shop: Shop) -> None:
    assert all(waiting["outbox"] == 0 for waiting in found(shop)["outboxes"].values())
    [primary] = shop.processes("postgres")
    shutil.rmtree(shop.data / "postgres")  # it must not come back
    os.kill(primary["pid"], signal.SIGKILL)
    shop.wait(lambda: found(shop)["databases"][0]["answers"] is False, 30, "without its database")
    assert list(found(shop)["outboxes"].values()) == [None] * 4
    shown = shop.run("status", "--data", str(shop.data))
    assert shown.returncode == 1
    assert "Traceback" not in shown.stderr
    assert "orders unknown" in shown.stdout
    assert "dead letters: 0" in shown.stdout
