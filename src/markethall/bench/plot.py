"""A bench as a picture: for each row its rate, its latency, and whose CPU a unit of work took.

What is compared says beside its bars with what multiple or share. What was violated has no bars, and says so.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from markethall.bench.figures import Figure, Summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SUFFIXES = (".svg", ".png")
CUT_OFF = 5.0
"""Times the median."""
INK, QUIET, GRID, ALARM = "#1f3b57", "#7f9bb3", "#e4e9ee", "#c8401f"
COLOURS = (
    *("#1f3b57", "#3f6f9f", "#7f9bb3", "#b9cad9", "#c8401f", "#e08a5b"),
    *("#e9c46a", "#8a9a5b", "#5b6770", "#a3728a", "#4f8f8b", "#d9b8a8", "#c5cf9a", "#6b4f8f"),
)


def draw(title: str, found: Sequence[Summary], place: Path) -> list[Path]:
    """Writes `place` with each suffix; the paths. Loads matplotlib, which takes a second. Some row has figures."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    # Text stays text in the SVG, and the same figures write the same file.
    with pyplot.rc_context({"svg.fonttype": "none", "svg.hashsalt": "markethall", "font.size": 10}):
        height = 1.6 + 0.55 * len(found)
        figure, (rates, latencies, cpu) = pyplot.subplots(
            1, 3, figsize=(15, height), sharey=True, layout="constrained", width_ratios=(5, 4, 5)
        )
        _rates(rates, found)
        _latencies(latencies, found)
        _cpu(cpu, found)
        rates.set_yticks(range(len(found)), [each.name for each in found])
        rates.invert_yaxis()
        latencies.set_xscale("log")
        for axes in (rates, cpu):
            axes.set_xlim(left=0)
            axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
        latencies.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        latencies.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        latencies.xaxis.set_minor_formatter(NullFormatter())
        for axes in (rates, latencies, cpu):
            axes.grid(visible=True, axis="x", color=GRID, linewidth=0.8)
            axes.set_axisbelow(True)
            axes.spines[["top", "right"]].set_visible(False)
        figure.suptitle(f"markethall bench {title}: medians, and from the least to the greatest round")
        paths = [place.with_name(place.name + suffix) for suffix in SUFFIXES]
        for path in paths:
            figure.savefig(path, dpi=150, metadata={"Date": None} if path.suffix == ".svg" else None)
        pyplot.close(figure)
    return paths


def _rates(axes: "Axes", found: Sequence[Summary]) -> None:
    from matplotlib.ticker import MaxNLocator

    rows = [(row, each.figures["rate"]) for row, each in enumerate(found) if each.figures]
    spread = [[f.median - f.least for _, f in rows], [f.most - f.median for _, f in rows]]
    places = [row for row, _ in rows]
    axes.barh(places, [f.median for _, f in rows], xerr=spread, color=QUIET, ecolor=INK, capsize=3)
    most, widest = max(figure.most for _, figure in rows), 1.2
    for row, figure in rows:
        figures = found[row].figures
        text = _joined(
            f"{figure.median:,.0f}", figures, ("times_usual", "{:.2g} × the usual"), ("of_floor", "{:.2f} of the floor")
        )
        widest = max(widest, figure.most / most + 0.016 * len(text)) if most else widest
        _say(axes, text, figure.most, row)
    for row, each in enumerate(found):
        if not each.figures:
            _say(axes, "violated: no figure", 0.0, row, colour=ALARM)
    axes.set_xlim(right=widest * most or 1.0)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.set_xlabel("per second")


def _latencies(axes: "Axes", found: Sequence[Summary]) -> None:
    for name, colour, marker in (("p50_ms", QUIET, "o"), ("p99_ms", INK, "D")):
        rows = [(row, each.figures[name]) for row, each in enumerate(found) if name in each.figures]
        if rows:
            spread = [[f.median - f.least for _, f in rows], [f.most - f.median for _, f in rows]]
            axes.errorbar(
                [f.median for _, f in rows],
                [row for row, _ in rows],
                xerr=spread,
                fmt=marker,
                color=colour,
                capsize=3,
                label=name.removesuffix("_ms"),
            )
    axes.set_xlabel("latency (ms)")
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize=9, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)


def _cpu(axes: "Axes", found: Sequence[Summary]) -> None:
    """A row that takes many times as much as most is cut off, and says so."""
    from matplotlib.ticker import MaxNLocator

    rows = [each.cpu_us_by_service if each.figures else {} for each in found]
    services = sorted({name for each in rows for name in each})
    left = [0.0] * len(found)
    for service, colour in zip(services, COLOURS * 2, strict=False):
        values = [each.get(service, 0.0) for each in rows]
        axes.barh(range(len(found)), values, left=left, color=colour, label=service)
        left = [sum(pair) for pair in zip(left, values, strict=True)]
    limit = min(1.15 * max(left), CUT_OFF * median([total for total in left if total] or [0.0]))
    for row, (each, total) in enumerate(zip(found, left, strict=True)):
        said = f"to {total:,.0f}" if total > limit > 0 else ""
        said = _joined(
            said, each.figures, ("cpu_times_usual", "the usual {:.2g} ×"), ("cpu_of_floor", "floor {:.2f} ×")
        )
        if said:
            # Within, where beside it there is no room.
            _say(axes, said, min(total, limit), row, beside=-6 if total > 0.5 * limit else 6)
    axes.set_xlim(right=limit or 1.0)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.set_xlabel("CPU for each (µs)")
    if services:
        axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _joined(first: str, figures: Mapping[str, Figure], *wordings: tuple[str, str]) -> str:
    more = [wording.format(figures[name].median) for name, wording in wordings if name in figures]
    return ", ".join([first, *more] if first else more)


def _say(axes: "Axes", text: str, at: float, row: int, *, beside: int = 6, colour: str = INK) -> None:
    axes.annotate(
        text,
        (at, row),
        xytext=(beside, 0),
        textcoords="offset points",
        ha="left" if beside > 0 else "right",
        va="center",
        color=colour,
        fontsize=9,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.5} if beside < 0 else None,
    )
