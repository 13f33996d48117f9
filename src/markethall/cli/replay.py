"""`markethall replay`: what really happened in a shop, once more."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from markethall.cli import tables
from markethall.cli.api import Shop
from markethall.cli.connection import (
    DEFAULT_DATA,
    AdminEmailOption,
    AdminPasswordOption,
    Connection,
    DataOption,
    JsonOption,
    UrlOption,
    admin_connection,
)
from markethall.cli.console import screen
from markethall.cli.exits import EXPLAINED, Exit, fail, run
from markethall.cli.load import FileArgument, read_retail
from markethall.cli.loaders.online_retail import Retail
from markethall.cli.loaders.replaying import Report, counted, replay
from markethall.cli.progress import bar
from markethall.cli.transport import PATIENCE_SECONDS
from markethall.listings.calls import Refused

app = typer.Typer(no_args_is_help=True, help="Replay real orders through the public API.", epilog=EXPLAINED)
console = screen()


@app.callback()
def _commands() -> None:
    """Replay real orders through the public API."""


@app.command(name="online-retail")
def online_retail(
    file: FileArgument,
    clients: Annotated[int, typer.Option("--clients", min=1, max=1000, help="Orders under way at once.")] = 16,
    url: UrlOption = None,
    data: DataOption = DEFAULT_DATA,
    email: AdminEmailOption = None,
    password: AdminPasswordOption = None,
    json: JsonOption = False,
) -> None:
    """Replay the orders and cancellations of the data set "Online Retail".

    Load it first: `markethall load online-retail FILE`. Exits with 0 if what the shop says it
    sold, cancelled and took back equals what the file says; otherwise with 1. May be repeated.
    """
    retail = read_retail(file)

    async def work() -> Report:
        admin = admin_connection(url, data, email, password)
        guest = Connection(admin.url)
        async with (
            admin.open(clients, PATIENCE_SECONDS) as receiving,
            guest.open(clients, PATIENCE_SECONDS) as buying,
        ):
            currency = await _currency(buying, retail, file)
            with bar("replaying", len(retail.events)) as advance:
                return await replay(buying, receiving, retail, currency=currency, clients=clients, advance=advance)

    report, file_says = run(work(), json=json), counted(retail)
    if json:
        typer.echo(msgspec.json.encode(_document(report, file_says, retail)).decode())
    else:
        console.print(tables.skipped_lines(retail.lines, retail.skipped))
        console.print(tables.replayed(report, file_says))
    if not report.agrees_with(file_says):
        fail("the shop's account of the replay differs from the file's", Exit.REFUSED)


async def _currency(shop: Shop, retail: Retail, file: Path) -> str:
    """The shop's own, as one of the articles is priced."""
    if not retail.articles:
        fail(f"there is no sale in {file}", Exit.REFUSED)
    try:
        product = await shop.product(retail.articles[0].slug)
    except Refused as refused:
        if refused.status != 404:
            raise
        fail(f"its articles are not in the shop: `markethall load online-retail {file}` first", Exit.ABSENT)
    return product.variants[0].price.currency


def _document(report: Report, file_says: Report, retail: Retail) -> dict[str, object]:
    return {
        "shop": _counts(report) | {"rejected": report.rejected, "pending": report.pending},
        "file": _counts(file_says),
        "failed": dict(report.failed),
        "skipped": {str(reason): count for reason, count in retail.skipped.items()},
        "seconds": report.seconds,
        "latency_seconds": {f"p{p}": report.percentile(p) for p in (50, 95, 99)},
    }


def _counts(report: Report) -> dict[str, object]:
    return {
        "orders": report.sold.invoices,
        "units": report.sold.units,
        "sum": report.sold.total,
        "cancelled": msgspec.to_builtins(report.cancelled),
        "returned": msgspec.to_builtins(report.returned),
    }
