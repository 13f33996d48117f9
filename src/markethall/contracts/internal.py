"""Bodies of the inner HTTP hops between front and the services, MessagePack-encoded.

Not public: only `front` calls these, on paths below `/internal/`. Identity is not taken on
front's word: access tokens travel along and the service verifies them.
"""

from typing import Any

import msgspec

from markethall.contracts.messages import Shortage
from markethall.contracts.public import ProductSummary

PLACE_ORDERS_PATH = "/internal/orders"
SET_LINES_PATH = "/internal/carts/lines"
AVAILABILITY_PATH = "/internal/availability"
PRODUCTS_PATH = "/internal/products"
"""Takes the query of `GET /api/products` and answers a `ListedProducts`. `/{slug}` below it answers a
`ProductView`, or a problem 404 where the product is unknown or archived."""
PRODUCTS_BY_SLUG_PATH = "/internal/products-by-slug"
PRODUCT_LISTS_PATH = "/internal/product-lists"

MEDIA_PATH = "/api/media"
MAX_PICTURE_BYTES = 15 << 20
"""Of an upload: the one body that may be longer than the others."""


class OrderLine(msgspec.Struct, frozen=True):
    """A wanted line: repeated SKUs are summed by whoever reads it."""

    sku: str
    quantity: int


class PlaceOrder(msgspec.Struct, frozen=True):
    """One buyer's order. Exactly one of `cart_id` and `lines` is given."""

    key: str
    """The idempotency key: the client's, or one made by front, so that a repeat is harmless."""
    fingerprint: bytes = b""
    """Not used: orders works it out itself."""
    token: str | None = None
    cart_id: bytes | None = None
    lines: list[OrderLine] | None = None
    email: str | None = None
    shipping_address: dict[str, Any] | None = None
    expected_total: int | None = None
    request_id: str | None = None


class PlaceOrders(msgspec.Struct, frozen=True):
    """What had gathered in front while the previous batch was under way (at most 500)."""

    orders: list[PlaceOrder]


class OrderDocument(msgspec.Struct, frozen=True):
    """An order as it stands, with its public JSON (`GET /api/orders/{id}`) already encoded."""

    order_id: bytes
    number: int
    status: str
    body: bytes
    """The public JSON document, as bytes."""
    shortages: list[Shortage] = []


class Refusal(msgspec.Struct, frozen=True):
    """Why one order of a batch was not made: the fields of a problem document."""

    status: int
    code: str
    title: str
    detail: str
    extra: dict[str, Any] = {}


class PlaceResult(msgspec.Struct, frozen=True):
    """One of both is set."""

    order: OrderDocument | None = None
    refusal: Refusal | None = None


class PlaceResults(msgspec.Struct, frozen=True):
    """In the order of the request."""

    results: list[PlaceResult]


class SetLine(msgspec.Struct, frozen=True):
    """So many of a SKU in a cart from now on, if its owner, or a guest, asks for that. `quantity`: 1 to 9999."""

    cart_id: bytes
    sku: str
    quantity: int
    token: str | None = None


class SetLines(msgspec.Struct, frozen=True):
    """What had gathered in front while the previous batch was under way (at most 500)."""

    lines: list[SetLine]


class CartDocument(msgspec.Struct, frozen=True):
    """A cart as it stands, with its public JSON (`GET /api/carts/{id}`) already encoded."""

    body: bytes
    skus: list[str]
    """Of the lines for whose `available` there is a null in it, in order."""


class SetLinesAnswer(msgspec.Struct, frozen=True):
    """In the order of the request. None: nothing was done, and the public route has to be asked what is to be done."""

    carts: list[CartDocument | None]


class AvailabilityRequest(msgspec.Struct, frozen=True):
    """front → inventory."""

    skus: list[str]


class AvailabilityAnswer(msgspec.Struct, frozen=True):
    """Columns; SKUs that inventory does not know are left out."""

    skus: list[str]
    available: list[int]
    versions: list[int]


class ListedProduct(msgspec.Struct, frozen=True):
    """A summary with what front needs to fill in `available`, and the product's version."""

    summary: ProductSummary
    skus: list[str]
    version: int


class ListedProducts(msgspec.Struct, frozen=True):
    """catalog → front: a page of products. It may be short, or empty, and yet not the last."""

    items: list[ListedProduct]
    next_cursor: str | None = None


class ProductsBySlug(msgspec.Struct, frozen=True):
    """front → catalog: what had gathered while the previous batch was under way (at most 500)."""

    slugs: list[str]


class ProductDocument(msgspec.Struct, frozen=True):
    """A product, with its public JSON (`GET /api/products/{slug}`) already encoded."""

    body: bytes
    skus: list[str]
    """Of the variants for whose `available` there is a null in it, in order."""
    version: int


class ProductDocuments(msgspec.Struct, frozen=True):
    """In the order of the request. None: buyers see no such product, and `PRODUCTS_PATH` says what they are told."""

    products: list[ProductDocument | None]


class ProductLists(msgspec.Struct, frozen=True):
    """front → catalog: the queries of `GET /api/products` that had gathered meanwhile (at most 100)."""

    queries: list[str]


class ListDocument(msgspec.Struct, frozen=True):
    """A page of products, with its public JSON already encoded."""

    body: bytes
    skus: list[list[str]]
    """Of the products for whose `available` there is a null in it, in order."""
    versions: dict[str, int]
    """Of the products, by slug."""


class ListDocuments(msgspec.Struct, frozen=True):
    """In the order of the request. None: whether there is such a list has to be asked of `PRODUCTS_PATH`."""

    lists: list[ListDocument | None]


READ_AT_LEAST = "read-at-least"
"""Header, front → catalog: a position in its database's log that the answer must not be older than, or NEWEST."""
WRITTEN_AT = "written-at"
"""Header, catalog → front, on answers and on its messages: a position that holds what was just read or changed."""
NEWEST = "newest"
UNKNOWN_POSITION = "unknown"

STATUS_PATH = "/internal/status"


class ReplicaStatus(msgspec.Struct, frozen=True):
    """Any service with a database → front, as JSON: what waits in its outbox."""

    service: str
    replica: str
    outbox: int
    """Messages that the bus has not taken yet; counted up to 100,000."""
    oldest_seconds: float
    """How long the first of them has waited."""


FIGURES_PATH = "/internal/figures"


class ReplicaFigures(msgspec.Struct, frozen=True):
    """Any replica → front, as JSON: what it has done in the last ten seconds. Rates are per second."""

    service: str
    replica: str
    version: str
    requests_per_second: float
    failures_per_second: float
    """Answers of 500 and above."""
    p50_seconds: float | None
    p99_seconds: float | None
    carried: dict[str, float]
    """By where to: a service, `database` (transactions), `bus` (messages said), `from bus` (messages heard)."""
    ready: bool | None = None
    """None: its dependencies do not answer in time."""
    dependencies: dict[str, str] = {}
    cache: dict[str, int] = {}
    """A front's reads of products since it began: `hits`, `misses`, `stale`, `bypassed`; its `entries`; and `sold_out`,
    orders that it refused by itself."""
