"""An order that was rejected while there was enough is found, and one that may have been short is not."""

from typing import Any

import pytest

from markethall.chaos.history import Call, History, Record
from markethall.chaos.judges.final import Final, FinalOrder
from markethall.chaos.judges.rejections import judge_rejections
from tests.chaos.stories import a_call, bought, cancelled, looked, placed, received, refused, unknown


def short(available: int, requested: int = 2, sku: str = "A") -> list[dict[str, Any]]:
    return [{"sku": sku, "requested": requested, "available": available}]


def rejected(*shortages: dict[str, Any], started: float = 10, ended: float = 11) -> Call:
    """Order 9, of two."""
    return refused("out_of_stock", started, ended, key="key-9", order="9", shortages=list(shortages))


def an_end(**statuses: str) -> Final:
    """Order 9, and others of one each."""
    orders = {}
    for order, status, quantity in [("9", "rejected", 2), *((name[1:], told, 1) for name, told in statuses.items())]:
        told = bought("A", quantity)
        orders[order] = FinalOrder(order, int(order), status, told["lines"], told["total"], told["bought"])
    return Final(orders, {})


@pytest.mark.parametrize(
    ("records", "end"),
    [
        pytest.param([received(2, 0, 1), rejected(*short(0))], an_end(), id="enough"),
        pytest.param([received(3, 0, 1), placed("1", 2, 3), rejected(*short(1))], an_end(o1="confirmed"), id="left"),
        pytest.param(
            [received(2, 0, 1), placed("1", 2, 3), cancelled("1", 4, 5), rejected(*short(1))],
            an_end(o1="cancelled"),
            id="given back before",
        ),
        pytest.param(
            [received(1, 0, 1), placed("1", 2, 3), rejected(*short(1))], an_end(o1="confirmed"), id="more than was"
        ),
        pytest.param([rejected(*short(0, requested=3))], an_end(), id="not what was asked for"),
        pytest.param([rejected(*short(0, sku="B"))], an_end(), id="of something else"),
        pytest.param([received(5, 0, 1), rejected(*short(2))], an_end(), id="no shortage"),
        pytest.param([rejected()], an_end(), id="nothing was short"),
        pytest.param(
            [received(1, 12, 13), rejected(*short(0)), looked("9", "rejected", 14, 15, shortages=short(1))],
            an_end(),
            id="told in two ways",
        ),
    ],
)
def test_a_rejection_that_stock_does_not_explain_is_found(records: list[Record], end: Final) -> None:
    (found,) = judge_rejections(History(records), end)
    assert found.said.startswith("order 9 was rejected")


def test_a_rejection_without_reasons_is_found_where_there_was_enough() -> None:
    """An order that nobody was told the shortages of: by its status alone."""
    pending = placed("9", 10, 11, status="pending", quantity=2)
    seen = looked("9", "rejected", 12, 13)
    assert len(judge_rejections(History([received(2, 0, 1), pending, seen]), an_end())) == 1
    assert judge_rejections(History([received(1, 0, 1), pending, seen]), an_end()) == []


@pytest.mark.parametrize(
    ("records", "end"),
    [
        pytest.param([rejected(*short(0))], an_end(), id="there was none"),
        pytest.param([received(1, 0, 1), rejected(*short(1))], an_end(), id="too few"),
        pytest.param([received(2, 10.5, 12), rejected(*short(0))], an_end(), id="came meanwhile"),
        pytest.param([received(2, 0, 1, outcome="unknown", status=None), rejected(*short(0))], an_end(), id="perhaps"),
        pytest.param(
            [received(2, 0, 1), placed("1", 10.5, 12), rejected(*short(1))], an_end(o1="confirmed"), id="others came"
        ),
        pytest.param(
            [received(2, 0, 1), placed("1", 2, 3), cancelled("1", 9, 10.5), rejected(*short(1))],
            an_end(o1="cancelled"),
            id="given back meanwhile",
        ),
        pytest.param(
            [
                received(2, 0, 1),
                placed("1", 2, 3),
                a_call("cancel", "/api/orders/1/cancellation", 4, 5, {"id": "1", "status": "cancelled"}, status=202),
                rejected(*short(1)),
            ],
            an_end(o1="cancelled"),
            id="not given back yet",
        ),
        pytest.param(
            [received(2, 0, 1), unknown(2, 9), rejected(*short(1))], an_end(o7="confirmed"), id="one that nobody knows"
        ),
        pytest.param(
            [received(2, 0, 1), received(-1, 9, 12, key="c"), rejected(*short(1))], an_end(), id="corrected meanwhile"
        ),
    ],
)
def test_a_rejection_that_may_have_been_right_is_not(records: list[Record], end: Final) -> None:
    assert judge_rejections(History(records), end) == []
