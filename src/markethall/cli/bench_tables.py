"""The figures of `markethall bench`, as a table."""

from collections.abc import Sequence

from rich.markup import escape
from rich.table import Column, Table

from markethall.bench import wording
from markethall.bench.case import Case, Target
from markethall.bench.figures import Figure, Summary


def table(title: str, cases: Sequence[Case], found: Sequence[Summary]) -> Table:
    with_targets = any(case.targets for case in cases)
    shown = wording.shown(cases)
    columns = [Column(wording.HEADINGS[name], justify="right") for name in shown]
    more = ([Column("to reach", justify="right")] if with_targets else []) + [Column("besides")]
    made = Table(Column(title), *columns, *more, caption=wording.CAPTION)
    for case, each in zip(cases, found, strict=True):
        targets = [_targets(case.targets, each)] if with_targets else []
        several = len(each.rounds) > 1
        cells = [_cell(each.figures.get(name), spread=several and name in wording.SPREAD) for name in shown]
        if each.violations:
            cells[0] = "[red]violated[/red]"
        made.add_row(escape(each.name), *cells, *targets, escape(wording.besides(each)))
    return made


def _cell(figure: Figure | None, *, spread: bool) -> str:
    if figure is None:
        return "–"
    span = f"\n[dim]{wording.number(figure.least)} to {wording.number(figure.most)}[/dim]" if spread else ""
    return wording.number(figure.median) + span


def _targets(targets: Sequence[Target], found: Summary) -> str:
    lines = []
    for target in targets:
        figure = found.figures.get(target.figure)
        said = wording.judged(target, found)
        lines.append(said if figure is None else f"[{'green' if target.reached(figure.median) else 'red'}]{said}[/]")
    return "\n".join(lines)
