"""A bench as a picture: for each row its rate, its latency, and whose CPU a unit of work took."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from markethall.bench.figures import Summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SUFFIXES = (".svg", ".png")
INK, QUIET, GRID = "#1f3b57", "#7f9bb3", "#e4e9ee"
COLOURS = ("#1f3b57", "#3f6f9f", "#7f9bb3", "#b9cad9", "#c8401f", "#e08a5b", "#e9c46a", "#8a9a5b", "#5b6770")


def draw(title: str, found: Sequence[Summary], place: Path) -> list[Path]:
    """Writes `place` with each suffix; the paths. Loads matplotlib, which takes a second."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    # Text stays text in the SVG, and the same figures write the same file.
    with pyplot.rc_context({"svg.fonttype": "none", "svg.hashsalt": "markethall", "font.size": 10}):
        height = 1.6 + 0.55 * len(found)
        figure, (rates, latencies, cpu) = pyplot.subplots(
            1, 3, figsize=(14, height), sharey=True, layout="constrained", width_ratios=(5, 4, 5)
        )
        _rates(rates, found)
        _latencies(latencies, found)
        _cpu(cpu, found)
        rates.set_yticks(range(len(found)), [each.name for each in found])
        rates.invert_yaxis()
        for axes in (rates, latencies, cpu):
            axes.grid(visible=True, axis="x", color=GRID, linewidth=0.8)
            axes.set_axisbelow(True)
            axes.set_xlim(left=0)
            axes.spines[["top", "right"]].set_visible(False)
        figure.suptitle(f"markethall bench {title}: medians, and from the least to the greatest round")
        paths = [place.with_name(place.name + suffix) for suffix in SUFFIXES]
        for path in paths:
            figure.savefig(path, dpi=150, metadata={"Date": None} if path.suffix == ".svg" else None)
        pyplot.close(figure)
    return paths


def _rates(axes: "Axes", found: Sequence[Summary]) -> None:
    rates = [each.figures["rate"] for each in found]
    spread = [[f.median - f.least for f in rates], [f.most - f.median for f in rates]]
    axes.barh(range(len(found)), [f.median for f in rates], xerr=spread, color=QUIET, ecolor=INK, capsize=3)
    for row, figure in enumerate(rates):
        axes.annotate(
            f"{figure.median:,.0f}",
            (figure.median, row),
            xytext=(-6, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            color="white",
            fontsize=9,
        )
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
    axes.legend(frameon=False, fontsize=9)


def _cpu(axes: "Axes", found: Sequence[Summary]) -> None:
    services = sorted({name for each in found for name in each.cpu_us_by_service})
    left = [0.0] * len(found)
    for service, colour in zip(services, COLOURS * 2, strict=False):
        values = [each.cpu_us_by_service.get(service, 0.0) for each in found]
        axes.barh(range(len(found)), values, left=left, color=colour, label=service)
        left = [sum(pair) for pair in zip(left, values, strict=True)]
    axes.set_xlabel("the shop's CPU for each (µs)")
    if services:
        axes.legend(frameon=False, fontsize=8, ncols=2)
