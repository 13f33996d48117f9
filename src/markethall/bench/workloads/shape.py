"""The shape of a real shop's orders: what is wanted how much, how long an order is, how many are taken of each.

`ONLINE_RETAIL` is of the data set "Online Retail" (D. Chen, UCI Machine Learning Repository, 2015, doi 10.24432/C5BW33,
CC BY 4.0), its first 50,062 lines: 1,789 orders of December 2010 and January 2011 at a British shop for gifts, many
of whose customers are wholesalers. Orders of several hundred lines have no customer: they may be many people's. Of the
352 invoices that take goods back 8 undo a whole order. There is no time of day in it.

`python -m markethall.cli.loaders.retail_shape FILE` derives it again.
"""

import math
import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

RANKS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Of all articles, from the most popular on."""
SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1.0)
"""Of all orders, or of all their lines, from the least on."""


@dataclass(frozen=True)
class Shape:
    """`popularity`: which share of all lines are of that part of the articles (`RANKS`).
    `lines`: of an order. `quantities`: units of a line. Both quantiles at `SHARES`.
    `taken_back`: invoices that take goods back, for each order.
    `returning`: of the orders whose customer is known, those by one who had ordered before, in the same data.
    """

    popularity: tuple[float, ...]
    lines: tuple[int, ...]
    quantities: tuple[int, ...]
    taken_back: float = 0.0
    returning: float = 0.0


ONLINE_RETAIL = Shape(
    popularity=(
        0.0138,
        0.028,
        0.0489,
        0.0845,
        0.1377,
        0.261,
        0.4088,
        0.6003,
        0.7298,
        0.8222,
        0.887,
        0.933,
        0.9638,
        0.9837,
        0.9942,
        1.0,
    ),
    lines=(1, 1, 4, 7, 10, 14, 17, 22, 31, 48, 67, 145, 454, 567, 647, 673),
    quantities=(1, 1, 1, 1, 2, 3, 4, 6, 12, 20, 25, 58, 100, 144, 408, 2880),
    taken_back=0.197,
    returning=0.397,
)


def shape_of(baskets: Sequence[Mapping[str, int]], customers: Iterable[str] = (), taken_back: int = 0) -> Shape:
    """`baskets`: of each order, units by article. `customers`: whose each is, where it is known. `taken_back`: invoices
    of that kind. Raises ValueError where nothing was ordered.
    """
    lines = sorted(len(basket) for basket in baskets if basket)
    if not lines:
        raise ValueError("there is no order in it")
    quantities = sorted(units for basket in baskets for units in basket.values())
    wanted = sorted(Counter(article for basket in baskets for article in basket).values(), reverse=True)
    known = [customer for customer in customers if customer]
    return Shape(
        popularity=tuple(round(sum(wanted[: _part(wanted, rank)]) / len(quantities), 4) for rank in RANKS),
        lines=tuple(_quantile(lines, share) for share in SHARES),
        quantities=tuple(_quantile(quantities, share) for share in SHARES),
        taken_back=round(taken_back / len(lines), 3),
        returning=round(1 - len(set(known)) / len(known), 3) if known else 0.0,
    )


def draw(quantiles: Sequence[int], dice: random.Random) -> int:
    """From a table at `SHARES`. Between two of its entries values lie evenly by their logarithm: tails are long."""
    at = dice.random()
    for (low_share, low), (high_share, high) in pairwise(zip(SHARES, quantiles, strict=True)):
        if at < high_share:
            return round(low * math.pow(high / low, (at - low_share) / (high_share - low_share)))
    return quantiles[-1]


def weights(popularity: Sequence[float], articles: int) -> list[float]:
    """How much each of so many is wanted, the most popular first; in all 1.

    An order has an article once, so long ones reach for what is less popular: what is drawn is a little flatter.
    """
    below = [_reached(popularity, number / articles) for number in range(articles + 1)]
    return [high - low for low, high in pairwise(below)]


def _reached(popularity: Sequence[float], rank: float) -> float:
    """The share of lines up to there, straight between entries of the table."""
    for (low_rank, low), (high_rank, high) in pairwise([(0.0, 0.0), *zip(RANKS, popularity, strict=True)]):
        if rank <= high_rank:
            return low + (high - low) * (rank - low_rank) / (high_rank - low_rank)
    return 1.0


def _part(of: Sequence[int], share: float) -> int:
    return max(1, round(len(of) * share))


def _quantile(ordered: Sequence[int], share: float) -> int:
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]
