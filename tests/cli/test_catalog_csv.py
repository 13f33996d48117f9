"""A catalogue file: what it becomes, and how each mistake is named."""

import csv
import io
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from markethall.listings.catalog_csv import parse
from markethall.listings.complaints import COMPLAINTS_KEPT, BadFile, Complaint

GOOD = """\
product,name,description,category,sku,price,stock,attribute.material,option.size,option.colour
tin-robot,Tin robot,"Walks, arms swinging.",Toys > Tin toys,ROBOT,29.90,12,tin,,
paper-boat-shirt,T-shirt Paper boat,One small boat.,Clothing,BOAT-S,17.90,3,cotton,S,blue
paper-boat-shirt,,,,BOAT-M,18,,,M,blue
"""


def complaints(text: str | bytes, currency: str = "EUR") -> list[Complaint]:
    with pytest.raises(BadFile) as caught:
        parse(text.encode() if isinstance(text, str) else text, currency)
    return list(caught.value.complaints)


def table(*rows: Sequence[str], header: Sequence[str] = ("product", "name", "sku", "price", "stock")) -> str:
    file = io.StringIO()
    csv.writer(file).writerows([header, *rows])
    return file.getvalue()


def test_lines_of_one_product_become_its_variants() -> None:
    robot, shirt = parse(GOOD.encode(), "EUR")
    assert (robot.slug, robot.name, robot.description) == ("tin-robot", "Tin robot", "Walks, arms swinging.")
    assert robot.category == ("Toys", "Tin toys")
    assert robot.category_slug == "toys-tin-toys"
    assert robot.attributes == {"material": "tin"}
    assert robot.options == {}
    assert shirt.options == {"size": ["S", "M"], "colour": ["blue"]}
    assert [(v.sku, v.price, v.stock, v.line) for v in shirt.variants] == [
        ("BOAT-S", 1790, 3, 3),
        ("BOAT-M", 1800, 0, 4),
    ]


def test_a_file_from_a_spreadsheet_is_read() -> None:
    """A byte order mark, CRLF, blank lines at the end."""
    assert parse(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode() + b"\r\n,,,,,,,,,\r\n", "EUR") == parse(
        GOOD.encode(), "EUR"
    )


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        (("Tin Robot", "Robot", "R", "1", ""), "product", "is not 1 to 100 of a-z"),
        (("", "Robot", "R", "1", ""), "product", "is empty"),
        (("robot", "", "R", "1", ""), "name", "is empty on all lines"),
        (("robot", "R" * 201, "R", "1", ""), "name", "more than 200 characters"),
        (("robot", "Ro\x00bot", "R", "1", ""), "name", "NUL"),
        (("robot", "Robot", "", "1", ""), "sku", "is empty"),
        (("robot", "Robot", "R/2", "1", ""), "sku", "is not 1 to 64 of"),
        (("robot", "Robot", "R", "", ""), "price", "is empty"),
        (("robot", "Robot", "R", "-1", ""), "price", "is not an amount"),
        (("robot", "Robot", "R", "free", ""), "price", "is not an amount"),
        (("robot", "Robot", "R", "1,50", ""), "price", "with a point"),
        (("robot", "Robot", "R", "1.505", ""), "price", "finer than EUR"),
        (("robot", "Robot", "R", "1" + "0" * 13, ""), "price", "more than the shop takes"),
        (("robot", "Robot", "R", "1", "-3"), "stock", "is not a whole number"),
        (("robot", "Robot", "R", "1", "2.5"), "stock", "is not a whole number"),
        (("robot", "Robot", "R", "1", "9" * 19), "stock", "is not a whole number"),
        (("robot", "Robot", "R", "1"), "", "has 4 cells, the header has 5"),
    ],
)
def test_a_bad_line_is_named_by_its_number_with_the_reason(row: tuple[str, ...], column: str, reason: str) -> None:
    found = complaints(table(("ark", "Ark", "ARK", "72", "5"), row))
    assert [(c.line, c.column) for c in found] == [(3, column)]
    assert reason in found[0].reason


def test_all_bad_lines_are_named_and_nothing_is_returned() -> None:
    found = complaints(table(("a", "A", "A", "x", ""), ("b", "B", "B", "1", ""), ("c", "C", "C", "y", "z")))
    assert [(c.line, c.column) for c in found] == [(2, "price"), (4, "price"), (4, "stock")]


def test_of_very_many_mistakes_all_are_counted_and_the_first_are_listed() -> None:
    text = table(*((f"p{n}", "P", f"S{n}", "x", "") for n in range(1000)))
    with pytest.raises(BadFile) as caught:
        parse(text.encode(), "EUR")
    assert caught.value.count == 1000
    assert len(caught.value.complaints) == COMPLAINTS_KEPT


def test_a_sku_is_a_variant_of_one_product_only() -> None:
    (found,) = complaints(table(("a", "A", "X", "1", ""), ("b", "B", "X", "1", "")))
    assert (found.line, found.column, "line 2" in found.reason) == (3, "sku", True)


def test_lines_of_a_product_must_not_contradict_each_other() -> None:
    (found,) = complaints(
        table(
            ("a", "Ark", "X", "1", "S"),
            ("a", "Boat", "Y", "1", "M"),
            header=("product", "name", "sku", "price", "option.size"),
        )
    )
    assert (found.line, found.column) == (3, "name")


def test_variants_need_a_choice_of_their_own() -> None:
    header = ("product", "name", "sku", "price", "option.size")
    (twice,) = complaints(table(("a", "A", "X", "1", "S"), ("a", "A", "Y", "1", "S"), header=header))
    assert (twice.line, "line 2 is the same variant" in twice.reason) == (3, True)
    (none,) = complaints(table(("a", "A", "X", "1", "S"), ("a", "A", "Y", "1", ""), header=header))
    assert (none.line, none.column) == (3, "option")


def test_the_header_says_which_column_is_missing_unknown_or_double() -> None:
    found = complaints("product,name,name,price,colour,option.\n")
    assert {(c.line, c.column, c.reason) for c in found} == {
        (1, "sku", "this column is missing"),
        (1, "colour", "there is no such column"),
        (1, "option.", "there is no such column"),
        (1, "name", "this column is there twice"),
    }


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("category", "Toys > > Tin", "is not a path"),
        ("category", "玩具", "is not a path"),
        ("category", " > ".join("abcdefghi"), "more than 8 levels"),
        ("images", "robot.jpg", "neither http://"),
        ("images", " ".join(f"/robot-{n}.jpg" for n in range(21)), "more than 20"),
        ("description", "x" * 20_001, "more than 20,000 characters"),
        ("attribute.care", "x" * 1001, "more than 1,000 characters"),
    ],
)
def test_what_the_shop_would_refuse_is_refused_here(column: str, cell: str, reason: str) -> None:
    (found,) = complaints(table(("a", "A", "X", "1", cell), header=("product", "name", "sku", "price", column)))
    assert (found.line, found.column) == (2, column)
    assert reason in found.reason


def test_values_of_an_option_differ_by_more_than_their_case() -> None:
    header = ("product", "name", "sku", "price", "option.colour")
    (found,) = complaints(table(("a", "A", "X", "1", "red"), ("a", "A", "Y", "1", "Red"), header=header))
    assert (found.line, found.column) == (3, "option.colour")


def test_a_product_has_as_many_variants_as_the_shop_takes() -> None:
    header = ("product", "name", "sku", "price", "option.a", "option.b")
    rows = [("a", "A", f"X{n}", "1", str(n % 20), str(n // 20)) for n in range(201)]
    assert len(parse(table(*rows[:200], header=header).encode(), "EUR")[0].variants) == 200
    (found,) = complaints(table(*rows, header=header))
    assert (found.line, found.column) == (202, "product")


def test_a_file_with_semicolons_is_told_so() -> None:
    (found,) = complaints("product;name;sku;price\na;A;X;1\n")
    assert "commas" in found.reason


def test_an_empty_file_has_no_columns() -> None:
    assert {c.column for c in complaints("")} == {"product", "name", "sku", "price"}


def test_a_line_after_one_that_spans_several_is_counted_as_an_editor_counts() -> None:
    (found,) = complaints(
        'product,name,description,sku,price\na,A,"one\ntwo\nthree",X,1\nb,B,,Y,wrong\n',
    )
    assert found.line == 5


def test_bytes_that_are_not_utf8_are_named_by_their_line() -> None:
    (found,) = complaints(table(("a", "A", "X", "1", "")).encode() + b"b,B\xfcr,Y,1,\r\n")
    assert (found.line, "UTF-8" in found.reason) == (3, True)


def test_a_quote_that_never_ends_is_named_by_the_line_it_begins_on() -> None:
    (found,) = complaints('product,name,sku,price\na,A,X,1\nb,"B,Y,1\nc,C,Z,1\n')
    assert (found.line, "is not CSV" in found.reason) == (3, True)


def test_prices_have_the_digits_of_the_currency() -> None:
    assert parse(table(("a", "A", "X", "1599", "")).encode(), "JPY")[0].variants[0].price == 1599
    assert parse(table(("a", "A", "X", "1.599", "")).encode(), "KWD")[0].variants[0].price == 1599
    (found,) = complaints(table(("a", "A", "X", "15.99", "")), "JPY")
    assert found.column == "price"


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(content: bytes) -> None:
    with pytest.raises(BadFile):
        parse(content, "EUR")


cells = st.text(st.characters(codec="utf-8"), max_size=12)


@given(st.lists(st.tuples(cells, cells, cells, cells, cells), min_size=1, max_size=8))
def test_mistakes_are_on_lines_that_the_file_has(rows: list[tuple[str, ...]]) -> None:
    text = table(("not a slug", "", "", "", ""), *rows)
    found = complaints(text)
    assert all(1 <= c.line <= text.count("\n") + text.count("\r") + 1 for c in found)


names = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Zs", "Zl", "Zp")), min_size=1, max_size=20)
variants = st.tuples(st.integers(0, 10**6), st.integers(0, 10**9), names)


@given(st.lists(st.tuples(names, st.lists(variants, min_size=1, max_size=4, unique_by=lambda v: v[2])), max_size=5))
def test_what_was_written_is_what_is_read(products: list[tuple[str, list[tuple[int, int, str]]]]) -> None:
    rows = [
        (f"p{p}", name, f"P{p}-{v}", f"{price // 100}.{price % 100:02}", str(stock), colour)
        for p, (name, choices) in enumerate(products)
        for v, (price, stock, colour) in enumerate(choices)
    ]
    text = table(*rows, header=("product", "name", "sku", "price", "stock", "option.colour"))
    assert [
        (listing.name, [(v.price, v.stock, v.options["colour"]) for v in listing.variants])
        for listing in parse(text.encode(), "EUR")
    ] == [(name, choices) for name, choices in products]
