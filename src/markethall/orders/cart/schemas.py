"""Carts on the wire."""

import msgspec

from markethall.contracts.public import Money
from markethall.kit.text import Quantity


class LineQuantity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many of it from now on."""

    quantity: Quantity


class CartLineView(msgspec.Struct, frozen=True):
    """At today's price, of the product `slug`. `available` is filled in by front; 0 where it is no longer sold."""

    sku: str
    name: str
    options: dict[str, str]
    quantity: int
    unit_price: Money
    line_total: Money
    available: int | None
    slug: str


class CartView(msgspec.Struct, frozen=True):
    """`GET /api/carts/{id}`. `version` rises with each change of the lines."""

    id: str
    lines: list[CartLineView]
    total: Money
    version: int
