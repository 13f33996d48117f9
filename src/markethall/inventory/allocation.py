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
    for _, lines in orders:
        for sku, quantity in lines.items():
            if quantity > left.get(sku, 0):
                outcomes.append(_shortages(left, lines))
                break
        else:
            for sku, quantity in lines.items():
                left[sku] -= quantity
            outcomes.append(())
    return outcomes


def _shortages(left: Mapping[str, int], lines: Mapping[str, int]) -> Outcome:
    return tuple(
        Shortage(sku, quantity, left.get(sku, 0)) for sku, quantity in lines.items() if quantity > left.get(sku, 0)
    )


def summed(skus: Sequence[str], quantities: Sequence[int]) -> dict[str, int]:
    """Lines as SKU → quantity."""
    lines = dict(zip(skus, quantities, strict=True))
    if len(lines) < len(skus):
        lines = dict.fromkeys(skus, 0)
        for sku, quantity in zip(skus, quantities, strict=True):
            lines[sku] += quantity
    return lines
