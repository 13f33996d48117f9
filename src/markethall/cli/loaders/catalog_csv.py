"""Reads a catalogue from CSV: a line is a variant, lines of one product stand anywhere in the file.

The format is described in docs/catalog-csv.md. The whole file is read before anything is said,
so that whoever wrote it sees all that is wrong with it at once.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from markethall.cli.loaders.listing import ProductListing, VariantListing, category_slug
from markethall.cli.money import parse_amount
from markethall.kit import text

REQUIRED_COLUMNS = ("product", "name", "sku", "price")
OPTIONAL_COLUMNS = ("description", "category", "images", "stock")
FREE_COLUMNS = ("attribute.", "option.")
PRODUCT_COLUMNS = ("name", "description", "category", "images")
MAX_LINES = 500_000
MAX_STOCK = 10**9
MAX_VARIANTS = 500
COMPLAINTS_KEPT = 100


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong with a line. `line` counts from 1, the header's line."""

    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.column}: {self.reason}" if self.column else f"line {self.line}: {self.reason}"


class BadFile(ValueError):
    """The file as a whole is refused. `complaints` are the first of `count`, by line."""

    def __init__(self, complaints: Sequence[Complaint], count: int) -> None:
        super().__init__("; ".join(map(str, complaints[:3])))
        self.complaints = tuple(complaints)
        self.count = count


@dataclass(slots=True)
class _Complaints:
    count: int = 0
    kept: list[Complaint] = field(default_factory=list)

    def add(self, line: int, column: str, reason: str) -> None:
        self.count += 1
        if len(self.kept) < COMPLAINTS_KEPT:
            self.kept.append(Complaint(line, column, reason))

    def raise_if_any(self) -> None:
        if self.count:
            raise BadFile(sorted(self.kept, key=lambda c: c.line), self.count)


@dataclass(frozen=True, slots=True)
class _Row:
    """A line's cells by column, without blanks around them."""

    line: int
    cells: Mapping[str, str]

    def free(self, prefix: str) -> dict[str, str]:
        """The filled cells of `attribute.…` or `option.…`, by what follows the point."""
        return {
            column.removeprefix(prefix): cell
            for column, cell in self.cells.items()
            if cell and column.startswith(prefix)
        }


def parse(content: bytes, currency: str) -> list[ProductListing]:
    """All products of the file. Raises BadFile, and then nothing of it is to be used."""
    complaints = _Complaints()
    rows: dict[str, list[_Row]] = {}
    skus: dict[str, int] = {}
    for row in _rows(_decode(content), complaints):
        _check_cells(row, complaints)
        sku = row.cells["sku"]
        if sku and (earlier := skus.setdefault(sku, row.line)) != row.line:
            complaints.add(row.line, "sku", f"{sku!r} is on line {earlier} already")
        rows.setdefault(row.cells["product"], []).append(row)
    listings = [_listing(slug, group, currency, complaints) for slug, group in rows.items()]
    complaints.raise_if_any()
    return listings


def _decode(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadFile([Complaint(line, "", "is not UTF-8: save the file in that encoding")], 1) from error


def _rows(content: str, complaints: _Complaints) -> Iterator[_Row]:
    """A record is named by its first line. What cannot be told apart any more ends the reading."""
    reader = csv.reader(io.StringIO(content, newline=""), strict=True)
    line = 1
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(header, complaints)
        complaints.raise_if_any()
        while True:
            line = reader.line_num + 1
            if line > MAX_LINES:
                raise BadFile([Complaint(line, "", f"the file may have {MAX_LINES:,} lines")], 1)
            record = next(reader)
            if not any(cell.strip() for cell in record):
                continue
            if len(record) != len(header):
                complaints.add(line, "", f"has {len(record)} cells, the header has {len(header)} columns")
                continue
            yield _Row(line, dict(zip(header, (cell.strip() for cell in record), strict=True)))
    except StopIteration:
        return
    except csv.Error as error:
        complaints.add(line, "", f"is not CSV: {error}")


def _check_header(header: Sequence[str], complaints: _Complaints) -> None:
    if len(header) == 1 and ";" in header[0]:
        complaints.add(1, "", "columns are separated by commas, not semicolons")
        return
    for column in REQUIRED_COLUMNS:
        if column not in header:
            complaints.add(1, column, "this column is missing")
    for column in dict.fromkeys(header):
        known = column in REQUIRED_COLUMNS or column in OPTIONAL_COLUMNS
        if not known and not any(column.startswith(p) and column != p for p in FREE_COLUMNS):
            complaints.add(1, column or "(empty)", "there is no such column")
        if header.count(column) > 1:
            complaints.add(1, column, "this column is there twice")


def _check_cells(row: _Row, complaints: _Complaints) -> None:
    kinds: dict[str, tuple[Any, str]] = {
        "product": (text.Slug, "1 to 100 of a-z, 0-9, with single hyphens between"),
        "sku": (text.Sku, "1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-', beginning with a letter or digit"),
        "description": (text.LongText, "up to 20,000 characters"),
    }
    for column, cell in row.cells.items():
        kind, wanted = kinds.get(column, (text.OptionalText, "up to 200 characters"))
        if "\x00" in cell:
            complaints.add(row.line, column, "has a NUL character")
        elif not cell and column in ("product", "sku", "price"):
            complaints.add(row.line, column, "is empty")
        elif cell and not _fits(cell, kind):
            complaints.add(row.line, column, f"{_shortened(cell)} is not {wanted}")


def _listing(slug: str, rows: Sequence[_Row], currency: str, complaints: _Complaints) -> ProductListing:
    first = rows[0]
    facts = {column: _same_on_all(column, rows, complaints) for column in PRODUCT_COLUMNS}
    if not facts["name"]:
        complaints.add(first.line, "name", "is empty on all lines of the product")
    attributes = {
        column.removeprefix("attribute."): value
        for column in first.cells
        if column.startswith("attribute.") and (value := _same_on_all(column, rows, complaints))
    }
    if len(rows) > MAX_VARIANTS:
        complaints.add(rows[MAX_VARIANTS].line, "product", f"has more than {MAX_VARIANTS} variants")
    _check_options(rows, complaints)
    return ProductListing(
        slug=slug,
        name=facts["name"],
        description=facts["description"],
        category=_category(first.line, facts["category"], complaints),
        attributes=attributes,
        images=tuple(facts["images"].split()),
        variants=tuple(_variant(row, currency, complaints) for row in rows),
        line=first.line,
    )


def _same_on_all(column: str, rows: Sequence[_Row], complaints: _Complaints) -> str:
    """What describes the product is said once, or again in the same words."""
    said = ""
    for row in rows:
        cell = row.cells.get(column, "")
        if cell and said and cell != said:
            complaints.add(row.line, column, f"{_shortened(cell)} is not what an earlier line says")
        said = said or cell
    return said


def _check_options(rows: Sequence[_Row], complaints: _Complaints) -> None:
    """All variants of a product have the same options, and each its own choice of them."""
    names = rows[0].free("option.").keys()
    choices: dict[frozenset[tuple[str, str]], int] = {}
    for row in rows:
        options = row.free("option.")
        if options.keys() != names:
            wanted = ", ".join(sorted(names)) or "none"
            complaints.add(row.line, "option", f"the product's first line has these options: {wanted}")
        elif (earlier := choices.setdefault(frozenset(options.items()), row.line)) != row.line:
            complaints.add(row.line, "option", f"line {earlier} is the same variant of the product")


def _category(line: int, cell: str, complaints: _Complaints) -> tuple[str, ...]:
    if not cell:
        return ()
    path = tuple(name.strip() for name in cell.split(">"))
    depths = range(1, len(path) + 1)
    if not all(path) or not all(_fits(category_slug(path[:depth]), text.Slug) for depth in depths):
        complaints.add(line, "category", f"{_shortened(cell)} is not a path such as Clothing > Hats")
    return path


def _variant(row: _Row, currency: str, complaints: _Complaints) -> VariantListing:
    return VariantListing(
        sku=row.cells["sku"],
        price=_price(row, currency, complaints),
        stock=_stock(row, complaints),
        options=row.free("option."),
        line=row.line,
    )


def _price(row: _Row, currency: str, complaints: _Complaints) -> int:
    cell = row.cells["price"]
    if not cell:
        return 0
    try:
        amount = parse_amount(cell, currency)
    except ValueError as error:
        complaints.add(row.line, "price", str(error))
        return 0
    if amount > text.MAX_AMOUNT:
        complaints.add(row.line, "price", f"{_shortened(cell)} is more than the shop takes")
    return amount


def _stock(row: _Row, complaints: _Complaints) -> int:
    cell = row.cells.get("stock", "")
    if not cell:
        return 0
    if not (cell.isascii() and cell.isdigit() and len(cell) <= 10 and int(cell) <= MAX_STOCK):
        complaints.add(row.line, "stock", f"{_shortened(cell)} is not a whole number from 0 to {MAX_STOCK:,}")
        return 0
    return int(cell)


def _fits(cell: str, kind: Any) -> bool:
    try:
        msgspec.convert(cell, kind)
    except msgspec.ValidationError:
        return False
    return True


def _shortened(cell: str) -> str:
    return repr(cell if len(cell) <= 40 else cell[:39] + "…")
