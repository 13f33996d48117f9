"""Figures in words, for tables on screens and in documents."""

from collections.abc import Sequence

from markethall.bench.case import Case, Target
from markethall.bench.figures import Summary

SHOWN = ("rate", "p50_ms", "p99_ms", "cpu_us", "load_cpu_us", "memory_mib", "elsewhere")
BESIDE_ANOTHER = ("rate", "ratio", "p50_ms", "p99_ms", "cpu_us", "cpu_ratio", *SHOWN[4:])
BESIDE_PEERS = (
    *("rate", "times_usual", "of_floor", "p50_ms", "p99_ms"),
    *("cpu_us", "cpu_times_usual", "cpu_of_floor", "elsewhere"),
)
"""The JSON has the rest."""
SPREAD = ("rate", "ratio", "times_usual", "p99_ms", "goodput_percent")
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
    "cpu_ratio": "CPU, times compared",
    "times_usual": "times the usual",
    "cpu_times_usual": "CPU, times less",
    "of_floor": "of the floor",
    "cpu_of_floor": "CPU of the floor",
}
CAPTION = (
    "Medians (least to greatest). CPU: of all the shop's processes; load: of who made it; "
    "other cores: what else the machine was busy with."
)
NOT_AUDITED = (
    "Not audited: of a shop that is known by its address, only what it answers is. Commit and machine are those of the "
    "bench, which need not be the shop's."
)
_MARKS = {"rate": "", "ratio": "times", "p50_ms": "p50", "p99_ms": "p99", "cpu_us": "CPU", "memory_mib": "MiB"}
_UNITS = {"seconds": "s"}
_NOT_SHOWN = ("p90_ms", "p99.9_ms", "max_ms")
_COUNTED = frozenset({"orders", "units", "refused", "broken"})
_ONLY_IF_ANY = ("refused", "broken")


def shown(cases: Sequence[Case]) -> tuple[str, ...]:
    """Which figures have a column."""
    if any(case.usual or case.floors for case in cases):
        return BESIDE_PEERS
    return BESIDE_ANOTHER if any(case.compared for case in cases) else SHOWN


def number(value: float) -> str:
    """With as many digits as mean something."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.1f}" if abs(value) >= 10 else f"{value:,.2f}"


def target(wanted: Target) -> str:
    """`p99 ≤ 25.0 (20.0)`: enough, and better still."""
    better = f" ({number(wanted.better)})" if wanted.better is not None else ""
    said = f"{'≥' if wanted.more_is_better else '≤'} {number(wanted.at_least)}{better}"
    mark = _MARKS.get(wanted.figure)
    return _said(wanted.figure, said) if mark is None else f"{mark} {said}".strip()


def besides(found: Summary) -> str:
    """Whatever else there is a figure of, and what went wrong without breaking a promise."""
    return ", ".join(
        _said(name, _number_of(name, figure.median) + _span(found, name))
        for name, figure in found.figures.items()
        if name not in HEADINGS and name not in _NOT_SHOWN and (figure.most or name not in _ONLY_IF_ANY)
    )


def _number_of(name: str, value: float) -> str:
    return f"{value:,.0f}" if name.rpartition("_")[2] in _COUNTED else number(value)


def _said(name: str, value: str) -> str:
    what, _, unit = name.rpartition("_")
    match unit:
        case "rate":
            return f"{what.replace('_', ' ')} {value}/s"
        case "percent":
            return f"{what.replace('_', ' ')} {value} %"
        case _ if unit in _COUNTED:
            return f"{value} {name.replace('_', ' ')}"
    return f"{what.replace('_', ' ')} {value} {_UNITS.get(unit, unit)}"


def markdown(
    title: str, cases: Sequence[Case], found: Sequence[Summary], machine: dict[str, object], *, audited: bool
) -> str:
    """A table for a page, with where and of what it is."""
    names = shown(cases)
    with_targets = any(case.targets for case in cases)
    head = [title, *(HEADINGS[name] for name in names), *(["to reach"] if with_targets else []), "besides"]
    lines = [row(head), "|---|" + "---:|" * len(names) + ("---|" if with_targets else "") + "---|"]
    for case, each in zip(cases, found, strict=True):
        cells = [_cell(each, name) for name in names]
        if each.violations:
            cells[0] = "violated"
        targets = [", ".join(judged(wanted, each) for wanted in case.targets)] if with_targets else []
        lines.append(row([each.name, *cells, *targets, besides(each)]))
    broken = [f"- {each.name}: violated: {line}" for each in found for line in each.violations]
    unsure = [] if audited else [NOT_AUDITED, ""]
    return "\n".join([*lines, "", CAPTION, "", *broken, *([""] if broken else []), *unsure, where(machine), ""])


def where(machine: dict[str, object]) -> str:
    return (
        f"{machine['at']}, commit {machine['commit'] or 'unknown'}, {machine['processor']}, {machine['cores']} cores, "
        f"{machine['system']}, Python {machine['python']}."
    )


def row(cells: Sequence[str]) -> str:
    """Of a table in Markdown."""
    return "| " + " | ".join(cells) + " |"


def _cell(found: Summary, name: str) -> str:
    figure = found.figures.get(name)
    if figure is None:
        return "–"
    return number(figure.median) + _span(found, name)


def _span(found: Summary, name: str) -> str:
    figure = found.figures[name]
    return f" ({number(figure.least)} to {number(figure.most)})" if name in SPREAD and len(found.rounds) > 1 else ""


def judged(wanted: Target, found: Summary) -> str:
    """The mark, ticked where it is reached."""
    figure = found.figures.get(wanted.figure)
    return target(wanted) + (" ✓" if figure is not None and wanted.reached(figure.median) else "")
