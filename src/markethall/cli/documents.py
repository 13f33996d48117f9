"""The public documents a client reads. What it does not know in them, it passes over."""

from typing import Any, Generic, TypeVar

import msgspec

from markethall.contracts.public import Money, OrderView

__all__ = [
    "Category",
    "Identity",
    "Money",
    "Option",
    "OrderView",
    "Page",
    "Product",
    "ProductSummary",
    "Session",
    "StatusEvent",
    "StockLevel",
    "Variant",
]

Item = TypeVar("Item")


class Page(msgspec.Struct, Generic[Item], frozen=True):
    items: list[Item]
    next_cursor: str | None = None


class ProductSummary(msgspec.Struct, frozen=True):
    """A line of `GET /api/products`. `price` is the lowest of its variants."""

    slug: str
    name: str
    price: Money | None = None
    category: Any = None
    available: int | None = None


class Variant(msgspec.Struct, frozen=True):
    sku: str
    price: Money
    options: dict[str, str] = {}
    available: int | None = None
    """None: not known just now."""


class Option(msgspec.Struct, frozen=True):
    name: str
    values: list[str]


class Product(msgspec.Struct, frozen=True):
    slug: str
    name: str
    variants: list[Variant]
    version: int
    description: str = ""
    category: Any = None
    status: str = "active"
    attributes: dict[str, Any] = {}
    options: list[Option] = []


class Category(msgspec.Struct, frozen=True):
    slug: str
    name: str
    parent: str | None = None
    version: int = 0


class StockLevel(msgspec.Struct, frozen=True):
    sku: str
    on_hand: int
    reserved: int
    available: int


class Identity(msgspec.Struct, frozen=True):
    id: str
    email: str
    name: str = ""


class Session(msgspec.Struct, frozen=True):
    access_token: str
    expires_in: int
    refresh_token: str | None = None
    user: Identity | None = None


class StatusEvent(msgspec.Struct, frozen=True):
    """The data of one `status` event of an order's stream."""

    status: str
    at: str | None = None
    reason: str | None = None
