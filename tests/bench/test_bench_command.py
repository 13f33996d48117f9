"""`markethall bench` as people and programs run it."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from tests.support.shop import MARKETHALL, Shop

SHORT = ("--rounds", "1", "--seconds", "1")


@pytest.mark.timeout(240)
def test_a_bench_of_a_running_shop_writes_figures_and_charts(shop: Shop, tmp_path: Path) -> None:
    run = shop.run(
        "bench", "orders", "--connections", "1,4", *SHORT, "--data", str(shop.data), "--to", str(tmp_path), "--json"
    )
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)
    assert [row["name"] for row in told["rows"]] == ["hot SKU, 1 connection", "hot SKU, 4 connections"]
    assert all(row["summary"]["figures"]["rate"]["median"] > 0 for row in told["rows"])
    assert told["machine"]["cores"] > 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["orders.json", "orders.md", "orders.png", "orders.svg"]
    assert json.loads((tmp_path / "orders.json").read_text()) == told
    page = (tmp_path / "orders.md").read_text()
    assert page.startswith("| orders | per second |")
    assert "| hot SKU, 4 connections |" in page


@pytest.mark.timeout(240)
def test_a_bench_starts_a_shop_of_its_own_and_leaves_nothing(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    run = shop.run("bench", "reads", "--paths", "uncached", "--products", "3", "--connections", "2", *SHORT)
    assert run.returncode == 0, run.stderr
    assert "uncached, 2 connections" in run.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.timeout(240)
def test_a_shop_of_which_only_the_address_is_known_is_not_said_to_be_audited(shop: Shop, tmp_path: Path) -> None:
    known = ("--url", shop.url, "--email", shop.admin_email, "--password", shop.admin_password)
    run = shop.run("bench", "orders", "--connections", "4,4", *SHORT, *known, "--to", str(tmp_path), "--json")
    assert run.returncode == 0, run.stderr
    assert "Not audited" in run.stderr
    told = json.loads(run.stdout)
    assert [row["name"] for row in told["rows"]] == ["hot SKU, 4 connections"]
    assert told["shop"].pop("started_for_this") is told["shop"].pop("audited") is False
    assert set(told["shop"].values()) == {None}
    assert "Not audited" in (tmp_path / "orders.md").read_text()


def test_wrong_usage_is_said_in_a_line(shop: Shop) -> None:
    for wrong in (
        ("orders", "--connections", "x"),
        ("reads", "--paths", "cached,elsewhere"),
        ("orders", "--bus-nodes", "2"),
        ("orders", "--url", shop.url, "--replicas", "front=2"),
        ("orders", "--data", str(shop.data), "--bus-nodes", "3"),
        ("growth", "--products", "20,20"),
    ):
        run = shop.run("bench", *wrong)
        assert run.returncode == 2, run.stdout
        assert "Traceback" not in run.stderr


def test_a_shop_that_is_not_there_is_said_in_a_line(shop: Shop, tmp_path: Path) -> None:
    run = shop.run("bench", "orders", *SHORT, "--data", str(tmp_path))
    assert run.returncode == 3
    assert run.stderr.startswith("markethall: there is no shop in")


@pytest.mark.timeout(120)
def test_ctrl_c_ends_the_load_and_the_shop_that_was_started(tmp_path: Path) -> None:
    bench = subprocess.Popen(
        [*MARKETHALL, "bench", "reads", "--paths", "cached", "--products", "3", "--seconds", "60"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    try:
        deadline = time.monotonic() + 60
        while not any(child.name() == "wrk" for child in psutil.Process(bench.pid).children()):
            assert bench.poll() is None, bench.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        family = psutil.Process(bench.pid).children(recursive=True)
        bench.send_signal(signal.SIGINT)
        _, said = bench.communicate(timeout=60)
    finally:
        if bench.poll() is None:
            bench.kill()
            bench.communicate()
    assert bench.returncode == 130
    assert said == "markethall: broken off\n"
    assert not any(child.is_running() for child in family)
    assert list(tmp_path.iterdir()) == []
