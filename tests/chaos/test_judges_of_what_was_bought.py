"""What an order is worth: its prices, its sum, who may end it; each rule broken and kept by histories by hand."""

import pytest

from markethall.chaos.history import Call, FaultRecord, History, Record
from markethall.chaos.judges.asked import judge_asked
from markethall.chaos.judges.bought import judge_bought
from markethall.chaos.judges.prices import LATE_SECONDS, judge_prices
from tests.chaos.stories import bought, cancelled, fulfilled, looked, placed, priced, refused, told

MADE = priced("make_product", 500, 0, 1)
DEARER = priced("change_product", 501, 10, 11)
PERHAPS = priced("change_product", 501, 10, 11, outcome="unknown", status=None)
DEAREST = priced("change_product", 502, 20, 21)
KILL = FaultRecord("kill", "nats 1", 8, 9, 9.5)


def at(price: int, started: float, order: str = "1") -> Call:
    return placed(order, started, started + 1, price=price, number=int(order))


@pytest.mark.parametrize(
    "records",
    [
        pytest.param([at(499, 5)], id="never its price"),
        pytest.param([at(501, 5), DEARER], id="before it was"),
        pytest.param([DEARER, at(500, 12)], id="after it was"),
        pytest.param([PERHAPS, DEAREST, at(501, 22)], id="perhaps once, and then another"),
        pytest.param([PERHAPS, at(501, 12), at(500, 14, "2")], id="others were charged the new one"),
        pytest.param([KILL, DEARER, at(501, 12), at(500, 14, "2")], id="others were, among faults"),
        pytest.param([KILL, DEARER, at(500, 12 + LATE_SECONDS)], id="long after the fault"),
    ],
)
def test_a_price_that_it_did_not_have_is_found(records: list[Record]) -> None:
    (found,) = judge_prices(History([MADE, *records]))
    assert records[-1] in found.records or records[0] in found.records


@pytest.mark.parametrize(
    "records",
    [
        pytest.param([at(500, 5), DEARER, at(501, 12, "2")], id="as it was"),
        pytest.param([DEARER, at(500, 10.5), at(501, 10.2, "2")], id="while it changed"),
        pytest.param([PERHAPS, at(500, 12), at(501, 12, "2"), DEAREST, at(502, 22, "3")], id="perhaps"),
        pytest.param([KILL, DEARER, at(500, 12), at(501, 14, "2")], id="late, after a fault"),
        pytest.param([DEARER, placed("1", 5, 40, tries=9)], id="placed by an earlier try"),
        pytest.param([priced("change_product", 501, 10, 13.5), at(500, 14)], id="answered at the deadline"),
    ],
)
def test_a_price_that_it_may_have_had_is_fine(records: list[Record]) -> None:
    assert judge_prices(History([MADE, *records])) == []


@pytest.mark.parametrize(
    "later",
    [
        looked("1", "confirmed", 4, 5, **bought(price=501)),
        looked("1", "confirmed", 4, 5, **bought(quantity=2)),
        looked("1", "confirmed", 4, 5, **(bought() | {"bought": {"A": [500, 500, "another toy"]}})),
    ],
    ids=["price", "quantity", "name"],
)
def test_an_order_that_changes_is_found(later: Call) -> None:
    (found,) = judge_bought(History([placed("1", 2, 3), later]))
    assert len(found.records) == 2
    assert judge_bought(History([placed("1", 2, 3), looked("1", "fulfilled", 4, 5, **bought())])) == []


@pytest.mark.parametrize(
    "wrong", [bought() | {"total": 501}, bought(quantity=2) | {"bought": {"A": [500, 500, "toy"]}, "total": 500}]
)
def test_a_sum_that_is_wrong_is_found(wrong: dict[str, object]) -> None:
    (found,) = judge_bought(History([looked("1", "confirmed", 0, 1, **wrong)]))
    assert "comes to" in found.said or "come to" in found.said


@pytest.mark.parametrize(
    "records",
    [
        pytest.param([looked("1", "cancelled", 4, 5)], id="cancelled"),
        pytest.param([told("1", "fulfilled", 4)], id="fulfilled"),
        pytest.param([looked("1", "cancelled", 4, 5), cancelled("1", 6, 7)], id="asked for too late"),
        pytest.param([refused("order_cancelled", 4, 5, order="1", key="key-1")], id="a repeat is told so"),
        pytest.param([cancelled("2", 3, 4), looked("1", "cancelled", 4, 5)], id="another was asked for"),
    ],
)
def test_what_nobody_asked_for_is_found(records: list[Record]) -> None:
    (found,) = judge_asked(History([placed("1", 2, 3), *records]))
    assert "nobody" in found.said or "before" in found.said


def test_what_somebody_asked_for_may_be_seen_before_the_answer() -> None:
    asked = [cancelled("1", 3, 9, outcome="unknown"), fulfilled("2", 3, 9)]
    seen = [told("1", "cancelled", 5), looked("2", "fulfilled", 4, 5)]
    assert judge_asked(History([placed("1", 2, 3), placed("2", 2, 3), *asked, *seen])) == []
