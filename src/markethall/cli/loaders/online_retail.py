"""Reads the data set "Online Retail" (doi 10.24432/C5BW33) as a catalogue, and as what happened to it.

The file has order lines, no products: the same article is sold at several prices, to different
buyers and even twice on one invoice. So that a replay charges what the file says, to the penny,
each pair of StockCode and UnitPrice is a variant of its own: `85123A` at 2.55 is `85123A-255`.
The SKU follows from the line alone, so it is the same in any excerpt of the file.

A cancellation in the file (InvoiceNo `C…`, negative quantities) names no order and seldom undoes a
whole one. One that mirrors all goods of an earlier order of the same customer cancels that
order; any other is goods that came back, and puts them into stock again.

docs/online-retail.md says the same to those who run it.
"""

import csv
import hashlib
import io
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path

from markethall.listings.listing import ProductListing, VariantListing

COLUMNS = ("InvoiceNo", "StockCode", "Description", "Quantity", "UnitPrice", "CustomerID", "Country")
MAX_LINES = 2_000_000
CATEGORY = ("Online Retail",)

# Five digits, often with letters for colour or size; DCGS… are goods of the site "dotcomgiftshop".
_ARTICLE = re.compile(r"\d{5}[A-Z]{0,2}|DCGS\d{4}[A-Z]?")
_INVOICE = re.compile(r"C?\d{6}")


class Skipped(StrEnum):
    """Why a line is no sale and no return of goods. The first that applies is counted."""

    UNREADABLE = "unreadable line"
    POSTAGE = "postage or carriage (POST, DOT, C2)"
    VOUCHER = "gift voucher"
    DISCOUNT = "discount (D)"
    FEE = "fee or bank charge (AMAZONFEE, BANK CHARGES, CRUK)"
    SAMPLES = "samples (S)"
    MANUAL = "manual entry (M)"
    NO_PRODUCT = "other code that is no product"
    ZERO_PRICE = "price of zero or less"
    NO_DESCRIPTION = "no description"
    WRONG_SIGN = "quantity that does not fit the kind of invoice"


_NO_GOODS = {
    "POST": Skipped.POSTAGE,
    "DOT": Skipped.POSTAGE,
    "C2": Skipped.POSTAGE,
    "D": Skipped.DISCOUNT,
    "AMAZONFEE": Skipped.FEE,
    "BANK CHARGES": Skipped.FEE,
    "CRUK": Skipped.FEE,
    "S": Skipped.SAMPLES,
    "M": Skipped.MANUAL,
}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the file that moves goods. `quantity` is positive; `price` is in pence."""

    invoice: str
    code: str
    description: str
    quantity: int
    price: int
    customer: str

    @property
    def sku(self) -> str:
        return sku_of(self.code, self.price)


@dataclass(frozen=True, slots=True)
class Goods:
    """All goods of one invoice, by SKU in the order of the file."""

    invoice: str
    customer: str
    quantities: dict[str, int]
    total: int
    """Pence."""

    @property
    def units(self) -> int:
        return sum(self.quantities.values())


@dataclass(frozen=True, slots=True)
class Order(Goods):
    """An invoice to be placed as one order."""


@dataclass(frozen=True, slots=True)
class Cancellation(Goods):
    """An invoice that undoes the whole of `order`."""

    order: str


@dataclass(frozen=True, slots=True)
class Return(Goods):
    """An invoice whose goods go back into stock."""


@dataclass(frozen=True, slots=True)
class Article:
    """A StockCode with all prices (pence) it is sold or taken back at."""

    code: str
    name: str
    prices: tuple[int, ...]

    @property
    def slug(self) -> str:
        return self.code.lower()


@dataclass(frozen=True, slots=True)
class Retail:
    """The file, as a shop needs it."""

    articles: tuple[Article, ...]
    events: tuple[Order | Cancellation | Return, ...]
    """In the order of the file."""
    stock: dict[str, int]
    """By SKU: as many units as all orders together take. SKUs that only come back have none."""
    skipped: Counter[Skipped] = field(default_factory=Counter)
    lines: int = 0
    fingerprint: str = ""
    """SHA-256 of the file, in hex."""

    @property
    def orders(self) -> tuple[Order, ...]:
        return tuple(event for event in self.events if isinstance(event, Order))


def read(path: Path) -> Retail:
    """Raises ValueError for a file of another kind, or one beyond `MAX_LINES`."""
    content = path.read_bytes()
    rows = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    if tuple(next(rows, ())) != COLUMNS:
        raise ValueError(f"{path} is not the data set: its first line must be {','.join(COLUMNS)}")
    skipped: Counter[Skipped] = Counter()
    lines: list[Line] = []
    for row in rows:
        match read_line(row):
            case Line() as line:
                lines.append(line)
            case reason:
                skipped[reason] += 1
        if len(lines) > MAX_LINES:
            raise ValueError(f"{path} has more than {MAX_LINES:,} lines")
    events = tuple(events_of(lines))
    return Retail(
        articles=tuple(articles_of(lines)),
        events=events,
        stock=stock_of(events),
        skipped=skipped,
        lines=len(lines) + skipped.total(),
        fingerprint=hashlib.sha256(content).hexdigest(),
    )


def sku_of(code: str, price: int) -> str:
    """A StockCode at a price, in pence, is one variant."""
    return f"{code}-{price}"


def listings(retail: Retail) -> list[ProductListing]:
    """The articles, each price a variant that is chosen by the option `price`."""
    return [
        ProductListing(
            slug=article.slug,
            name=article.name,
            category=CATEGORY,
            attributes={"stock_code": article.code},
            variants=tuple(_variant(article, price, retail.stock) for price in article.prices),
        )
        for article in retail.articles
    ]


def read_line(row: list[str]) -> Line | Skipped:
    """Codes differ in case only by accident (`85123a`), so they are taken as capitals."""
    if len(row) != len(COLUMNS):
        return Skipped.UNREADABLE
    invoice, code, description, quantity_text, price_text, customer, _ = (cell.strip() for cell in row)
    quantity, price = _integer(quantity_text), _pence(price_text)
    if not _INVOICE.fullmatch(invoice) or quantity is None or price is None:
        return Skipped.UNREADABLE
    code = code.upper()
    if reason := _no_goods(code):
        return reason
    if price <= 0:
        return Skipped.ZERO_PRICE
    if not description:
        return Skipped.NO_DESCRIPTION
    if quantity == 0 or (quantity < 0) != invoice.startswith("C"):
        return Skipped.WRONG_SIGN
    return Line(invoice, code, " ".join(description.split()), abs(quantity), price, customer)


def articles_of(lines: Iterable[Line]) -> Iterator[Article]:
    """Named by the description that most lines give; the earliest in the alphabet where it is a draw."""
    names: defaultdict[str, Counter[str]] = defaultdict(Counter)
    prices: defaultdict[str, set[int]] = defaultdict(set)
    for line in lines:
        names[line.code][line.description] += 1
        prices[line.code].add(line.price)
    for code, counts in names.items():
        name = min(counts, key=lambda text: (-counts[text], text))
        yield Article(code, name, tuple(sorted(prices[code])))


def events_of(lines: Iterable[Line]) -> Iterator[Order | Cancellation | Return]:
    """A cancellation takes the latest order that fits and is not yet cancelled."""
    standing: defaultdict[tuple[str, frozenset[tuple[str, int]]], list[str]] = defaultdict(list)
    for invoice, customer, quantities, total in _invoices(lines):
        goods = (customer, frozenset(quantities.items()))
        if not invoice.startswith("C"):
            standing[goods].append(invoice)
            yield Order(invoice, customer, quantities, total)
        elif customer and standing[goods]:
            yield Cancellation(invoice, customer, quantities, total, order=standing[goods].pop())
        else:
            yield Return(invoice, customer, quantities, total)


def stock_of(events: Iterable[Order | Cancellation | Return]) -> dict[str, int]:
    """What comes back is left out: then no order depends on a return having come before it."""
    units: Counter[str] = Counter()
    for event in events:
        if isinstance(event, Order):
            units.update(event.quantities)
    return dict(units)


def _invoices(lines: Iterable[Line]) -> Iterator[tuple[str, str, dict[str, int], int]]:
    grouped: defaultdict[str, list[Line]] = defaultdict(list)
    for line in lines:
        grouped[line.invoice].append(line)
    for invoice, group in grouped.items():
        quantities: Counter[str] = Counter()
        for line in group:
            quantities[line.sku] += line.quantity
        yield invoice, group[0].customer, dict(quantities), sum(line.quantity * line.price for line in group)


def _variant(article: Article, price: int, stock: Mapping[str, int]) -> VariantListing:
    sku = sku_of(article.code, price)
    pounds = str(Decimal(price).scaleb(-2))
    return VariantListing(sku, price, stock=stock.get(sku, 0), options={"price": pounds})


def _no_goods(code: str) -> Skipped | None:
    if _ARTICLE.fullmatch(code):
        return None
    if code.startswith("GIFT_"):
        return Skipped.VOUCHER
    return _NO_GOODS.get(code, Skipped.NO_PRODUCT)


def _integer(text: str) -> int | None:
    return int(text) if re.fullmatch(r"-?[0-9]{1,9}", text) else None


def _pence(text: str) -> int | None:
    """None for what is no number, or not a whole number of pence."""
    try:
        pence = Decimal(text) * 100
    except InvalidOperation:
        return None
    if not pence.is_finite() or pence != pence.to_integral_value() or abs(pence) > 10**12:
        return None
    return int(pence)
