"""Running what a `markethall bench` command has named: the bar, the table, the files, the exit code."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from markethall.cli.bench_options import Asked
from markethall.cli.breaking_off import broken_off_by_signals
from markethall.cli.console import screen
from markethall.cli.exits import Exit, fail
from markethall.local.errors import LocalError

if TYPE_CHECKING:
    from markethall.bench.case import Case
    from markethall.bench.figures import Summary


def run(title: str, cases: "Sequence[Case]", asked: Asked) -> None:
    """Exit 1 where something was violated, 3 where there was nothing to measure, 130 where it was broken off."""
    import asyncpg

    from markethall.bench.document import as_json, document, write
    from markethall.bench.errors import CannotMeasure
    from markethall.bench.wording import NOT_AUDITED

    try:
        if asked.to is not None:
            asked.to.mkdir(parents=True, exist_ok=True)
        found = asyncio.run(_measure(cases, asked))
    except (CannotMeasure, LocalError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        fail(str(error) or type(error).__name__, Exit.UNREACHABLE, json=asked.json)
    except (KeyboardInterrupt, asyncio.CancelledError):
        typer.echo("markethall: broken off", err=True)
        raise typer.Exit(130) from None
    told = document(title, cases, found, asked.course, asked.wanted)
    if asked.json:
        typer.echo(as_json(told))
    else:
        _show(title, cases, found)
    if not asked.wanted.is_audited:
        typer.echo(NOT_AUDITED, err=True)
    if asked.to is not None:
        paths = write(title, cases, found, told, asked.to)
        drawn = "" if any(each.figures for each in found) else "; no charts, for there are no figures"
        screen(stderr=True).print("Written: " + ", ".join(map(str, paths)) + drawn, markup=False, soft_wrap=True)
    if any(each.violations for each in found):
        raise typer.Exit(Exit.REFUSED)


async def _measure(cases: "Sequence[Case]", asked: Asked) -> "list[Summary]":
    from markethall.bench.figures import summary
    from markethall.bench.load.wrk import find
    from markethall.bench.rounds import measure, steps
    from markethall.cli.progress import following

    find()
    broken_off_by_signals()
    with following(steps(cases, asked.course)) as tell:
        rounds = await measure(cases, asked.wanted, asked.course, tell)
    return [summary(case, rounds) for case in cases]


def _show(title: str, cases: "Sequence[Case]", found: "Sequence[Summary]") -> None:
    from markethall.cli.bench_tables import table

    console = screen()
    console.print(table(title, cases, found))
    for each in found:
        for line in each.violations:
            console.print(f"{each.name}: violated: {line}", style="red", markup=False)
