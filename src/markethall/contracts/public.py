"""Public JSON shapes that more than one part reads or writes."""

from typing import Literal

import msgspec

from markethall.contracts.messages import Shortage

OrderStatus = Literal["pending", "confirmed", "rejected", "cancelled", "fulfilled"]
FINAL_STATUSES: frozenset[OrderStatus] = frozenset({"rejected", "cancelled", "fulfilled"})
SETTLED_STATUSES: frozenset[OrderStatus] = frozenset({"confirmed", "rejected", "cancelled", "fulfilled"})


class Money(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An amount in whole minor units of `currency` (ISO 4217)."""

    amount: int
    currency: str


class HistoryEntry(msgspec.Struct, frozen=True):
    """When the order took on a status. RFC 3339, UTC."""

    status: OrderStatus
    at: str


class OrderedLine(msgspec.Struct, frozen=True):
    """A line as bought: name, options and price do not follow later changes of the product."""

    sku: str
    name: str
    options: dict[str, str]
    quantity: int
    unit_price: Money
    line_total: Money


class OrderView(msgspec.Struct, frozen=True):
    """`GET /api/orders/{id}`."""

    id: str
    number: int
    status: OrderStatus
    lines: list[OrderedLine]
    total: Money
    placed_at: str
    settled_at: str | None
    history: list[HistoryEntry]
    reason: str | None
    shortages: list[Shortage] = []
    """What was short, where it was rejected for want of stock."""


AttributeValue = str | int | float | bool


class OptionView(msgspec.Struct, frozen=True):
    """A choice that the buyer makes, such as size, and what there is to choose from, in order."""

    name: str
    values: list[str]


class VariantView(msgspec.Struct, frozen=True):
    """What is ordered: one choice for each of the product's options."""

    sku: str
    options: dict[str, str]
    price: Money
    available: int | None = None
    """Filled in by front. None: not known just now."""


class ProductView(msgspec.Struct, frozen=True):
    """`GET /api/products/{slug}`. `category` is the slug of the product's own category."""

    slug: str
    name: str
    description: str
    category: str | None
    status: Literal["active", "archived"]
    attributes: dict[str, AttributeValue]
    options: list[OptionView]
    variants: list[VariantView]
    images: list[str]
    version: int


class ProductSummary(msgspec.Struct, frozen=True):
    """An item of `GET /api/products`. `price` is the lowest of its variants, `image` the first."""

    slug: str
    name: str
    category: str | None
    price: Money
    image: str | None
    available: int | None = None
    """The sum over its variants, filled in by front. None: not known just now."""


class ProductPage(msgspec.Struct, frozen=True):
    """`GET /api/products`."""

    items: list[ProductSummary]
    next_cursor: str | None
