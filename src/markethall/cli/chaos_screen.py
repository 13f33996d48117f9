"""What `markethall chaos` shows: a live table on a terminal, a line for each thing elsewhere."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any, Self

import msgspec
import typer
from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from markethall.chaos.fares import Fares
from markethall.chaos.run import Result
from markethall.chaos.schedule import Hit

SHOWN_HITS = 12
FARES_EVERY = 5
"""Seconds between two lines about buyers, where no table stands in its place."""


class JsonLines:
    """A document a line, for programs."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def offered(self, offers: Mapping[str, int], lacking: Mapping[str, str]) -> None:
        self._say("offered", faults=offers, lacking=lacking)

    def injected(self, hit: Hit, sentence: str) -> None:
        self._say("injected", **msgspec.to_builtins(hit), sentence=sentence)

    def missed(self, hit: Hit, reason: str) -> None:
        self._say("missed", number=hit.number, fault=hit.fault, spot=hit.spot, reason=reason)

    def well_again(self, hit: Hit, seconds: float) -> None:
        self._say("well_again", number=hit.number, seconds=round(seconds, 3))

    def fared(self, fares: Fares) -> None:
        self._say("fared", **msgspec.to_builtins(fares))

    def said(self, text: str) -> None:
        self._say("said", text=text)

    @staticmethod
    def _say(event: str, **what: Any) -> None:
        typer.echo(msgspec.json.encode({"event": event, **what}))


class Lines:
    """For logs and pipes."""

    def __init__(self) -> None:
        self._began = monotonic()
        self._fares: list[Fares] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def offered(self, offers: Mapping[str, int], lacking: Mapping[str, str]) -> None:
        for line in offered_lines(offers, lacking):
            self.said(line)

    def injected(self, hit: Hit, sentence: str) -> None:
        self.said(f"{hit.number}. {hit.fault} at {hit.spot}: {sentence}")

    def missed(self, hit: Hit, reason: str) -> None:
        self.said(f"{hit.number}. {hit.fault} at {hit.spot} hit nothing: {reason}")

    def well_again(self, hit: Hit, seconds: float) -> None:
        self.said(f"{hit.number}. well again {seconds:.1f} s after it was healed")

    def fared(self, fares: Fares) -> None:
        self._fares.append(fares)
        if len(self._fares) == FARES_EVERY:
            self.said(fares_line(_joined(self._fares)))
            self._fares.clear()

    def said(self, text: str) -> None:
        typer.echo(f"{monotonic() - self._began:7.1f} s  {text}")


class Screen:
    """A table that stays in its place: the latest faults, and how buyers fare now."""

    def __init__(self, console: Console) -> None:
        self._began = monotonic()
        self._hits: deque[list[str]] = deque(maxlen=SHOWN_HITS)
        self._fares = ""
        self._status = "buyers come"
        self._live = Live(console=console, get_renderable=self._draw, refresh_per_second=4)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def offered(self, offers: Mapping[str, int], lacking: Mapping[str, str]) -> None:
        for line in offered_lines(offers, lacking):
            self._live.console.print(line, highlight=False, markup=False)

    def injected(self, hit: Hit, sentence: str) -> None:
        at = f"{monotonic() - self._began:.1f} s"
        self._hits.append([str(hit.number), at, hit.fault, hit.spot, "[yellow]now[/yellow]", sentence])

    def missed(self, hit: Hit, reason: str) -> None:
        at = f"{monotonic() - self._began:.1f} s"
        self._hits.append([str(hit.number), at, hit.fault, hit.spot, "[dim]missed[/dim]", reason])

    def well_again(self, hit: Hit, seconds: float) -> None:
        if self._hits and self._hits[-1][0] == str(hit.number):
            self._hits[-1][4] = f"[green]{hit.hold_seconds + seconds:.1f} s[/green]"

    def fared(self, fares: Fares) -> None:
        self._fares = fares_line(fares)

    def said(self, text: str) -> None:
        self._status = text

    def _draw(self) -> Group:
        table = Table("", "at", "fault", "where", "well again", "", box=None, pad_edge=False)
        for number, at, fault, spot, state, sentence in list(self._hits):
            table.add_row(number, at, fault, escape(spot), state, escape(sentence))
        return Group(table, Text(f"{monotonic() - self._began:.0f} s  {self._fares}"), Text(self._status, style="dim"))


def offered_lines(offers: Mapping[str, int], lacking: Mapping[str, str]) -> Iterator[str]:
    yield "It orders for real: products of its own, which stay in this shop."
    if offers:
        yield "Faults: " + ", ".join(f"{name} ({places} places)" for name, places in offers.items())
    for name, needs in lacking.items():
        yield f"Not offered: {name}, which needs {needs}"


def fares_line(fares: Fares) -> str:
    return (
        f"buyers: {fares.calls_per_second:,.0f} calls/s, median {fares.median_ms:,.0f} ms, slowest "
        f"{fares.slowest_ms:,.0f} ms, {fares.retried} had to repeat, {fares.not_served} were not served"
    )


def conclusion(seed: int, result: Result, kept: Path) -> Iterator[str]:
    """The verdict and the figures."""
    figures = result.verdict.figures
    yield ""
    yield f"{figures['calls']:,} calls, {result.hits} faults, {result.held_back:,} orders held back"
    yield f"not served after all repeats: {figures['not_served']:,} ({figures['not_served_share']:.3%})"
    for kind, one in figures["kinds"].items():
        times = (
            f"p50 {one['p50_seconds']:.3f} s, p99 {one['p99_seconds']:.3f} s, longest {one['longest_seconds']:.2f} s"
        )
        yield f"    {kind}: {one['calls']:,}, {times}, not served {one['not_served']:,}"
    yield "longest from a fault to the first success of a call that began after it, seconds:"
    for fault, kinds in _longest(figures["faults"]).items():
        yield f"    {fault}: " + ", ".join(f"{kind} {seconds:.2f}" for kind, seconds in sorted(kinds.items()))
    yield f"history: {kept}"
    if result.verdict.is_clean:
        yield f"Seed {seed}: every rule was kept."
        return
    yield f"Seed {seed}: {len(result.verdict.violations)} violations"
    for violation in result.verdict.violations:
        yield from violation.lines(result.began)


def _longest(faults: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """By fault and kind of call."""
    longest: dict[str, dict[str, float]] = {}
    for fault in faults:
        kinds = longest.setdefault(fault["name"], {})
        for kind, seconds in fault["first_success_seconds"].items():
            if seconds is not None:
                kinds[kind] = max(seconds, kinds.get(kind, 0.0))
    return dict(sorted(longest.items()))


def _joined(fares: list[Fares]) -> Fares:
    busiest = max(fares, key=lambda each: each.calls_per_second)
    return Fares(
        sum(each.calls_per_second for each in fares) / len(fares),
        sum(each.not_served for each in fares),
        sum(each.retried for each in fares),
        busiest.median_ms,
        max(each.slowest_ms for each in fares),
    )
