"""What an order would be: its lines priced, or why it cannot be made. Pure."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

from markethall.contracts.order_request import MAX_LINES
from markethall.contracts.public import Money
from markethall.kit.errors import Problem
from markethall.orders.errors import EmptyOrder, PriceChanged, TooManyLines, TooMuch, UnknownSku
from markethall.orders.order import Line

MAX_QUANTITY = 999_999
"""Of one SKU in one order, when its lines are summed."""
MAX_TOTAL = 10**15
"""Of one order, in minor units: what a JSON number carries exactly everywhere."""


class Wanted(msgspec.Struct, frozen=True):
    """One buyer's order before it is made. Either `lines` or `cart_id` is given."""

    order_id: UUID
    user_id: UUID | None
    fingerprint: bytes
    lines: dict[str, int] | None = None
    """SKU → quantity."""
    cart_id: UUID | None = None
    email: str | None = None
    shipping_address: dict[str, Any] | None = None
    expected_total: int | None = None


class CartContent(msgspec.Struct, frozen=True):
    """A cart that is locked while it is checked out."""

    user_id: UUID | None
    quantities: dict[str, int]


class Listed(msgspec.Struct, frozen=True):
    """A variant as the price list has it."""

    name: str
    options: dict[str, str]
    price: int


class Draft(msgspec.Struct, frozen=True):
    """An order that can be made."""

    wanted: Wanted
    lines: list[Line]
    total: int


def draft(
    wanted: Wanted, quantities: Mapping[str, int], prices: Mapping[str, Listed], currency: str
) -> Draft | Problem:
    """`quantities`: the order's own lines or its cart's; `prices`: of what is for sale."""
    if not quantities:
        return EmptyOrder()
    if len(quantities) > MAX_LINES:
        return TooManyLines()
    unknown = [sku for sku in quantities if sku not in prices]
    if unknown:
        return UnknownSku(unknown)
    lines = []
    total = 0
    for sku, quantity in quantities.items():
        listed = prices[sku]
        if quantity > MAX_QUANTITY:
            return TooMuch(f"At most {MAX_QUANTITY} of {sku} in one order.")
        lines.append(Line(sku, listed.name, listed.options, quantity, listed.price))
        total += quantity * listed.price
    if total > MAX_TOTAL:
        return TooMuch("The sum is too large for one order.")
    if wanted.expected_total is not None and wanted.expected_total != total:
        return PriceChanged(Money(total, currency))
    return Draft(wanted, lines, total)
