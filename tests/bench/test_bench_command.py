"""`markethall bench` as people and programs run it."""

import json
from pathlib import Path

import pytest

from tests.support.shop import Shop

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


def test_wrong_usage_is_said_in_a_line(shop: Shop) -> None:
    for wrong in (
        ("orders", "--connections", "x"),
        ("reads", "--paths", "cached,elsewhere"),
        ("orders", "--bus-nodes", "2"),
    ):
        run = shop.run("bench", *wrong)
        assert run.returncode == 2, run.stdout
        assert "Traceback" not in run.stderr


def test_a_shop_that_is_not_there_is_said_in_a_line(shop: Shop, tmp_path: Path) -> None:
    run = shop.run("bench", "orders", *SHORT, "--data", str(tmp_path))
    assert run.returncode == 3
    assert run.stderr.startswith("markethall: there is no shop in")
