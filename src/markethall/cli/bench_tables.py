"""The figures of `markethall bench`, as a table."""

from collections.abc import Sequence

from rich.markup import escape
from rich.table import Column, Table

from markethall.bench.case import Case, Target
from markethall.bench.figures import Figure, Summary

SHOWN = ("rate", "p50_ms", "p99_ms", "cpu_us", "load_cpu_us", "memory_mib", "elsewhere")
SPREAD = ("rate", "ratio", "p99_ms")
"""With the least and the greatest."""
HEADINGS = {
    "rate": "per second",
    "p50_ms": "p50 ms",
    "p99_ms": "p99 ms",
    "cpu_us": "CPU µs each",
    "load_cpu_us": "load µs each",
    "memory_mib": "MiB PSS",
    "elsewhere": "other cores",
    "ratio": "compared, times this",
}
MARKS = {"rate": "", "ratio": "times", "p50_ms": "p50", "p99_ms": "p99", "cpu_us": "CPU", "memory_mib": "MiB"}
UNITS = {"seconds": "s"}
CAPTION = (
    "Medians (least to greatest). CPU: of all the shop's processes; load: of who made it; "
    "other cores: what else the machine was busy with."
)


def table(title: str, cases: Sequence[Case], found: Sequence[Summary]) -> Table:
    with_targets = any(case.targets for case in cases)
    shown = ("rate", "ratio", *SHOWN[1:]) if any(case.compared for case in cases) else SHOWN
    columns = [Column(HEADINGS[name], justify="right") for name in shown]
    more = ([Column("to reach", justify="right")] if with_targets else []) + [Column("besides")]
    made = Table(Column(title), *columns, *more, caption=CAPTION)
    for case, each in zip(cases, found, strict=True):
        targets = [_targets(case.targets, each)] if with_targets else []
        cells = [_cell(each.figures.get(name), spread=name in SPREAD) for name in shown]
        if each.violations:
            cells[0] = "[red]violated[/red]"
        made.add_row(escape(each.name), *cells, *targets, escape(_besides(each)))
    return made


def _cell(figure: Figure | None, *, spread: bool) -> str:
    if figure is None:
        return "–"
    span = f"\n[dim]{_number(figure.least)} to {_number(figure.most)}[/dim]" if spread else ""
    return _number(figure.median) + span


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.1f}" if abs(value) >= 10 else f"{value:,.2f}"


def _targets(targets: Sequence[Target], found: Summary) -> str:
    lines = []
    for target in targets:
        figure = found.figures.get(target.figure)
        better = f" ({_number(target.better)})" if target.better is not None else ""
        sign = "≥" if target.more_is_better else "≤"
        said = f"{MARKS.get(target.figure, target.figure)} {sign} {_number(target.at_least)}{better}".strip()
        lines.append(said if figure is None else f"[{'green' if target.reached(figure.median) else 'red'}]{said}[/]")
    return "\n".join(lines)


def _besides(found: Summary) -> str:
    """Whatever else there is a figure of, and what went wrong without breaking a promise."""
    lines = []
    for name, figure in found.figures.items():
        if name in HEADINGS or name in ("p90_ms", "p99.9_ms", "max_ms"):
            continue
        if name in ("refused", "broken") and not figure.most:
            continue
        what, _, unit = name.rpartition("_")
        number = _number(figure.median)
        match unit:
            case "rate":
                lines.append(f"{what} {number}/s")
            case "percent":
                lines.append(f"{what} {number} %")
            case "orders" | "refused" | "broken":
                lines.append(f"{number} {name.replace('_', ' ')}")
            case _:
                lines.append(f"{what.replace('_', ' ')} {number} {UNITS.get(unit, unit)}")
    return ", ".join(lines)
