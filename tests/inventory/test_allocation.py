"""The laws of allocation."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from markethall.contracts.messages import Shortage
from markethall.inventory.allocation import Order, allocate, summed

SKUS = ("a", "b", "c", "unknown")
stocks = st.dictionaries(st.sampled_from(SKUS[:3]), st.integers(0, 20))
lines = st.dictionaries(st.sampled_from(SKUS), st.integers(1, 12), min_size=1)
orders = st.lists(lines, max_size=12).map(
    lambda all_lines: [Order(index.to_bytes(16, "big"), each) for index, each in enumerate(all_lines)]
)


def taken_by(orders: list[Order], outcomes: list[tuple[Shortage, ...]]) -> Counter[str]:
    taken: Counter[str] = Counter()
    for order, shortages in zip(orders, outcomes, strict=True):
        if not shortages:
            taken.update(order.lines)
    return taken


@given(stocks, orders)
def test_no_more_is_given_than_there_is(stock: dict[str, int], orders: list[Order]) -> None:
    for sku, quantity in taken_by(orders, allocate(stock, orders)).items():
        assert quantity <= stock.get(sku, 0)


@given(stocks, orders)
def test_an_order_is_refused_only_for_lines_that_were_not_there_and_all_of_them_are_named(
    stock: dict[str, int], orders: list[Order]
) -> None:
    outcomes = allocate(stock, orders)
    for index, (order, shortages) in enumerate(zip(orders, outcomes, strict=True)):
        left = Counter(stock)
        left.subtract(taken_by(orders[:index], outcomes[:index]))
        expected = {Shortage(sku, quantity, left[sku]) for sku, quantity in order.lines.items() if quantity > left[sku]}
        assert set(shortages) == expected


@given(stocks, orders, st.integers(0, 12))
def test_whoever_came_first_is_not_harmed_by_whoever_comes_later(
    stock: dict[str, int], orders: list[Order], count: int
) -> None:
    assert allocate(stock, orders)[:count] == allocate(stock, orders[:count])


@given(stocks, orders, st.integers(0, 12))
def test_a_batch_cut_in_two_comes_to_the_same(stock: dict[str, int], orders: list[Order], cut: int) -> None:
    first = allocate(stock, orders[:cut])
    taken = taken_by(orders[:cut], first)
    left = {sku: quantity - taken[sku] for sku, quantity in stock.items()}
    assert first + allocate(left, orders[cut:]) == allocate(stock, orders)


@given(stocks, orders)
def test_the_order_of_lines_and_of_stock_rows_does_not_matter(stock: dict[str, int], orders: list[Order]) -> None:
    turned = [Order(order.order_id, dict(reversed(list(order.lines.items())))) for order in orders]
    again = allocate(dict(reversed(list(stock.items()))), turned)
    assert [set(each) for each in again] == [set(each) for each in allocate(stock, orders)]


@given(stocks, orders)
def test_the_stock_that_is_handed_in_is_left_alone(stock: dict[str, int], orders: list[Order]) -> None:
    before = dict(stock)
    allocate(stock, orders)
    assert stock == before


@given(st.lists(st.tuples(st.sampled_from(SKUS), st.integers(1, 9999))))
def test_repeated_lines_are_one_line_with_the_sum(pairs: list[tuple[str, int]]) -> None:
    expected: Counter[str] = Counter()
    for sku, quantity in pairs:
        expected[sku] += quantity
    assert summed([sku for sku, _ in pairs], [quantity for _, quantity in pairs]) == dict(expected)
