"""What the data set's lines mean, and that nothing of it is lost or counted twice."""

from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from markethall.cli.loaders.online_retail import (
    Cancellation,
    Line,
    Order,
    Return,
    Skipped,
    events_of,
    listings,
    read,
    read_line,
    stock_of,
)
from markethall.cli.loaders.replaying import counted
from tests.cli.retail_files import HEADER, count_separately, real_file, write


def row(**changes: str) -> list[str]:
    ordinary = dict(zip(HEADER, ("536365", "71053", "WHITE METAL LANTERN", "6", "3.39", "17850", "UK"), strict=True))
    return list((ordinary | changes).values())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"StockCode": "POST"}, Skipped.POSTAGE),
        ({"StockCode": "DOT"}, Skipped.POSTAGE),
        ({"StockCode": "C2"}, Skipped.POSTAGE),
        ({"StockCode": "m"}, Skipped.MANUAL),
        ({"StockCode": "BANK CHARGES"}, Skipped.FEE),
        ({"StockCode": "AMAZONFEE"}, Skipped.FEE),
        ({"StockCode": "D"}, Skipped.DISCOUNT),
        ({"StockCode": "S"}, Skipped.SAMPLES),
        ({"StockCode": "gift_0001_40"}, Skipped.VOUCHER),
        ({"StockCode": "PADS"}, Skipped.NO_PRODUCT),
        ({"StockCode": ""}, Skipped.NO_PRODUCT),
        ({"UnitPrice": "0"}, Skipped.ZERO_PRICE),
        ({"UnitPrice": "-11062.06"}, Skipped.ZERO_PRICE),
        ({"Description": "  "}, Skipped.NO_DESCRIPTION),
        ({"Quantity": "-6"}, Skipped.WRONG_SIGN),
        ({"Quantity": "0"}, Skipped.WRONG_SIGN),
        ({"InvoiceNo": "C536365"}, Skipped.WRONG_SIGN),
        ({"InvoiceNo": "A563185"}, Skipped.UNREADABLE),
        ({"Quantity": "six"}, Skipped.UNREADABLE),
        ({"Quantity": "1.5"}, Skipped.UNREADABLE),
        ({"UnitPrice": "0.001"}, Skipped.UNREADABLE),
        ({"UnitPrice": "NaN"}, Skipped.UNREADABLE),
        ({"UnitPrice": "1e400"}, Skipped.UNREADABLE),
    ],
)
def test_a_line_that_moves_no_goods_is_skipped_for_its_reason(changes: dict[str, str], reason: Skipped) -> None:
    assert read_line(row(**changes)) is reason


def test_a_short_line_is_unreadable() -> None:
    assert read_line(["536365", "71053"]) is Skipped.UNREADABLE


def test_a_code_in_lower_case_is_the_same_article() -> None:
    assert read_line(row(StockCode="85123a")) == read_line(row(StockCode="85123A"))


def test_a_price_is_read_to_the_penny() -> None:
    assert read_line(row(UnitPrice="2.1")) == Line("536365", "71053", "WHITE METAL LANTERN", 6, 210, "17850")


def test_a_cancellation_undoes_the_whole_order_it_mirrors_and_each_order_once(tmp_path: Path) -> None:
    events = {event.invoice: event for event in read(write(tmp_path / "small.csv")).events}
    first = events["C600007"]
    assert isinstance(first, Cancellation)
    assert first.order == "600001"
    assert isinstance(events["C600008"], Return)


def test_goods_that_come_back_without_a_customer_cancel_nothing(tmp_path: Path) -> None:
    events = {event.invoice: event for event in read(write(tmp_path / "small.csv")).events}
    assert isinstance(events["600003"], Order)
    assert isinstance(events["C600010"], Return)
    assert isinstance(events["C600009"], Return)


def test_each_price_of_an_article_is_a_variant(tmp_path: Path) -> None:
    products = {listing.slug: listing for listing in listings(read(write(tmp_path / "small.csv")))}
    heart = products["85123a"]
    assert heart.name == "WHITE HANGING HEART T-LIGHT HOLDER"
    assert [(v.sku, v.price, v.stock) for v in heart.variants] == [
        ("85123A-255", 255, 10),
        ("85123A-295", 295, 3),
        ("85123A-421", 421, 1),
    ]
    assert heart.options == {"price": ["2.55", "2.95", "4.21"]}


def test_what_only_comes_back_is_listed_without_stock(tmp_path: Path) -> None:
    products = {listing.slug: listing for listing in listings(read(write(tmp_path / "small.csv")))}
    assert [(v.sku, v.stock) for v in products["22086"].variants] == [("22086-29", 80), ("22086-42", 0)]


def test_another_file_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("product,name,sku,price\n")
    with pytest.raises(ValueError, match="is not the data set"):
        read(other)


@pytest.fixture(params=["small", *(["real"] if real_file() else [])])
def retail_file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    real = real_file()
    if request.param == "real" and real is not None:
        return real
    return write(tmp_path / "small.csv")


def test_orders_units_and_pence_equal_a_separate_count_over_the_file(retail_file: Path) -> None:
    separate = count_separately(retail_file)
    retail = read(retail_file)
    report = counted(retail)
    assert report.sold.invoices == len(separate.orders)
    assert report.sold.units == separate.units
    assert report.sold.total == separate.pence
    assert retail.skipped.total() == separate.skipped
    assert report.cancelled.units + report.returned.units == separate.returned_units
    assert report.cancelled.total + report.returned.total == int(separate.returned_pounds * 100)


def test_no_order_has_more_lines_than_the_shop_takes(retail_file: Path) -> None:
    assert max(len(order.quantities) for order in read(retail_file).orders) <= 1000


def test_skus_are_unique_over_all_articles(retail_file: Path) -> None:
    skus = [variant.sku for listing in listings(read(retail_file)) for variant in listing.variants]
    assert len(skus) == len(set(skus))


codes = st.sampled_from(["71053", "85123A", "22086"])
lines = st.builds(
    Line,
    invoice=st.sampled_from(["600001", "600002", "C600003", "C600004"]),
    code=codes,
    description=st.just("LANTERN"),
    quantity=st.integers(1, 5),
    price=st.sampled_from([100, 250]),
    customer=st.just("17850"),
)


@given(st.lists(lines, max_size=30))
def test_every_line_is_in_exactly_one_event(lines: list[Line]) -> None:
    wanted: Counter[tuple[str, str]] = Counter()
    for line in lines:
        wanted[line.invoice, line.sku] += line.quantity
    found = [(event.invoice, sku, n) for event in events_of(lines) for sku, n in event.quantities.items()]
    assert len(found) == len(wanted)
    assert {(invoice, sku): n for invoice, sku, n in found} == dict(wanted)


@given(st.lists(lines, max_size=30))
def test_a_cancelled_order_is_an_earlier_one_with_the_same_goods(lines: list[Line]) -> None:
    seen: dict[str, Order] = {}
    for event in events_of(lines):
        if isinstance(event, Order):
            seen[event.invoice] = event
        elif isinstance(event, Cancellation):
            assert seen.pop(event.order).quantities == event.quantities


@given(st.lists(lines, max_size=30))
def test_the_stock_is_what_all_orders_take_together(lines: list[Line]) -> None:
    stock = stock_of(tuple(events_of(lines)))
    sold = sum(line.quantity for line in lines if not line.invoice.startswith("C"))
    assert sum(stock.values()) == sold


@given(st.integers(1, 10**9))
def test_any_amount_of_whole_pence_is_read_exactly(pence: int) -> None:
    line = read_line(row(UnitPrice=str(Decimal(pence) / 100)))
    assert isinstance(line, Line)
    assert line.price == pence
