"""What the terminal client shows: Rich tables of the shop's documents."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Column, Table

from markethall.cli.loaders.online_retail import Skipped
from markethall.cli.loaders.replaying import Report
from markethall.contracts.public import OrderView, ProductSummary, ProductView
from markethall.listings.money import show

_COLOURS = {
    "pending": "yellow",
    "confirmed": "green",
    "fulfilled": "green",
    "rejected": "red",
    "cancelled": "magenta",
}


def products(items: Iterable[ProductSummary]) -> Table:
    table = Table(_whole("product"), "name", "category", _right("from"), _right("available"))
    for item in items:
        price = show(item.price)
        cells = (item.slug, item.name, item.category or "–")
        table.add_row(*map(escape, cells), price, _available(item.available))
    return table


def product(item: ProductView) -> RenderableType:
    """The text, then a line for each variant."""
    variants = Table(
        _whole("sku"), *(escape(option.name) for option in item.options), _right("price"), _right("available")
    )
    for variant in item.variants:
        chosen = (escape(variant.options.get(option.name, "–")) for option in item.options)
        variants.add_row(escape(variant.sku), *chosen, show(variant.price), _available(variant.available))
    facts = [f"[bold]{escape(item.name)}[/bold]  [dim]{escape(item.slug)}[/dim]"]
    if item.category:
        facts.append(f"[dim]{escape(item.category)}[/dim]")
    if item.description:
        facts.append(escape(item.description))
    facts += [f"[dim]{escape(name)}:[/dim] {escape(str(value))}" for name, value in item.attributes.items()]
    return Group(*facts, variants)


def order(item: OrderView) -> RenderableType:
    table = Table(_whole("sku"), "name", "options", _right("quantity"), _right("unit price"), _right("total"))
    for line in item.lines:
        options = ", ".join(f"{name} {value}" for name, value in line.options.items()) or "–"
        texts = map(escape, (line.sku, line.name, options))
        table.add_row(*texts, str(line.quantity), show(line.unit_price), show(line.line_total))
    title = f"Order [bold]{item.number}[/bold]  {status(item.status)}  [bold]{show(item.total)}[/bold]"
    reason = [f"[red]{escape(item.reason)}[/red]"] if item.reason else []
    return Group(title, f"[dim]{escape(item.id)}[/dim]", table, *reason)


def orders(items: Sequence[OrderView]) -> Table:
    table = Table(_right("number"), "status", "placed (UTC)", _right("units"), _right("total"), _whole("id"))
    for item in items:
        units = sum(line.quantity for line in item.lines)
        table.add_row(
            str(item.number),
            status(item.status),
            escape(item.placed_at[:19].replace("T", " ")),
            str(units),
            show(item.total),
            escape(item.id),
        )
    return table


def shortages(document: Mapping[str, Any]) -> Table:
    """Of an `out_of_stock` refusal."""
    table = Table(_whole("sku"), _right("wanted"), _right("available"), title="Out of stock: nothing was taken")
    for short in document.get("shortages") or ():
        table.add_row(*(escape(str(short.get(field))) for field in ("sku", "requested", "available")))
    return table


def status(name: str) -> str:
    colour = _COLOURS.get(name, "default")
    return f"[{colour}]{escape(name)}[/{colour}]"


def _available(number: int | None) -> str:
    """Null is said, not guessed: the shop does not know just now."""
    return "?" if number is None else f"{number:,}"


def _whole(heading: str) -> Column:
    """For what is copied into the next command: never shortened."""
    return Column(heading, no_wrap=True, overflow="fold")


def _right(heading: str) -> Column:
    return Column(heading, justify="right", no_wrap=True)


def skipped_lines(lines: int, skipped: Mapping[Skipped, int]) -> Table:
    """Of the data set: what is no sale and no return of goods."""
    table = Table("skipped", _right("lines"), caption=f"of {lines:,} lines", show_footer=True)
    table.columns[0].footer = "all"
    table.columns[1].footer = f"{sum(skipped.values()):,}"
    for reason, count in sorted(skipped.items(), key=lambda entry: -entry[1]):
        table.add_row(escape(str(reason)), f"{count:,}")
    return table


def replayed(shop: Report, file: Report) -> RenderableType:
    table = Table("replay", _right("the file says"), _right("the shop says"))
    for name, said, answered in (
        ("orders", file.sold, shop.sold),
        ("cancelled", file.cancelled, shop.cancelled),
        ("returned into stock", file.returned, shop.returned),
    ):
        table.add_row(name, f"{said.invoices:,}", f"{answered.invoices:,}")
        table.add_row("  units", f"{said.units:,}", f"{answered.units:,}")
        table.add_row("  sum, minor units", f"{said.total:,}", f"{answered.total:,}", end_section=True)
    table.add_row("rejected", "0", f"{shop.rejected:,}")
    table.add_row("still pending", "0", f"{shop.pending:,}")
    for code, count in shop.failed.items():
        table.add_row(f"failed: {escape(code)}", "0", f"{count:,}")
    times = ", ".join(f"p{p} {shop.percentile(p) * 1000:,.1f} ms" for p in (50, 95, 99))
    rate = len(shop.latencies_seconds) / shop.seconds if shop.seconds else 0.0
    return Group(table, f"an order took {times}; {rate:,.0f} orders/s for {shop.seconds:,.1f} s")
