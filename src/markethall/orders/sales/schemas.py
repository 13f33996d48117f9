"""Figures of sales, on the wire."""

import msgspec

from markethall.contracts.public import Money
from markethall.orders.sales.periods import Interval


class SalesPoint(msgspec.Struct, frozen=True):
    """What was ordered from `at` on. `placed` is the sum of sold `orders`, `rejected` and `cancelled`."""

    at: str
    placed: int
    orders: int
    units: int
    revenue: Money
    rejected: int
    cancelled: int


class SalesSeries(msgspec.Struct, frozen=True):
    """`points`: one for each interval, with or without orders. What was ordered after `counted_until` is missing."""

    interval: Interval
    tz: str
    counted_until: str | None
    points: list[SalesPoint]
    total: SalesPoint


class BestSeller(msgspec.Struct, frozen=True):
    """`name` and `slug` as the price list has them now; null for what it has no more."""

    sku: str
    name: str | None
    slug: str | None
    orders: int
    units: int
    revenue: Money


class BestSellers(msgspec.Struct, frozen=True, rename={"begin": "from", "end": "to"}):
    """`from` and `to` are whole hours (UTC): the period as it was counted."""

    begin: str
    end: str
    counted_until: str | None
    items: list[BestSeller]


class ShortSku(msgspec.Struct, frozen=True):
    """`times`: rejected orders for which it was short; `units`: what they asked of it."""

    sku: str
    name: str | None
    slug: str | None
    times: int
    units: int


class Rejections(msgspec.Struct, frozen=True, rename={"begin": "from", "end": "to"}):
    """`from` and `to` are whole hours (UTC): the period as it was counted."""

    begin: str
    end: str
    counted_until: str | None
    items: list[ShortSku]
