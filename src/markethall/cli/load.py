"""`markethall load`: fill a shop with a catalogue and its stock."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from markethall.cli.connection import (
    DEFAULT_DATA,
    AdminEmailOption,
    AdminPasswordOption,
    DataOption,
    UrlOption,
    admin_connection,
)
from markethall.cli.console import screen
from markethall.cli.exits import EXPLAINED, Exit, code_of, fail, run
from markethall.cli.loaders import demo, online_retail
from markethall.cli.progress import bar
from markethall.cli.tables import skipped_lines
from markethall.cli.transport import PATIENCE_SECONDS
from markethall.listings import catalog_csv
from markethall.listings.complaints import BadFile
from markethall.listings.listing import ProductListing
from markethall.listings.loading import WORKERS, Loaded, LoadFailed, Taken
from markethall.listings.loading import load as load_listings

app = typer.Typer(no_args_is_help=True, help="Fill a shop, as its admin.", epilog=EXPLAINED)
console = screen()

FileArgument = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]
CurrencyOption = Annotated[
    str, typer.Option("--currency", envvar="MARKETHALL_CURRENCY", help="The shop's currency, ISO 4217.")
]


@app.command()
def catalog(
    file: FileArgument,
    currency: CurrencyOption = "EUR",
    url: UrlOption = None,
    data: DataOption = DEFAULT_DATA,
    email: AdminEmailOption = None,
    password: AdminPasswordOption = None,
) -> None:
    """Load products and stock from a CSV file: all of it, or nothing."""
    content = file.read_bytes()
    try:
        listings = catalog_csv.parse(content, currency)
    except BadFile as bad:
        for complaint in bad.complaints:
            typer.echo(f"{file}: {complaint}", err=True)
        more = bad.count - len(bad.complaints)
        unlisted = f" ({more:,} more are not listed)" if more else ""
        fail(f"{file}: {bad.count:,} mistakes{unlisted}; nothing of the file was loaded", Exit.REFUSED)
    source = f"catalog:{hashlib.sha256(content).hexdigest()[:32]}"
    done = _load(listings, source, Taken.REFUSE, currency, (url, data, email, password), file)
    console.print(f"{_said(done)} from {file}", highlight=False, soft_wrap=True)


@app.command(name="demo")
def toy_store(
    currency: CurrencyOption = "EUR",
    url: UrlOption = None,
    data: DataOption = DEFAULT_DATA,
    email: AdminEmailOption = None,
    password: AdminPasswordOption = None,
) -> None:
    """Stock the toy store: 60 products in 8 categories. Products that are there already are left."""
    listings = demo.toy_store(currency)
    images = demo.category_images(listings)
    done = _load(listings, demo.SOURCE, Taken.LEAVE, currency, (url, data, email, password), category_images=images)
    console.print(_said(done), highlight=False)


@app.command(name="online-retail")
def retail(
    file: FileArgument,
    currency: CurrencyOption = "EUR",
    url: UrlOption = None,
    data: DataOption = DEFAULT_DATA,
    email: AdminEmailOption = None,
    password: AdminPasswordOption = None,
) -> None:
    """Load the articles of the data set "Online Retail", with stock for all that it sells.

    Its prices are pounds. They are taken as minor units of the shop's currency as they are; for
    pounds, run the shop with MARKETHALL_CURRENCY=GBP.
    """
    found = read_retail(file)
    source = f"online-retail:{found.fingerprint[:32]}"
    listings = online_retail.listings(found)
    done = _load(listings, source, Taken.REFUSE, currency, (url, data, email, password))
    console.print(skipped_lines(found.lines, found.skipped))
    console.print(f"{_said(done)} from {file}", highlight=False, soft_wrap=True)


def read_retail(file: Path) -> online_retail.Retail:
    """Ends the command where the file is another."""
    try:
        return online_retail.read(file)
    except ValueError as error:
        fail(str(error), Exit.REFUSED)


def _load(
    listings: Sequence[ProductListing],
    source: str,
    taken: Taken,
    currency: str,
    where: tuple[str | None, Path, str | None, str | None],
    file: Path | None = None,
    category_images: Mapping[str, str] | None = None,
) -> Loaded:
    arriving = sum(1 for listing in listings for variant in listing.variants if variant.stock)

    async def work() -> Loaded:
        async with admin_connection(*where).open(WORKERS, PATIENCE_SECONDS) as shop:
            with bar("loading", len(listings) + arriving) as advance:
                return await load_listings(
                    shop,
                    listings,
                    currency=currency,
                    source=source,
                    taken=taken,
                    category_images=category_images,
                    advance=advance,
                )

    try:
        return run(work())
    except LoadFailed as failed:
        fail(_why(failed, file), code_of(failed.reason))


def _why(failed: LoadFailed, file: Path | None) -> str:
    at = ""
    if failed.listing:
        line = f"{file}: line {failed.listing.line}: " if file else ""
        at = f"{line}product {failed.listing.slug}: "
    undone = f"what had been created is archived again ({failed.archived:,} products)"
    remains = ""
    if failed.remains:
        named = ", ".join(failed.remains[:10]) + (", …" if len(failed.remains) > 10 else "")
        remains = f"; could not be taken away: {len(failed.remains):,} ({named})"
    return f"{at}{failed.reason}; {undone}{remains}"


def _said(done: Loaded) -> str:
    left = f", {done.left:,} were there already" if done.left else ""
    return f"{done.products:,} products, {done.units:,} units of stock{left}"
