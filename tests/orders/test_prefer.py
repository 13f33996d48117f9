"""The header `Prefer`."""

import pytest

from markethall.orders.prefer import patience


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, (5.0, None)),
        ("", (5.0, None)),
        ("wait=10", (10.0, "wait=10")),
        ("WAIT=10", (10.0, "wait=10")),
        ('wait="7"', (7.0, "wait=7")),
        ("wait=0", (0.0, "wait=0")),
        ("wait=31", (30.0, "wait=30")),
        ("wait=99999999999999999999", (30.0, "wait=30")),
        ("respond-async", (0.0, "respond-async")),
        ("respond-async, wait=3", (3.0, "wait=3")),
        ("wait=3, wait=9", (3.0, "wait=3")),
        ("return=minimal; foo=bar, wait=2; x=y", (2.0, "wait=2")),
        ("wait=-1", (5.0, None)),
        ("wait=1.5", (5.0, None)),
        ("wait=٣", (5.0, None)),
        ("wait", (5.0, None)),
        (";;,,==", (5.0, None)),
    ],
)
def test_what_is_not_understood_is_passed_over(header: str | None, expected: tuple[float, str | None]) -> None:
    assert patience(header) == expected
