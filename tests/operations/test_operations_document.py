"""What docs/operations.md names is there, and what is there it names."""

import re
from pathlib import Path

import pytest

from markethall.cli import COMMANDS
from markethall.kit.settings import Settings

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "operations.md").read_text()
SOURCES = [path.read_text() for path in (ROOT / "src" / "markethall").rglob("*.py")]
METRIC = re.compile(r'(?:Counter|Gauge|Histogram)(?:MetricFamily)?\(\s*"(markethall_\w+)"')
NOT_FOR_PEOPLE = {
    "service": "the argument of `markethall serve`",
    "data": "set by who starts it",
    "public_socket": "a descriptor that is inherited",
    "status_socket": "the way to `markethall up`, set by it",
    "crash_points": "for fault tests",
}
OF_THE_SHELL = {"MARKETHALL_CACHE"}
"""Read by `markethall up` alone."""


def test_every_metric_is_explained_and_every_one_explained_exists() -> None:
    measured = {name for text in SOURCES for name in METRIC.findall(text)}
    assert len(measured) > 7
    assert set(re.findall(r"`(markethall_\w+)`", DOCUMENT)) == measured


def test_every_setting_is_listed_and_every_one_listed_exists() -> None:
    there = {f"MARKETHALL_{name.upper()}" for name in Settings.model_fields.keys() - NOT_FOR_PEOPLE.keys()}
    listed = set(re.findall(r"\bMARKETHALL_[A-Z_]+[A-Z]", DOCUMENT))
    assert there - listed == set()
    assert listed - there == OF_THE_SHELL


@pytest.mark.parametrize("name", ["docs/operations.md", "docs/evaluation.md", "docs/failure-model.md", "README.md"])
def test_every_command_that_is_named_exists(name: str) -> None:
    named = set(re.findall(r"(?:^|[`/ ])markethall ([a-z][a-z-]+)", (ROOT / name).read_text(), re.MULTILINE))
    assert named - {*COMMANDS, "serve"} == set()


def test_every_heading_that_is_linked_to_is_there() -> None:
    headings = {
        re.sub(r"[^a-z0-9 -]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in DOCUMENT.splitlines()
        if line.startswith("#")
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", DOCUMENT)) <= headings
