"""The public documents that only a client reads; what parts share is in `markethall.contracts.public`."""

from typing import Generic, TypeVar

import msgspec

Item = TypeVar("Item")


class Page(msgspec.Struct, Generic[Item], frozen=True):
    items: list[Item]
    next_cursor: str | None = None


class Category(msgspec.Struct, frozen=True):
    slug: str
    name: str
    parent: str | None = None


class StockLevel(msgspec.Struct, frozen=True):
    sku: str
    on_hand: int
    reserved: int
    available: int


class Session(msgspec.Struct, frozen=True):
    """`expires_in` is in seconds."""

    access_token: str
    expires_in: int


class StatusEvent(msgspec.Struct, frozen=True):
    """The data of one `status` event of an order's stream."""

    status: str
    at: str | None = None
    reason: str | None = None
