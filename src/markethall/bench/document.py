"""The figures as JSON and as charts."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from markethall.bench.case import Case
from markethall.bench.figures import Summary
from markethall.bench.machine import described
from markethall.bench.rounds import Course
from markethall.bench.subject import Wanted


def document(title: str, cases: Sequence[Case], found: Sequence[Summary], course: Course, wanted: Wanted) -> str:
    """All of it, each round included."""
    shop: dict[str, Any] = {
        "started_for_this": wanted.is_own,
        "replicas": dict(wanted.replicas),
        "bus_nodes": wanted.bus_nodes,
        "read_replicas": wanted.read_replicas,
        "synchronous": wanted.synchronous,
    }
    rows = [
        {
            "name": each.name,
            "workload": type(case.workload).__name__,
            "settings": msgspec.to_builtins(case.workload),
            "targets": msgspec.to_builtins(case.targets),
            "summary": msgspec.to_builtins(each),
        }
        for case, each in zip(cases, found, strict=True)
    ]
    told = {
        "bench": title,
        "machine": described(),
        "shop": shop,
        "rounds": course.rounds,
        "seconds": course.seconds,
        "rows": rows,
    }
    return msgspec.json.format(msgspec.json.encode(told), indent=1).decode()


def write(title: str, told: str, found: Sequence[Summary], to: Path) -> list[Path]:
    """Charts, where there are figures, and then the JSON: their paths. Raises OSError."""
    from markethall.bench.plot import draw

    name = title.replace(" ", "-")
    figures = to / f"{name}.json"
    figures.write_text(told + "\n")
    measured = [each for each in found if each.figures]
    return [*(draw(title, measured, to / name) if measured else []), figures]
