"""The shape of a real shop's orders: as its file has it, and as a mixed day draws it."""

import random
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from markethall.bench.goods import Goods
from markethall.bench.workloads.mixed import Mixed, Wanted
from markethall.bench.workloads.shape import ONLINE_RETAIL, RANKS, SHARES, draw, shape_of, weights
from markethall.cli.loaders.online_retail import read
from markethall.cli.loaders.retail_shape import retail_shape
from markethall.contracts.order_request import MAX_LINES
from tests.cli.retail_files import real_file, write

BASKETS = 5_000
MAX_QUANTITY = 9_999
MOST_WANTED = 0.01, 0.1, 0.5


def line(invoice: str, code: str, quantity: int, price: str = "1.00", customer: str = "") -> tuple[str, ...]:
    return (invoice, code, "THING", str(quantity), price, customer, "United Kingdom")


FOUR_ORDERS = [
    line("500001", "10001", 1, customer="1"),
    line("500001", "10002", 6, customer="1"),
    # One article at two prices, and twice at one of them, is one line.
    line("500002", "10001", 12, customer="2"),
    line("500002", "10001", 12, price="0.95", customer="2"),
    line("500002", "10001", 12, price="0.95", customer="2"),
    line("500003", "10001", 1, customer="1"),
    line("500003", "10003", 1, customer="1"),
    line("500003", "10002", 1, customer="1"),
    line("500003", "POST", 1, customer="1"),
    line("500004", "10001", 1),
    line("C500005", "10001", -1),
]


def wanted(*, products: int = Mixed.products) -> Wanted:
    slugs = tuple(f"thing-{number}" for number in range(products))
    return Wanted(Goods(slugs, tuple(f"{slug}-{size}" for slug in slugs for size in range(3))), random.Random(1))


def at(table: tuple[float, ...], of: tuple[float, ...], *shares: float) -> list[float]:
    return [table[of.index(share)] for share in shares]


def far_off(ordered: Sequence[int], table: Sequence[int]) -> float:
    """By how much of them, at most, another share than the table's lies below one of its values, or up to it."""
    return max(
        max(bisect_left(ordered, value) / len(ordered) - share, share - bisect_right(ordered, value) / len(ordered))
        for share, value in zip(SHARES, table, strict=True)
    )


def test_a_shape_is_derived_from_the_lines_of_a_file(tmp_path: Path) -> None:
    shape = retail_shape(read(write(tmp_path / "retail.csv", FOUR_ORDERS)))
    # Orders have 1, 1, 2 and 3 lines, of 1, 1, 1, 1, 1, 6 and 36 units; four of the seven are the same article.
    assert at(shape.lines, SHARES, 0.0, 0.4, 0.5, 0.8, 1.0) == [1, 1, 2, 3, 3]
    assert at(shape.quantities, SHARES, 0.0, 0.7, 0.8, 0.9, 1.0) == [1, 1, 6, 36, 36]
    assert at(shape.popularity, RANKS, 0.001, 0.4, 0.7, 1.0) == [0.5714, 0.5714, 0.8571, 1.0]
    assert shape.taken_back == 0.25
    assert shape.returning == 0.333


def test_a_file_without_orders_has_no_shape(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no order"):
        retail_shape(read(write(tmp_path / "retail.csv", [line("C500005", "10001", -1)])))


@pytest.mark.skipif(real_file() is None, reason="the data set is not at hand")
def test_the_tables_are_those_of_the_data_set() -> None:
    file = real_file()
    assert file is not None
    assert retail_shape(read(file)) == ONLINE_RETAIL


def test_the_shop_takes_all_that_can_be_drawn() -> None:
    assert max(ONLINE_RETAIL.lines) <= MAX_LINES
    assert max(ONLINE_RETAIL.quantities) <= MAX_QUANTITY
    assert min(ONLINE_RETAIL.lines) == min(ONLINE_RETAIL.quantities) == 1


def test_what_is_drawn_has_the_shape() -> None:
    drawn = wanted()
    baskets = [drawn.basket() for _ in range(BASKETS)]
    shape = shape_of(baskets)
    assert far_off(sorted(len(basket) for basket in baskets), ONLINE_RETAIL.lines) < 0.02
    assert far_off(sorted(units for basket in baskets for units in basket.values()), ONLINE_RETAIL.quantities) < 0.02
    # Long orders, in which each article is once, make it a little flatter.
    assert shape.popularity == pytest.approx(ONLINE_RETAIL.popularity, abs=0.04)


def test_what_is_looked_at_is_wanted_as_what_is_bought() -> None:
    drawn = wanted(products=100)
    looked_at = [drawn.slug() for _ in range(20_000)]
    for part in MOST_WANTED:
        first = {f"thing-{number}" for number in range(round(100 * part))}
        share = sum(slug in first for slug in looked_at) / len(looked_at)
        assert share == pytest.approx(ONLINE_RETAIL.popularity[RANKS.index(part)], abs=0.01)


def test_another_shape_is_told_from_it() -> None:
    """What was guessed before: lines by an exponential law of 20 on average, up to 60; 1 to 3 of each."""
    dice = random.Random(1)
    lines = sorted(min(60, 1 + int(dice.expovariate(1 / 20))) for _ in range(BASKETS))
    assert far_off(lines, ONLINE_RETAIL.lines) > 0.05
    assert far_off(sorted(dice.randint(1, 3) for _ in range(BASKETS)), ONLINE_RETAIL.quantities) > 0.3


def test_the_same_seed_draws_the_same() -> None:
    assert [wanted().basket() for _ in range(3)] == [wanted().basket() for _ in range(3)]


def test_no_order_has_more_lines_than_there_are_articles() -> None:
    drawn = wanted(products=2)
    assert max(len(drawn.basket()) for _ in range(200)) == 6


def test_weights_are_all_of_what_is_wanted_and_fall_with_the_rank() -> None:
    for articles in (1, 3, 30, 2_770):
        found = weights(ONLINE_RETAIL.popularity, articles)
        assert len(found) == articles
        assert sum(found) == pytest.approx(1)
        assert min(found) > 0
        assert all(one >= other - 1e-9 for one, other in pairwise(found))


def test_values_between_two_entries_lie_evenly_by_their_logarithm() -> None:
    dice = random.Random(1)
    table = (1,) * (len(SHARES) - 1) + (10_000,)
    tail = [value for value in (draw(table, dice) for _ in range(1_000_000)) if value > 1]
    assert len(tail) == pytest.approx(1_000, rel=0.2)
    assert sum(value < 100 for value in tail) == pytest.approx(len(tail) / 2, rel=0.15)
