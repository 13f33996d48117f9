"""Who gets what: first come, first served, and an order gets all of its lines or none."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from markethall.contracts.messages import Shortage


class Order(NamedTuple):
    """An order as stock sees it: how much of which SKU. Repeated lines are summed already."""

    order_id: bytes
    lines: Mapping[str, int]


Outcome = tuple[Shortage, ...]
"""Empty: all lines can be had. Otherwise the lines that cannot, and what was there of them."""


def allocate(available: Mapping[str, int], orders: Sequence[Order]) -> list[Outcome]:
    """The outcome of each order, in turn; `available` itself is left as it is.

    An order sees what those before it took. One that cannot be served whole takes nothing, so
    that a smaller one after it may still be served. A SKU that is not in `available` is unknown:
    there is none of it.
    """
    left = dict(available)
    outcomes: list[Outcome] = []
    for order in orders:
        shortages = tuple(
            Shortage(sku, quantity, left.get(sku, 0))
            for sku, quantity in order.lines.items()
            if quantity > left.get(sku, 0)
        )
        if not shortages:
            for sku, quantity in order.lines.items():
                left[sku] -= quantity
        outcomes.append(shortages)
    return outcomes


def summed(skus: Sequence[str], quantities: Sequence[int]) -> dict[str, int]:
    """Lines as SKU → quantity."""
    lines: dict[str, int] = {}
    for sku, quantity in zip(skus, quantities, strict=True):
        lines[sku] = lines.get(sku, 0) + quantity
    return lines
