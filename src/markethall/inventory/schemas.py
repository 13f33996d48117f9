"""The public JSON of stock."""

from datetime import datetime
from typing import Annotated, Literal

from litestar.openapi.spec import Schema
from msgspec import Meta, Struct

from markethall.inventory.decisions import MovementKind
from markethall.kit.text import OptionalText

MAX_QUANTITY = 10**9
MAX_INTERVAL_SECONDS = 366 * 24 * 3600

ReceivedQuantity = Annotated[
    int,
    Meta(ge=-MAX_QUANTITY, le=MAX_QUANTITY, extra_json_schema={"extra": {"schema_not": Schema(const=0)}}),
]


class StockView(Struct, frozen=True):
    """`available` is `on_hand` less `reserved`. `version` rises with every change."""

    sku: str
    on_hand: int
    reserved: int
    available: int
    version: int


class ReceiptRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Goods that came in; a negative quantity corrects what was counted too high. Never 0."""

    quantity: ReceivedQuantity
    reference: OptionalText = ""


class ReceiptView(Struct, frozen=True):
    """The receipt as it stands in the ledger, and the stock right after it."""

    id: int
    kind: Literal["receipt", "correction"]
    quantity: int
    reference: str
    at: datetime
    stock: StockView


class ReplenishmentRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Every `interval_seconds`, stock is topped up until `target` is available."""

    target: Annotated[int, Meta(ge=1, le=MAX_QUANTITY)]
    interval_seconds: Annotated[int, Meta(ge=1, le=MAX_INTERVAL_SECONDS)]


class ReplenishmentView(Struct, frozen=True):
    sku: str
    target: int
    interval_seconds: int
    next_at: datetime


class MovementView(Struct, frozen=True):
    """A line of the ledger. `order_id` where an order caused it, `reference` where a person did.

    `on_hand` and `reserved`: what there was after it.
    """

    id: int
    kind: MovementKind
    on_hand_delta: int
    reserved_delta: int
    order_id: str | None
    reference: str | None
    at: datetime
    on_hand: int
    reserved: int


class MovementPage(Struct, frozen=True):
    """Newest first."""

    items: list[MovementView]
    next_cursor: str | None


class StockRow(Struct, frozen=True):
    """A SKU's stock in the list. `replenished_to`: the target of its replenishment, if it has one."""

    sku: str
    on_hand: int
    reserved: int
    available: int
    version: int
    replenished_to: int | None


class StockPage(Struct, frozen=True):
    items: list[StockRow]
    next_cursor: str | None
