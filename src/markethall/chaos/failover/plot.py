"""The run as a picture: every order's answer over time, with the kills."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from markethall.chaos.failover.figures import AFTERMATH_SECONDS
from markethall.chaos.history import Call, FaultRecord, History

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SUFFIXES = (".svg", ".png")
INK, QUIET, ALARM = "#1f3b57", "#7f9bb3", "#c8401f"


def draw(history: History, began: float, replicas: int, place: Path) -> list[Path]:
    """Writes `place` with each suffix; the paths. Loads matplotlib, which takes a second."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.ticker import FuncFormatter

    orders = history.of_kind("place")
    # Text stays text in the SVG, and two runs of the same history write the same file.
    with pyplot.rc_context({"svg.fonttype": "none", "svg.hashsalt": "markethall", "font.size": 10}):
        figure, axes = pyplot.subplots(figsize=(11, 5), layout="constrained")
        _scatter(axes, [c for c in orders if len(c.attempts) == 1], began, QUIET, 9, "order, answered at the first try")
        _scatter(axes, [c for c in orders if len(c.attempts) > 1], began, ALARM, 26, "order, tried again by the client")
        axes.plot(*_slowest(orders, began), color=INK, linewidth=1.2, label="slowest of each second", zorder=3)
        for fault in history.faults:
            _mark(axes, fault, began, is_first=fault is history.faults[0])
        if orders:
            axes.set_yscale("log")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.set_xlabel("time since the start (s)")
        axes.set_ylabel("time to the answer, retries included (ms)")
        axes.set_title(f"Orders while the busiest of {replicas} orders replicas is killed {len(history.faults)} times")
        axes.grid(visible=True, which="major", color="#e4e9ee", linewidth=0.8)
        axes.set_axisbelow(True)
        axes.margins(x=0.01, y=0.12)
        figure.legend(loc="outside lower center", ncols=4, frameon=False, fontsize=9)
        paths = [place.with_suffix(suffix) for suffix in SUFFIXES]
        for path in paths:
            figure.savefig(path, dpi=150, metadata={"Date": None} if path.suffix == ".svg" else None)
        pyplot.close(figure)
    return paths


def _scatter(axes: "Axes", calls: Sequence[Call], began: float, colour: str, size: int, label: str) -> None:
    axes.scatter(
        [call.started - began for call in calls],
        [call.seconds * 1000 for call in calls],
        s=size,
        color=colour,
        alpha=0.6 if colour == QUIET else 0.95,
        linewidths=0,
        label=f"{label} ({len(calls):,})",
        zorder=2 if colour == QUIET else 4,
    )


def _slowest(calls: Sequence[Call], began: float) -> tuple[list[float], list[float]]:
    """In milliseconds, drawn at the middle of each second."""
    slowest: dict[int, float] = {}
    for call in calls:
        second = int(call.started - began)
        slowest[second] = max(slowest.get(second, 0.0), call.seconds * 1000)
    seconds = sorted(slowest)
    return [second + 0.5 for second in seconds], [slowest[second] for second in seconds]


def _mark(axes: "Axes", fault: FaultRecord, began: float, *, is_first: bool) -> None:
    at = fault.injected_at - began
    axes.axvspan(at, at + AFTERMATH_SECONDS, color=ALARM, alpha=0.06, linewidth=0)
    axes.axvline(
        at, color=ALARM, linewidth=1.2, linestyle="--", label="kill -9, and the 5 s after it" if is_first else None
    )
    axes.annotate(
        fault.target,
        (at, 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(4, -12),
        textcoords="offset points",
        color=ALARM,
        fontsize=9,
    )
