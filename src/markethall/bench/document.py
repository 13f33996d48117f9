"""The figures in files: JSON, a table for a page, charts."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from markethall.bench.case import Case
from markethall.bench.figures import Summary
from markethall.bench.machine import described
from markethall.bench.rounds import Course
from markethall.bench.subject import Wanted
from markethall.bench.wording import markdown


def document(
    title: str, cases: Sequence[Case], found: Sequence[Summary], course: Course, wanted: Wanted
) -> dict[str, Any]:
    """All of it, each round included; as JSON takes it. What a shop has that runs already is not known: null."""
    rows = [
        {
            "name": each.name,
            "workload": type(case.workload).__name__,
            "settings": msgspec.to_builtins(case.workload),
            "targets": msgspec.to_builtins(case.targets),
            "compared": case.compared,
            "usual": case.usual,
            "floors": list(case.floors),
            "summary": msgspec.to_builtins(each),
        }
        for case, each in zip(cases, found, strict=True)
    ]
    return {
        "bench": title,
        "machine": described(),
        "shop": {
            "started_for_this": wanted.is_own,
            "audited": wanted.is_audited,
            "replicas": dict(wanted.replicas) if wanted.is_own else None,
            "bus_nodes": wanted.bus_nodes if wanted.is_own else None,
            "read_replicas": wanted.read_replicas if wanted.is_own else None,
            "synchronous": wanted.synchronous if wanted.is_own else None,
        },
        "rounds": course.rounds,
        "seconds": course.seconds,
        "rows": rows,
    }


def as_json(told: dict[str, Any]) -> str:
    return msgspec.json.format(msgspec.json.encode(told), indent=1).decode()


def write(title: str, cases: Sequence[Case], found: Sequence[Summary], told: dict[str, Any], to: Path) -> list[Path]:
    """Charts, a table for a page, and the JSON: their paths. Raises OSError.

    Where no row has a figure there is no chart, nor one of an earlier run that would pass for this one's.
    """
    from markethall.bench.plot import SUFFIXES, draw

    name = title.replace(" ", "-")
    page, figures = to / f"{name}.md", to / f"{name}.json"
    page.write_text(markdown(title, cases, found, told["machine"], audited=told["shop"]["audited"]))
    figures.write_text(as_json(told) + "\n")
    if any(each.figures for each in found):
        return [*draw(title, found, to / name), page, figures]
    for suffix in SUFFIXES:
        (to / f"{name}{suffix}").unlink(missing_ok=True)
    return [page, figures]
