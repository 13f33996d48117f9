"""The messages on the bus, MessagePack-encoded.

Columnar where one message carries many orders: `order_ids[i]` has `line_counts[i]` lines, taken
in turn from `skus` and `quantities`. Ids are the 16 bytes of a UUID. Times are Unix
microseconds (UTC). Contracts only grow: new fields come with a default, none is taken away.
"""

from typing import Any, Literal

import msgspec

ReservationOutcome = Literal["reserved", "rejected"]


class OrdersPlaced(msgspec.Struct, frozen=True):
    """orders → inventory, `orders.placed`: reserve all lines of each order, or none of them."""

    order_ids: list[bytes]
    line_counts: list[int]
    skus: list[str]
    quantities: list[int]

    def __post_init__(self) -> None:
        """
        Raises:
            ValueError: the columns do not fit together. Decoding raises it too, as msgspec.ValidationError.
        """
        if not len(self.order_ids) == len(self.line_counts) or not len(self.skus) == len(self.quantities):
            raise ValueError("columns of different lengths")
        if sum(self.line_counts) != len(self.skus) or min(self.line_counts, default=1) < 1:
            raise ValueError("lines that belong to no order, or an order without lines")
        if min(self.quantities, default=1) < 1:
            raise ValueError("a quantity below 1")


class OrdersCancelled(msgspec.Struct, frozen=True):
    """orders → inventory, `orders.cancelled`: return what was reserved; reserve nothing later."""

    order_ids: list[bytes]


class OrdersFulfilled(msgspec.Struct, frozen=True):
    """orders → inventory, `orders.fulfilled`: what was reserved leaves the shelves."""

    order_ids: list[bytes]


class Shortage(msgspec.Struct, frozen=True):
    """One line that could not be served. `available` is what was there when it was tried."""

    sku: str
    requested: int
    available: int


class StockSettled(msgspec.Struct, frozen=True):
    """inventory → orders, `stock.settled`: the outcome of each placed order."""

    order_ids: list[bytes]
    reserved: list[bool]
    at: list[int]
    shortages: dict[int, list[Shortage]] = {}
    """By index into `order_ids`, for those not reserved."""


class StockReleased(msgspec.Struct, frozen=True):
    """inventory → orders, `stock.released`: nothing is (or will be) held for these orders."""

    order_ids: list[bytes]
    at: list[int]


class StockDispatched(msgspec.Struct, frozen=True):
    """inventory → orders, `stock.dispatched`: the goods of these orders have left on-hand."""

    order_ids: list[bytes]
    at: list[int]


class StockChanged(msgspec.Struct, frozen=True):
    """inventory → fronts, `live.stock.changed`: what can be bought now, with the row's version."""

    skus: list[str]
    available: list[int]
    versions: list[int]


class Pulse(msgspec.Struct, frozen=True):
    """inventory → fronts, `live.pulse`: whoever hears it also hears what changes."""

    replica: str
    at: int


class VariantSnapshot(msgspec.Struct, frozen=True):
    """A variant as catalog has it. `price` is in minor units of the shop's currency."""

    sku: str
    options: dict[str, str]
    price: int


class ProductSnapshot(msgspec.Struct, frozen=True):
    """A product as catalog has it, at `version`. SKUs it had before and has no more are gone."""

    product_id: bytes
    slug: str
    name: str
    version: int
    active: bool
    variants: list[VariantSnapshot]


class CatalogChanged(msgspec.Struct, frozen=True):
    """catalog → all, `catalog.changed`: the products as they are after the change."""

    products: list[ProductSnapshot]
    categories_changed: bool = False
    former_slugs: list[str] = []
    """Slugs that lead nowhere any more."""


class SnapshotRequest(msgspec.Struct, frozen=True):
    """orders, inventory → catalog: the page of products whose id follows `after`."""

    after: bytes = b""
    limit: int = 200


class SnapshotPage(msgspec.Struct, frozen=True):
    """catalog's answer. An empty page is the end."""

    products: list[ProductSnapshot]


class AccountErased(msgspec.Struct, frozen=True):
    """accounts → orders, `accounts.erased`: forget the person, keep the orders."""

    user_id: bytes


class OrderStatusChanged(msgspec.Struct, frozen=True):
    """orders → fronts, `live.orders.status`: the new status of each order; may be lost."""

    order_ids: list[bytes]
    statuses: list[str]
    at: list[int]
    shortages: dict[int, list[Shortage]] = {}


class PublicKey(msgspec.Struct, frozen=True):
    """Value in the bucket `keys`, by key id: an Ed25519 public key that verifies access tokens."""

    kid: str
    public_key: bytes
    """The 32 raw bytes."""
    not_after: int | None = None
    """Unix seconds from which on it verifies nothing: set once another key signs in its place."""


class Replica(msgspec.Struct, frozen=True):
    """Value in the bucket `replicas`: a live replica of a service. JSON, for people to read."""

    service: str
    id: str
    address: str
    version: str
    since: str
    extra: dict[str, Any] = {}


class SiblingSettings(msgspec.Struct, frozen=True):
    """A service to itself, in answer to `siblings.<service>`: settings that all its replicas have, by name."""

    settings: dict[str, Any]
