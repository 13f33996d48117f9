"""The cells of a catalogue file: what each column may hold, and what it means."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from markethall.kit import text
from markethall.kit.field_codes import FieldCode
from markethall.listings.complaints import Complaints
from markethall.listings.listing import category_slug
from markethall.listings.money import BadAmount, parse_amount

MAX_STOCK = 10**9
MAX_LEVELS = 8
"""Of a category's path."""
MAX_OPTION_NAME = 100
MAX_ATTRIBUTE = 1000
MAX_IMAGES = 20

_IMAGE = re.compile(r"(https?://|/)[^\s\x00-\x1f\x7f<>\"]{0,1990}")
_KINDS: dict[str, tuple[Any, str, FieldCode]] = {
    "product": (text.Slug, "1 to 100 of a-z, 0-9, with single hyphens between", "not_a_slug"),
    "sku": (text.Sku, "1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-', beginning with a letter or digit", "not_a_sku"),
}
_LENGTHS = {"description": 20_000, "category": 2000, "images": 40_000}


@dataclass(frozen=True, slots=True)
class Row:
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


def check_cells(row: Row, complaints: Complaints) -> None:
    """All that can be said of a line without its neighbours, but for price and stock."""
    for column, cell in row.cells.items():
        length = MAX_ATTRIBUTE if column.startswith("attribute.") else _LENGTHS.get(column, 200)
        if "\x00" in cell:
            complaints.add(row.line, column, "has a NUL character", "nul")
        elif not cell and column in ("product", "sku", "price"):
            complaints.add(row.line, column, "is empty", "needed")
        elif cell and column in _KINDS:
            kind, wanted, code = _KINDS[column]
            if not _fits(cell, kind):
                complaints.add(row.line, column, f"{quoted(cell)} is not {wanted}", code, value=shortened(cell))
        elif len(cell) > length:
            complaints.add(
                row.line, column, f"{quoted(cell)} has more than {length:,} characters", "too_long", most=length
            )


def category_of(line: int, cell: str, complaints: Complaints) -> tuple[str, ...]:
    """The path of names; empty for an empty cell."""
    if not cell:
        return ()
    path = tuple(name.strip() for name in cell.split(">"))
    depths = range(1, len(path) + 1)
    if len(path) > MAX_LEVELS:
        reason = f"{quoted(cell)} has more than {MAX_LEVELS} levels"
        complaints.add(line, "category", reason, "too_many_levels", most=MAX_LEVELS)
    elif not all(0 < len(name) <= 200 for name in path) or not all(
        _fits(category_slug(path[:depth]), text.Slug) for depth in depths
    ):
        reason = f"{quoted(cell)} is not a path such as Clothing > Hats"
        complaints.add(line, "category", reason, "not_a_path", value=shortened(cell))
    return path


def images_of(line: int, cell: str, complaints: Complaints) -> tuple[str, ...]:
    images = tuple(cell.split())
    if len(images) > MAX_IMAGES:
        complaints.add(line, "images", f"has more than {MAX_IMAGES} addresses", "too_many", most=MAX_IMAGES)
    for image in images:
        if not _IMAGE.fullmatch(image):
            reason = f"{quoted(image)} is neither http://, https:// nor a path"
            complaints.add(line, "images", reason, "not_an_address", value=shortened(image))
    return images


def price_of(row: Row, currency: str, complaints: Complaints) -> int:
    """Minor units; 0 for what has been complained of."""
    cell = row.cells["price"]
    if not cell:
        return 0
    try:
        amount = parse_amount(cell, currency)
    except BadAmount as error:
        complaints.add(row.line, "price", str(error), error.code, **error.values)
        return 0
    if amount > text.MAX_AMOUNT:
        complaints.add(row.line, "price", f"{quoted(cell)} is more than the shop takes", "too_large")
    return amount


def stock_of(row: Row, complaints: Complaints) -> int:
    """Units; 0 for an empty cell, and for what has been complained of."""
    cell = row.cells.get("stock", "")
    if not cell:
        return 0
    if not (cell.isascii() and cell.isdigit() and len(cell) <= 10 and int(cell) <= MAX_STOCK):
        reason = f"{quoted(cell)} is not a whole number from 0 to {MAX_STOCK:,}"
        complaints.add(row.line, "stock", reason, "not_a_count", value=shortened(cell), most=MAX_STOCK)
        return 0
    return int(cell)


def shortened(cell: str) -> str:
    """As much of it as a message bears."""
    return cell if len(cell) <= 40 else cell[:39] + "…"


def quoted(cell: str) -> str:
    return repr(shortened(cell))


def _fits(cell: str, kind: Any) -> bool:
    try:
        msgspec.convert(cell, kind)
    except msgspec.ValidationError:
        return False
    return True
