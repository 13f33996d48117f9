"""Latency against the probability of buying as a picture: a panel for each kind of request, a line for each shop."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from markethall.chaos.cache.figures import KINDS, Kind, Latency
from markethall.chaos.cache.use import CACHES, Cache

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SUFFIXES = (".svg", ".png")
INK = "#1f3b57"
COLOURS: dict[Cache, str] = {"on": INK, "off": "#c8401f"}
MARKERS: dict[Cache, str] = {"on": "o", "off": "s"}
TITLES: dict[Kind, str] = {"query": "query a product", "buy": "buy", "look up": "look up an order"}


def draw(latencies: Sequence[Latency], clients: int, rounds: int, place: Path) -> list[Path]:
    """Writes `place` with each suffix; the paths. Loads matplotlib, which takes a second."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    # Text stays text in the SVG, and two drawings of the same figures are the same file.
    with pyplot.rc_context({"svg.fonttype": "none", "svg.hashsalt": "markethall", "font.size": 10}):
        figure, panels = pyplot.subplots(1, len(KINDS), figsize=(11, 4.4), layout="constrained", sharex=True)
        for axes, kind in zip(panels, KINDS, strict=True):
            _panel(axes, kind, [each for each in latencies if each.kind == kind])
        percents = sorted({each.percent for each in latencies})
        panels[0].set_xticks(percents)  # of all panels: nothing is bought at 0 %, and that shows
        panels[0].set_ylabel("time to the answer (ms)")
        figure.suptitle(f"{clients} clients, {rounds} rounds each at every probability of buying")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False)
        paths = [place.with_suffix(suffix) for suffix in SUFFIXES]
        for path in paths:
            figure.savefig(path, dpi=150, metadata={"Date": None} if path.suffix == ".svg" else None)
        pyplot.close(figure)
    return paths


def _panel(axes: "Axes", kind: Kind, latencies: Sequence[Latency]) -> None:
    for cache in CACHES:
        line = [each for each in latencies if each.cache == cache]
        if line:
            percents, colour = [each.percent for each in line], COLOURS[cache]
            low, high = [each.p25_ms for each in line], [each.p75_ms for each in line]
            label = f"cache {cache}: median"
            axes.plot(
                percents, [e.median_ms for e in line], color=colour, marker=MARKERS[cache], linewidth=1.8, label=label
            )
            axes.fill_between(
                percents,
                low,
                high,
                color=colour,
                alpha=0.13,
                linewidth=0,
                label=f"cache {cache}: 25th to 75th percentile",
            )
    axes.set_title(TITLES[kind], fontsize=10)
    axes.set_xlabel("probability of buying (%)")
    axes.set_ylim(bottom=0)
    axes.grid(visible=True, which="major", color="#e4e9ee", linewidth=0.8)
    axes.set_axisbelow(True)
