"""`markethall status` of a shop that others joined, and of one whose database or bus is away."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from markethall import __version__
from markethall.contracts.messages import Replica
from markethall.local.registry import joined
from tests.local.test_steering import by_hand
from tests.support.client import Client
from tests.support.shop import Shop, running_shop

pytestmark = pytest.mark.journey


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with running_shop(tmp_path / "data", "--no-demo") as shop:
        yield shop


def found(shop: Shop) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(shop.run("status", "--json", "--data", str(shop.data)).stdout)
    return said


async def test_a_replica_from_elsewhere_is_shown_while_it_is_there(shop: Shop) -> None:
    assert found(shop)["joined"] == []
    front = psutil.Process(shop.processes("front")[0]["pid"]).environ()
    with by_hand("front", MARKETHALL_BUS_URL=front["MARKETHALL_BUS_URL"]) as process:
        shop.wait(lambda: bool(found(shop)["joined"]), 60, "joined")
        [replica] = found(shop)["joined"]
        assert (replica["service"], replica["replica"], replica["version"]) == ("front", "by-hand", __version__)
        async with Client(replica["url"]) as there:
            assert (await there.get("/ping")).body == "pong"
        shown = shop.run("status", "--data", str(shop.data))
        assert shown.returncode == 0
        assert "by-hand" in shown.stdout
        assert replica["url"] in shown.stdout
        process.terminate()
        shop.wait(lambda: found(shop)["joined"] == [], 30, "left")
    os.kill(shop.processes("nats")[0]["pid"], signal.SIGSTOP)
    shop.wait(lambda: found(shop)["joined"] is None, 30, "without its bus")
    assert "joined from elsewhere: unknown" in shop.run("status", "--data", str(shop.data)).stdout


def test_what_another_release_wrote_as_its_start_hides_nobody() -> None:
    said = [joined(Replica("orders", "far", "http://far:1", "9", since)) for since in ("", "long ago", "2026-01-01")]
    assert [(each["replica"], each["since"]) for each in said] == [("far", None)] * 3


def test_without_the_primary_what_waits_is_unknown(shop: Shop) -> None:
    assert all(waiting["outbox"] == 0 for waiting in found(shop)["outboxes"].values())
    [primary] = shop.processes("postgres")
    # It must not come back. Moved whole, its folder is missed only by who starts it: what runs stays in it.
    (shop.data / "postgres").rename(shop.data / "postgres-elsewhere")
    os.kill(primary["pid"], signal.SIGKILL)
    shop.wait(lambda: found(shop)["databases"][0]["answers"] is False, 30, "without its database")
    assert list(found(shop)["outboxes"].values()) == [None] * 4
    shown = shop.run("status", "--data", str(shop.data))
    assert shown.returncode == 1
    assert "Traceback" not in shown.stderr
    assert "orders unknown" in shown.stdout
    assert "dead letters: 0" in shown.stdout
