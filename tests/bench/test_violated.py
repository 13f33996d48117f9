"""What `markethall bench` leaves of a run in which something was violated."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import typer

from markethall.bench.case import Case, Outcome, Ready
from markethall.bench.load.pace import Pace
from markethall.bench.load.seen import Seen
from markethall.bench.rounds import Course
from markethall.bench.subject import Subject, Wanted
from markethall.bench.workloads.reads import Reads
from markethall.cli.bench_options import Asked
from markethall.cli.bench_running import run
from tests.support.shop import Shop

FILES = {"some.json", "some.md"}
CHARTS = {"some.svg", "some.png"}


@dataclass(frozen=True)
class Violated:
    """Something is always wrong."""

    unit: str = "things"
    route: tuple[str, str] = ("GET", "/nowhere")
    settings: Mapping[str, str] = field(default_factory=dict)

    async def prepare(self, subject: Subject) -> Ready:
        async def load(seconds: float) -> Seen:
            return Seen(10, 1.0, 0, 0, {"p50": 1.0, "p99": 2.0}, 0.1)

        return Ready(load, lambda seen, facts: Outcome(10, 10, violations=("a promise",)))


def bench(shop: Shop, to: Path, *cases: Case, json: bool = False) -> int:
    asked = Asked(Course(2, 1.0, 0.0), Wanted(data=shop.data), to, json)
    with pytest.raises(typer.Exit) as ended:
        run("some", cases, asked)
    return ended.value.exit_code


def test_where_all_is_violated_it_is_said_everywhere_and_no_chart_passes_for_this_run(
    shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    for name in CHARTS:
        (tmp_path / name).write_text("of an earlier run")
    cases = [Case("one", Violated()), Case("other", Violated(), compared="one", usual="one", floors=("one",))]
    assert bench(shop, tmp_path, *cases) == 1
    said = capsys.readouterr()
    assert "one: violated: a promise" in said.out
    assert "no charts, for there are no figures" in said.err
    assert {path.name for path in tmp_path.iterdir()} == FILES
    rows = json.loads((tmp_path / "some.json").read_text())["rows"]
    assert [(row["summary"]["figures"], row["summary"]["violations"]) for row in rows] == [({}, ["a promise"])] * 2
    assert [each["rate"] for each in rows[0]["summary"]["rounds"]] == [None, None]
    page = (tmp_path / "some.md").read_text()
    assert "| one | violated |" in page
    assert "- other: violated: a promise" in page

    assert bench(shop, tmp_path, *cases, json=True) == 1
    assert json.loads(capsys.readouterr().out)["rows"][0]["summary"]["violations"] == ["a promise"]


@pytest.mark.timeout(120)
def test_where_some_is_violated_the_chart_has_the_rest_and_says_which_has_none(shop: Shop, tmp_path: Path) -> None:
    right = Case("right", Reads(pace=Pace(2), products=2), usual="wrong", floors=("wrong",))
    assert bench(shop, tmp_path, Case("wrong", Violated()), right) == 1
    assert {path.name for path in tmp_path.iterdir()} == FILES | CHARTS
    picture = (tmp_path / "some.svg").read_text()
    assert ">right</text>" in picture
    assert picture.count("violated: no figure") == 1
    figures = {
        row["name"]: row["summary"]["figures"] for row in json.loads((tmp_path / "some.json").read_text())["rows"]
    }
    assert figures["wrong"] == {}
    assert figures["right"]["rate"]["median"] > 0
    assert "times_usual" not in figures["right"]
