"""`markethall bench`: how fast a shop is, and what it takes for it."""

from typing import TYPE_CHECKING, Annotated

import typer

from markethall.cli.bench_options import ThreadsOption, measured, numbers

if TYPE_CHECKING:
    from markethall.bench.case import Case

app = typer.Typer(
    no_args_is_help=True,
    help="How fast a shop is, and what it takes for it.",
    epilog="Rounds of all rows alternate; figures are medians, with the least and the greatest. After each round the "
    "shop is audited: where anything is broken there is no figure. Without --data or --url a shop is started for it, "
    "and is gone afterwards.",
)

ConnectionsOption = Annotated[
    str, typer.Option(metavar="N,...", help="Each sends its next request when the last was answered.")
]


@app.callback()
def _commands() -> None:
    """How fast a shop is, and what it takes for it."""


@app.command()
@measured("orders")
def orders(
    connections: ConnectionsOption = "256",
    skus: Annotated[
        int, typer.Option(min=1, max=10_000, help="1: all want the same. More: baskets of 1 to 4 lines of them.")
    ] = 1,
    respond_async: Annotated[
        bool, typer.Option("--async", help="Acknowledged at once; the backlog is drained, and counted.")
    ] = False,
    threads: ThreadsOption = 1,
) -> "list[Case]":
    """Orders from the button to the confirmation, durable at every hop."""
    from markethall.bench.case import Case
    from markethall.bench.workloads.orders import Orders

    what = ("hot SKU" if skus == 1 else f"{skus:,} SKUs") + (", async" if respond_async else "")
    return [
        Case(f"{what}, {_connections(count)}", Orders(count, skus, respond_async, threads))
        for count in numbers(connections, "--connections")
    ]


@app.command()
@measured("reads")
def reads(
    paths: Annotated[
        str, typer.Option(metavar="PATH,...", help="cached, unchanged (304), uncached; the last in a shop of its own.")
    ] = "cached,unchanged,uncached",
    connections: ConnectionsOption = "64",
    products: Annotated[int, typer.Option(min=1, max=5000, help="So many different ones, in turn.")] = 100,
    threads: ThreadsOption = 1,
) -> "list[Case]":
    """One product, read: from the cache, unchanged since the client's own copy, and past all caches."""
    from markethall.bench.case import Case
    from markethall.bench.workloads.reads import Path, Reads

    wanted = [part.strip() for part in paths.split(",")]
    if unknown := [part for part in wanted if part not in list(Path)]:
        raise typer.BadParameter(f"there is no {unknown[0]!r}: they are {', '.join(Path)}", param_hint="--paths")
    return [
        Case(f"{path}, {_connections(count)}", Reads(Path(path), count, products, threads))
        for path in wanted
        for count in numbers(connections, "--connections")
    ]


def _connections(count: int) -> str:
    return "1 connection" if count == 1 else f"{count} connections"
