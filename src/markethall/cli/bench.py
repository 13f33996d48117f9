"""`markethall bench`: how fast a shop is, and what it takes for it."""

from typing import TYPE_CHECKING, Annotated

import typer

from markethall.cli import bench_bytes
from markethall.cli.bench_options import ThreadsOption, measured, numbers

if TYPE_CHECKING:
    from markethall.bench.case import Case
    from markethall.bench.load.pace import Pace

app = typer.Typer(
    no_args_is_help=True,
    help="How fast a shop is, and what it takes for it.",
    epilog="Rounds of all rows alternate; figures are medians, with the least and the greatest. After each round the "
    "shop is audited, unless no more than its --url is known: where anything is broken there is no figure. Without "
    "--data or --url a shop is started for it, and is gone afterwards.",
)

app.add_typer(bench_bytes.app)

ConnectionsOption = Annotated[
    str, typer.Option(metavar="N,...", help="Each sends its next request when the last was answered.")
]
RateOption = Annotated[
    float,
    typer.Option(
        "--rate", min=0, max=100_000, help="Open loop instead: so many requests a second, whatever becomes of them."
    ),
]
ProductsOption = Annotated[int, typer.Option(min=1, max=5000, help="So many different ones, in turn.")]


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
    rate: RateOption = 0.0,
    threads: ThreadsOption = 1,
) -> "list[Case]":
    """Orders from the button to the confirmation, durable at every hop."""
    from markethall.bench.case import Case
    from markethall.bench.workloads.orders import Orders

    what = ("hot SKU" if skus == 1 else f"{skus:,} SKUs") + (", async" if respond_async else "")
    return [Case(f"{what}, {pace}", Orders(pace, skus, respond_async)) for pace in _paces(connections, rate, threads)]


@app.command()
@measured("reads")
def reads(
    paths: Annotated[
        str, typer.Option(metavar="PATH,...", help="cached, unchanged (304), uncached; the last in a shop of its own.")
    ] = "cached,unchanged,uncached",
    connections: ConnectionsOption = "64",
    products: ProductsOption = 100,
    rate: RateOption = 0.0,
    threads: ThreadsOption = 1,
) -> "list[Case]":
    """One product, read: from the cache, unchanged since the client's own copy, and past all caches."""
    from markethall.bench.case import Case
    from markethall.bench.workloads.reads import Path, Reads

    wanted = [part.strip() for part in paths.split(",")]
    if unknown := [part for part in wanted if part not in list(Path)]:
        raise typer.BadParameter(f"there is no {unknown[0]!r}: they are {', '.join(Path)}", param_hint="--paths")
    return [
        Case(f"{path}, {pace}", Reads(Path(path), pace, products))
        for path in wanted
        for pace in _paces(connections, rate, threads)
    ]


@app.command("sold-out")
@measured("sold-out")
def sold_out(connections: ConnectionsOption = "64", rate: RateOption = 0.0, threads: ThreadsOption = 1) -> "list[Case]":
    """Orders for what is sold out, refused by the front itself."""
    from markethall.bench.case import Case
    from markethall.bench.workloads.sold_out import SoldOut

    return [Case(f"sold out, {pace}", SoldOut(pace)) for pace in _paces(connections, rate, threads)]


@app.command()
@measured("lists")
def lists(connections: ConnectionsOption = "64", rate: RateOption = 0.0, threads: ThreadsOption = 1) -> "list[Case]":
    """Lists of twenty products, from the cache and past it; the latter in a shop of its own."""
    from markethall.bench.case import Case
    from markethall.bench.workloads.lists import Lists

    return [
        Case(f"{'cached' if cached else 'uncached'}, {pace}", Lists(cached, pace))
        for cached in (True, False)
        for pace in _paces(connections, rate, threads)
    ]


@app.command()
@measured("carts")
def carts(connections: ConnectionsOption = "64", rate: RateOption = 0.0, threads: ThreadsOption = 1) -> "list[Case]":
    """Lines of carts set, by people who are signed in."""
    from markethall.bench.case import Case
    from markethall.bench.workloads.carts import Carts

    return [Case(f"cart lines, {pace}", Carts(pace)) for pace in _paces(connections, rate, threads)]


@app.command("sign-in")
@measured("sign-in")
def sign_in(
    connections: ConnectionsOption = "8",
    browsing: Annotated[float, typer.Option(min=1, max=10_000, help="Reads of products a second, meanwhile.")] = 200.0,
) -> "list[Case]":
    """People sign in, while others browse: and what that does to those."""
    from markethall.bench.case import Case
    from markethall.bench.workloads.sign_in import SignIn

    return [Case(f"sign-in, {pace}", SignIn(pace, browsing=browsing)) for pace in _paces(connections, 0.0, 1)]


@app.command("flash-sale")
@measured("flash-sale")
def flash_sale(
    buyers: Annotated[int, typer.Option(min=1, max=10_000, help="All ask at the same instant.")] = 1000,
    units: Annotated[int, typer.Option(min=1, max=1_000_000, help="There are so many, one for each.")] = 100,
) -> "list[Case]":
    """Many buyers ask at one instant for what there is too little of. --seconds does not count here."""
    from markethall.bench.case import Case
    from markethall.bench.workloads.flash_sale import FlashSale

    return [Case(f"{buyers:,} buyers for {units:,}", FlashSale(buyers, units))]


@app.command()
@measured("overload")
def overload(
    times: Annotated[float, typer.Option(min=0.1, max=20, help="So many times the capacity is asked for.")] = 3.0,
    connections: Annotated[
        int, typer.Option(min=2, max=10_000, help="At most; what is due while all are busy is not sent, and told.")
    ] = 6500,
    processes: Annotated[int, typer.Option(min=1, max=16, help="That make the load.")] = 1,
    respond_async: Annotated[bool, typer.Option("--async", help="Orders are to be acknowledged at once.")] = False,
) -> "list[Case]":
    """Far more orders than the shop can take: what is served meanwhile, who is refused how, and when it is over.

    A round finds the capacity (closed loop, 256 connections, 5 s, before and after), asks for a multiple of it by the
    clock for --seconds, nobody ever asking again, and sends single orders from the load's end until they are confirmed
    as before. Goodput, of the capacity, is to be 80 %. Violated are more than 5 s until then, memory that grows by more
    than the connections need, a 503 without Retry-After, a broken connection, and any order that was told and is not
    there. A load of less than four fifths of what it should be shows nothing: it has no figure either.
    """
    from markethall.bench.case import Case
    from markethall.bench.workloads.overload import GOODPUT, Overload

    name = f"{times:g} times the capacity{', async' if respond_async else ''}"
    return [Case(name, Overload(times, connections, processes, respond_async=respond_async), (GOODPUT,))]


@app.command()
@measured("mixed")
def mixed(
    connections: ConnectionsOption = "64",
    rate: Annotated[
        float, typer.Option("--rate", min=1, max=100_000, help="Of the second row, by the clock: requests a second.")
    ] = 200.0,
    threads: ThreadsOption = 1,
) -> "list[Case]":
    """A day of a shop: browse, search, fill carts, buy. As fast as it goes, and by the clock with latencies by kind."""
    from markethall.bench.case import Case
    from markethall.bench.workloads.mixed import Mixed

    paces = [*_paces(connections, 0.0, threads), *_paces(connections, rate, threads)]
    return [Case(f"mixed, {pace}", Mixed(pace)) for pace in paces]


@app.command("all")
@measured("all")
def all_rows(
    only: Annotated[str, typer.Option(metavar="ROW,...", help="Some of them, by name; a wrong one lists them.")] = "",
) -> "list[Case]":
    """Every row that the shop has a mark to reach for, with the marks: enough (and better still)."""
    from markethall.bench.reach import ROWS

    wanted = [part.strip() for part in only.split(",") if part.strip()] or list(ROWS)
    if unknown := [part for part in wanted if part not in ROWS]:
        raise typer.BadParameter(f"there is no row {unknown[0]!r}: they are {', '.join(ROWS)}", param_hint="--only")
    return [ROWS[name] for name in wanted]


@app.command()
@measured("compare", audited_once=True, warm_seconds=1.0)
def compare(
    connections: Annotated[
        str, typer.Option(metavar="N,...", help="For orders; baskets have the most of them, and reads 64.")
    ] = "1,16,64,256",
    skus: Annotated[int, typer.Option(min=2, max=10_000, help="Of the baskets.")] = 1000,
    batch: Annotated[
        int, typer.Option(min=1, max=500, help="Orders to a batch of the database's floor, where so many buy at once.")
    ] = 100,
) -> "list[Case]":
    """The shop, the usual design (one transaction for each order) and the floors, in turn on one machine.

    Beside each of the shop's figures stands what it is in those of the usual design, and how much of the floor it
    reaches, from rounds that followed each other; by rate, and by CPU, which differs least from day to day. The usual
    design has the same database server and the same HTTP stack. The floors are `pgbench` with the order path's own
    statements in batches, and an HTTP server that answers from memory. The audit comes once, at the end.
    """
    from markethall.bench.comparison import cases

    return cases(numbers(connections, "--connections"), skus, batch)


@app.command()
@measured("growth", of_two_shops=True, audited_once=True)
def growth(
    products: Annotated[str, typer.Option(metavar="FEW,MANY", help="In a young shop and in an old one.")] = (
        "1000,1000000"
    ),
    orders: Annotated[str, typer.Option(metavar="FEW,MANY", help="The same.")] = "10000,10000000",
    connections: Annotated[int, typer.Option(min=1, max=1000, help="Few: latency counts here.")] = 8,
) -> "list[Case]":
    """Reads, lists, searches and orders in a young shop and in an old one, past all caches.

    The old one takes minutes to make and some 15 GB while it lasts. Their rounds alternate; the audit comes once, at
    the end. The column of multiples is the young shop's rate in those of the old: at the same connections, that is
    the ratio of their latencies.
    """
    from markethall.bench.comparison import grown

    ages = list(zip(_sizes(products, "--products"), _sizes(orders, "--orders"), strict=True))
    return grown(ages[0], ages[1], connections)


def _sizes(text: str, name: str) -> list[int]:
    found = text.replace("_", "").split(",")
    if len(found) != 2 or not all(part.isdecimal() and 1 <= int(part) <= 100_000_000 for part in found):
        raise typer.BadParameter("two numbers, separated by a comma", param_hint=name)
    few, many = (int(part) for part in found)
    if few >= many:
        raise typer.BadParameter("the young shop has fewer than the old one", param_hint=name)
    return [few, many]


def _paces(connections: str, rate: float, threads: int) -> "list[Pace]":
    from markethall.bench.load.pace import Pace
    from markethall.bench.load.steady import MAX_CONNECTIONS

    if rate:
        return [Pace(MAX_CONNECTIONS, rate)]
    return [Pace(count, threads=threads) for count in numbers(connections, "--connections")]
