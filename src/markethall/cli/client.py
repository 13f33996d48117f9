"""`markethall client`: browse, buy and follow orders from a terminal."""

import asyncio
from typing import Annotated, Any

import msgspec
import typer
from rich.console import RenderableType

from markethall.cli import tables
from markethall.cli.api import WAIT_SECONDS, Shop
from markethall.cli.connection import (
    DEFAULT_DATA,
    DataOption,
    EmailOption,
    JsonOption,
    PasswordOption,
    UrlOption,
    connection,
)
from markethall.cli.console import screen
from markethall.cli.documents import StatusEvent
from markethall.cli.exits import EXPLAINED, Exit, run
from markethall.contracts.public import Money, OrderView
from markethall.listings.calls import Refused
from markethall.listings.money import parse_amount

app = typer.Typer(no_args_is_help=True, help="A customer of the shop, in the terminal.", epilog=EXPLAINED)
console = screen()

OrderArgument = Annotated[str, typer.Argument(metavar="ORDER", help="The order's id, or one's own order's number.")]
LimitOption = Annotated[int, typer.Option("--limit", min=1, max=100)]
CursorOption = Annotated[str | None, typer.Option("--cursor", help="`next_cursor` of the page before.")]


@app.command()
def products(
    query: Annotated[str | None, typer.Argument(help="Words to look for.")] = None,
    category: Annotated[str | None, typer.Option("--category", help="A category's slug.")] = None,
    option: Annotated[list[str] | None, typer.Option("--option", help="As in size=L; may be repeated.")] = None,
    sort: Annotated[str | None, typer.Option("--sort", help="name, price or newest; -price turns it round.")] = None,
    limit: LimitOption = 20,
    cursor: CursorOption = None,
    url: UrlOption = None,
    data: DataOption = DEFAULT_DATA,
    email: EmailOption = None,
    password: PasswordOption = None,
    json: JsonOption = False,
) -> None:
    """List products, by words, category and options."""

    chosen = dict(_pair(text, "--option", "size=L") for text in option or ())

    async def work() -> None:
        async with connection(url, data, email, password).open() as shop:
            page = await shop.products(
                query=query, category=category, sort=sort, options=chosen, limit=limit, cursor=cursor
            )
        _show(page, tables.products(page.items), json)
        _say_next(page.next_cursor, json)

    run(work(), json=json)


@app.command()
def product(
    slug: str,
    url: UrlOption = None,
    data: DataOption = DEFAULT_DATA,
    email: EmailOption = None,
    password: PasswordOption = None,
    json: JsonOption = False,
) -> None:
    """Show a product and its variants."""

    async def work() -> None:
        async with connection(url, data, email, password).open() as shop:
            found = await shop.product(slug)
        _show(found, tables.product(found), json)

    run(work(), json=json)


@app.command()
def buy(
    lines: Annotated[list[str], typer.Argument(metavar="SKU[=QUANTITY]...", help="As in TSH-01-M=2 HAT-01-RED.")],
    key: Annotated[
        str | None, typer.Option("--key", help="Idempotency key: the same key and lines are one order, ever.")
    ] = None,
    contact: Annotated[str | None, typer.Option("--contact", help="Email address for the order.")] = None,
    expect: Annotated[str | None, typer.Option("--expect", help="Buy only if the total is this, as in 39.80.")] = None,
    currency: Annotated[str, typer.Option("--currency", envvar="MARKETHALL_CURRENCY")] = "EUR",
    wait: Annotated[int, typer.Option("--wait", min=0, max=30, help="Seconds to wait for the outcome.")] = WAIT_SECONDS,
    url: UrlOption = None,
    data: DataOption = DEFAULT_DATA,
    email: EmailOption = None,
    password: PasswordOption = None,
    json: JsonOption = False,
) -> None:
    """Order these variants: all of them, or none."""
    wanted = [_line(text) for text in lines]
    expected = _expected(expect, currency)

    async def work() -> OrderView:
        async with connection(url, data, email, password).open() as shop:
            return await shop.place_order(wanted, key=key, email=contact, expected_total=expected, wait_seconds=wait)

    placed = run(work(), json=json)
    _show(placed, tables.order(placed), json)
    raise typer.Exit(_outcome(placed.status))


@app.command()
def order(
    which: OrderArgument,
    url: UrlOption = None,
    data: DataOption = DEFAULT_DATA,
    email: EmailOption = None,
    password: PasswordOption = None,
    json: JsonOption = False,
) -> None:
    """Show an order."""

    async def work() -> None:
        async with connection(url, data, email, password).open() as shop:
            found = await shop.order(await _order_id(shop, which))
        _show(found, tables.order(found), json)

    run(work(), json=json)


@app.command()
def orders(
    everyone: Annotated[bool, typer.Option("--all", help="Those of all buyers; for admins.")] = False,
    limit: LimitOption = 20,
    cursor: CursorOption = None,
    url: UrlOption = None,
    data: DataOption = DEFAULT_DATA,
    email: EmailOption = None,
    password: PasswordOption = None,
    json: JsonOption = False,
) -> None:
    """List one's own orders, newest first."""

    async def work() -> None:
        async with connection(url, data, email, password).open() as shop:
            page = await shop.orders(everyone=everyone, limit=limit, cursor=cursor)
        _show(page, tables.orders(page.items), json)
        _say_next(page.next_cursor, json)

    run(work(), json=json)


@app.command()
def cancel(
    which: OrderArgument,
    url: UrlOption = None,
    data: DataOption = DEFAULT_DATA,
    email: EmailOption = None,
    password: PasswordOption = None,
    json: JsonOption = False,
) -> None:
    """Cancel an order that has not been sent."""

    async def work() -> OrderView:
        async with connection(url, data, email, password).open() as shop:
            return await shop.cancel(await _order_id(shop, which))

    cancelled = run(work(), json=json)
    _show(cancelled, tables.order(cancelled), json)
    raise typer.Exit(Exit.DONE if cancelled.status == "cancelled" else Exit.PENDING)


@app.command()
def watch(
    which: OrderArgument,
    timeout: Annotated[float | None, typer.Option("--timeout", min=0.1, help="Seconds; default: no end.")] = None,
    until_settled: Annotated[
        bool, typer.Option("--until-settled", help="End as soon as the order is no longer pending.")
    ] = False,
    url: UrlOption = None,
    data: DataOption = DEFAULT_DATA,
    email: EmailOption = None,
    password: PasswordOption = None,
    json: JsonOption = False,
) -> None:
    """Follow an order's status live, until a final one."""

    async def work() -> Exit:
        outcome = Exit.PENDING
        async with connection(url, data, email, password).open() as shop:
            order_id = await _order_id(shop, which)
            try:
                async with asyncio.timeout(timeout):
                    async for event in shop.events(order_id):
                        _show(event, _event(event), json)
                        outcome = _outcome(event.status)
                        if until_settled and event.status != "pending":
                            break
            except TimeoutError:
                return Exit.PENDING
        return outcome

    raise typer.Exit(run(work(), json=json))


async def _order_id(shop: Shop, which: str) -> str:
    """Numbers are known to the shop only for the buyer who is signed in."""
    if not which.isdecimal():
        return which
    page = await shop.orders(number=int(which))
    if not page.items:
        raise Refused(404, {"code": "not_found", "detail": f"you have no order with the number {which}"})
    return page.items[0].id


def _outcome(status: str) -> Exit:
    match status:
        case "confirmed" | "fulfilled":
            return Exit.DONE
        case "pending":
            return Exit.PENDING
        case "rejected":
            return Exit.OUT_OF_STOCK
    return Exit.REFUSED


def _line(text: str) -> tuple[str, int]:
    sku, equals, quantity = text.partition("=")
    if not equals:
        return sku, 1
    if not sku or not quantity.isdecimal():
        raise typer.BadParameter(f"{text!r}: write SKU=QUANTITY, as in TSH-01-M=2")
    return sku, int(quantity)


def _pair(text: str, name: str, example: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise typer.BadParameter(f"{text!r}: write {name} {example}")
    return key, value


def _expected(text: str | None, currency: str) -> Money | None:
    if text is None:
        return None
    try:
        return Money(parse_amount(text, currency), currency)
    except ValueError as error:
        raise typer.BadParameter(f"--expect: {error}") from None


def _event(event: StatusEvent) -> str:
    return f"{event.at or ''} {tables.status(event.status)} {event.reason or ''}".strip()


def _show(document: Any, shown: RenderableType, json: bool) -> None:
    if json:
        typer.echo(msgspec.json.encode(document).decode())
    else:
        console.print(shown)


def _say_next(cursor: str | None, json: bool) -> None:
    if cursor and not json:
        console.print(f"[dim]more: --cursor {cursor}[/dim]", soft_wrap=True)
