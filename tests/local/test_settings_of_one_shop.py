"""A shop that is opened with settings of its own."""

import asyncio
import os
import signal
from pathlib import Path

import psutil
import pytest

from markethall.local.hall import OpenShop, Options, open_shop
from tests.support.machine import eventually

ENTRIES = "MARKETHALL_CACHE_ENTRIES"


def front(shop: OpenShop) -> int:
    """The pid of the front that is up; 0: none is."""
    [row] = [row for row in shop.supervisor.rows.values() if row.service == "front"]
    return row.pid if row.state == "up" else 0


@pytest.mark.journey
async def test_they_count_more_than_the_environment_and_outlive_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENTRIES, "7")
    options = Options(tmp_path / "data", port=0, mqtt_port=0, settings={"CACHE_ENTRIES": "0"})
    async with open_shop(options, lambda row: None, asyncio.Event()) as shop:
        first = front(shop)
        assert psutil.Process(first).environ()[ENTRIES] == "0"
        os.kill(first, signal.SIGKILL)
        await eventually(lambda: front(shop) not in (0, first), seconds=60)
        assert psutil.Process(front(shop)).environ()[ENTRIES] == "0"
