"""Reads a catalogue from CSV: a line is a variant, lines of one product stand anywhere in the file.

The format is described in docs/catalog-csv.md. The whole file is read before anything is said,
so that whoever wrote it sees all that is wrong with it at once.
"""

import csv
import io
from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from markethall.kit.field_codes import FieldCode
from markethall.listings import csv_cells
from markethall.listings.complaints import BadFile, Complaint, Complaints
from markethall.listings.csv_cells import Row, check_cells, quoted, shortened
from markethall.listings.listing import ProductListing, VariantListing

REQUIRED_COLUMNS = ("product", "name", "sku", "price")
OPTIONAL_COLUMNS = ("description", "category", "images", "stock")
PRODUCT_COLUMNS = ("name", "description", "category", "images")
MAX_LINES = 500_000
MAX_VARIANTS = 200
"""Of a product, as the shop has it. So are the next."""
MAX_OPTION_VALUES = 100
MAX_OPTIONS = 10
MAX_ATTRIBUTES = 50


def parse(content: bytes, currency: str) -> list[ProductListing]:
    """All products of the file. Raises BadFile, and then nothing of it is to be used."""
    complaints = Complaints()
    rows: dict[str, list[Row]] = {}
    skus: dict[str, int] = {}
    for row in _rows(_decode(content), complaints):
        check_cells(row, complaints)
        sku = row.cells["sku"]
        if sku and (earlier := skus.setdefault(sku, row.line)) != row.line:
            complaints.add(row.line, "sku", f"{sku!r} is on line {earlier} already", "on_line", value=sku, line=earlier)
        rows.setdefault(row.cells["product"], []).append(row)
    listings = [_listing(slug, group, currency, complaints) for slug, group in rows.items()]
    complaints.raise_if_any()
    return listings


def _decode(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        complaint = Complaint(line, "", "is not UTF-8: save the file in that encoding", "not_utf8")
        raise BadFile([complaint], 1) from error


def _rows(content: str, complaints: Complaints) -> Iterator[Row]:
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
                reason = f"the file may have {MAX_LINES:,} lines"
                raise BadFile([Complaint(line, "", reason, "too_many", {"most": MAX_LINES})], 1)
            record = next(reader)
            if not any(cell.strip() for cell in record):
                continue
            if len(record) != len(header):
                reason = f"has {len(record)} cells, the header has {len(header)} columns"
                complaints.add(line, "", reason, "cells", cells=len(record), columns=len(header))
                continue
            yield Row(line, dict(zip(header, (cell.strip() for cell in record), strict=True)))
    except StopIteration:
        return
    except csv.Error as error:
        complaints.add(line, "", f"is not CSV: {error}", "not_csv")


def _check_header(header: Sequence[str], complaints: Complaints) -> None:
    if len(header) == 1 and ";" in header[0]:
        complaints.add(1, "", "columns are separated by commas, not semicolons", "semicolons")
        return
    for column in REQUIRED_COLUMNS:
        if column not in header:
            complaints.add(1, column, "this column is missing", "column_missing")
    for column in dict.fromkeys(header):
        if mistake := _column_mistake(column):
            complaints.add(1, column, *mistake)
    names = Counter(column.casefold() for column in header)
    for column in dict.fromkeys(header):
        if names[column.casefold()] > 1:
            complaints.add(1, column, "this column is there twice", "column_twice")
    if sum(column.startswith("attribute.") for column in header) > MAX_ATTRIBUTES:
        reason = f"there are more than {MAX_ATTRIBUTES} attributes"
        complaints.add(1, "attribute", reason, "too_many", most=MAX_ATTRIBUTES)


def _column_mistake(column: str) -> tuple[str, FieldCode] | None:
    if column in REQUIRED_COLUMNS or column in OPTIONAL_COLUMNS:
        return None
    if not column:
        return "a column has no name", "column_unnamed"
    kind, _, name = column.partition(".")
    if kind not in ("attribute", "option") or not name:
        return "there is no such column", "column_unknown"
    if "\x00" in name or (kind == "option" and "=" in name):
        return "a name has neither '=' nor NUL", "column_name"
    length = 200 if kind == "attribute" else csv_cells.MAX_OPTION_NAME
    return (f"a name has up to {length} characters", "column_name") if len(name) > length else None


def _listing(slug: str, rows: Sequence[Row], currency: str, complaints: Complaints) -> ProductListing:
    first = rows[0]
    facts = {column: _same_on_all(column, rows, complaints) for column in PRODUCT_COLUMNS}
    if not facts["name"]:
        complaints.add(first.line, "name", "is empty on all lines of the product", "needed")
    attributes = {
        column.removeprefix("attribute."): value
        for column in first.cells
        if column.startswith("attribute.") and (value := _same_on_all(column, rows, complaints))
    }
    _check_options(rows, complaints)
    return ProductListing(
        slug=slug,
        name=facts["name"],
        description=facts["description"],
        category=csv_cells.category_of(first.line, facts["category"], complaints),
        attributes=attributes,
        images=csv_cells.images_of(first.line, facts["images"], complaints),
        variants=tuple(_variant(row, currency, complaints) for row in rows),
        line=first.line,
    )


def _same_on_all(column: str, rows: Sequence[Row], complaints: Complaints) -> str:
    """What describes the product is said once, or again in the same words."""
    said = ""
    for row in rows:
        cell = row.cells.get(column, "")
        if cell and said and cell != said:
            reason = f"{quoted(cell)} is not what an earlier line says"
            complaints.add(row.line, column, reason, "other_than_before", value=shortened(cell))
        said = said or cell
    return said


def _check_options(rows: Sequence[Row], complaints: Complaints) -> None:
    """All variants of a product have the same options, and each its own choice of them."""
    names = rows[0].free("option.").keys()
    choices: dict[frozenset[tuple[str, str]], int] = {}
    spellings: dict[tuple[str, str], str] = {}
    for row in rows:
        options = row.free("option.")
        if options.keys() != names:
            wanted = ", ".join(sorted(names)) or "none"
            reason = f"the product's first line has these options: {wanted}"
            complaints.add(row.line, "option", reason, "options_differ", value=", ".join(sorted(names)))
        elif (earlier := choices.setdefault(frozenset(options.items()), row.line)) != row.line:
            reason = f"line {earlier} is the same variant of the product"
            complaints.add(row.line, "option", reason, "same_variant", line=earlier)
        for name, value in options.items():
            if (spelling := spellings.setdefault((name, value.casefold()), value)) != value:
                reason = f"{quoted(value)} is {spelling!r} elsewhere"
                complaints.add(
                    row.line, f"option.{name}", reason, "spelt_otherwise", value=shortened(value), elsewhere=spelling
                )
    _check_counts(rows, spellings, complaints)


def _check_counts(rows: Sequence[Row], values: Collection[tuple[str, str]], complaints: Complaints) -> None:
    if len(rows) > MAX_VARIANTS:
        reason = f"has more than {MAX_VARIANTS} variants"
        complaints.add(rows[MAX_VARIANTS].line, "product", reason, "too_many", most=MAX_VARIANTS)
    first, counts = rows[0], Counter(name for name, _ in values)
    if len(counts) > MAX_OPTIONS:
        complaints.add(first.line, "option", f"there are more than {MAX_OPTIONS} options", "too_many", most=MAX_OPTIONS)
    for name, count in counts.items():
        if count > MAX_OPTION_VALUES:
            reason = f"has more than {MAX_OPTION_VALUES} values"
            complaints.add(first.line, f"option.{name}", reason, "too_many", most=MAX_OPTION_VALUES)


def _variant(row: Row, currency: str, complaints: Complaints) -> VariantListing:
    return VariantListing(
        sku=row.cells["sku"],
        price=csv_cells.price_of(row, currency, complaints),
        stock=csv_cells.stock_of(row, complaints),
        options=row.free("option."),
        line=row.line,
    )
