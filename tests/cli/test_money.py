"""Amounts are read exactly, and shown as they are read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from markethall.contracts.public import Money
from markethall.listings.money import parse_amount, show


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [("15.99", "EUR", 1599), ("15.9", "GBP", 1590), ("15", "EUR", 1500), ("0", "EUR", 0), ("1599", "JPY", 1599)],
)
def test_an_amount_is_read_in_minor_units(text: str, currency: str, minor: int) -> None:
    assert parse_amount(text, currency) == minor


@pytest.mark.parametrize("text", ["", "-1", "+1", "1.", ".5", "1e3", "1 000", "1,000.00", "15.999", "NaN", "١٢"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        parse_amount(text, "EUR")


@given(st.integers(0, 10**12), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_what_is_shown_can_be_read_again(minor: int, currency: str) -> None:
    shown, code = show(Money(minor, currency)).split(" ")
    assert (parse_amount(shown.replace(",", ""), currency), code) == (minor, currency)
