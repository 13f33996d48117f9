"""`markethall bench bytes`."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from markethall.cli.bench_options import numbers
from markethall.cli.breaking_off import broken_off_by_signals
from markethall.cli.connection import JsonOption
from markethall.cli.console import screen
from markethall.cli.exits import Exit, fail
from markethall.local.errors import LocalError

if TYPE_CHECKING:
    from markethall.bench.bytes import Taken
    from markethall.bench.subject import Wanted

app = typer.Typer()


@app.command("bytes")
def bytes_(
    sizes: Annotated[str, typer.Option(metavar="N,...", help="Orders in a batch, 500 at most.")] = "1,10,100,500",
    batches: Annotated[int, typer.Option(min=1, max=10_000, help="Of each size, and 2,000 orders at least.")] = 100,
    skus: Annotated[int, typer.Option(min=1, max=10_000, help="One line an order, of these in turn.")] = 1,
    grown: Annotated[
        str, typer.Option(metavar="PRODUCTS,ORDERS", help="The shop has so many before; see `growth`.")
    ] = "",
    data: Annotated[
        Path | None, typer.Option(help="A running local shop, for trying things out: it is ordered for real.")
    ] = None,
    to: Annotated[Path | None, typer.Option("--to", help="Folder for figures (JSON, Markdown).")] = None,
    json: JsonOption = False,
) -> None:
    """What an order writes and sends, by the size of its batch: for reckoning what a larger shop takes.

    Batches go straight to orders, one under way at a time. A shop is started for it, and is gone afterwards.
    """
    import asyncpg

    from markethall.bench.bytes import MAX_BATCH
    from markethall.bench.errors import CannotMeasure
    from markethall.bench.subject import Wanted

    wanted_sizes = numbers(sizes, "--sizes")
    if max(wanted_sizes) > MAX_BATCH:
        raise typer.BadParameter(f"a batch has {MAX_BATCH} orders at most", param_hint="--sizes")
    age = numbers(grown, "--grown", at_most=100_000_000) if grown else []
    if len(age) not in (0, 2):
        raise typer.BadParameter("two numbers, separated by a comma", param_hint="--grown")
    try:
        if to is not None:
            to.mkdir(parents=True, exist_ok=True)
        found = asyncio.run(_measure(Wanted(data=data), wanted_sizes, batches, skus, age))
        _tell(found, to, json=json)
    except (CannotMeasure, LocalError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        fail(str(error) or type(error).__name__, Exit.UNREACHABLE, json=json)
    except (KeyboardInterrupt, asyncio.CancelledError):
        typer.echo("markethall: broken off", err=True)
        raise typer.Exit(130) from None


async def _measure(wanted: "Wanted", sizes: list[int], batches: int, skus: int, age: list[int]) -> "list[Taken]":
    from markethall.bench.bytes import taken
    from markethall.bench.filling import fill
    from markethall.bench.subject import opened

    broken_off_by_signals()
    async with opened(wanted, {}) as subject:
        if age:
            await fill(subject, *age)
        return await taken(subject, sizes, batches, skus)


def _tell(found: "list[Taken]", to: Path | None, *, json: bool) -> None:
    from rich.table import Column, Table

    from markethall.bench.bytes import as_document, as_markdown, rows
    from markethall.bench.wording import number

    document = as_document(found)
    if json:
        typer.echo(document)
    else:
        table = Table("batch of", *(Column(str(each.batch), justify="right") for each in found))
        for name, values in rows(found):
            table.add_row(name, *map(number, values))
        screen().print(table)
    if to is not None:
        (to / "bytes.json").write_text(document + "\n")
        (to / "bytes.md").write_text(as_markdown(found))
