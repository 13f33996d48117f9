"""What the databases say at the end, against what was answered; and the figures."""

import pytest

from markethall.chaos.history import FaultRecord, History, Record
from markethall.chaos.judges.figures import figures_of
from markethall.chaos.judges.final import Final, FinalOrder, FinalStock
from markethall.chaos.judges.keys import ONE_ORDER
from markethall.chaos.judges.lost import LOST, STOCK, judge_end
from tests.chaos.stories import looked, placed, received, refused, unknown

RECEIPT = received(5, 0, 1)
MOVEMENT = RECEIPT.answer["id"]


def final(status: str = "confirmed", *, on_hand: int = 5, reserved: int = 1, quantity: int = 1) -> Final:
    order = FinalOrder("1", 1, status, {"A": quantity})
    return Final({"1": order}, {"A": FinalStock(on_hand, reserved, {MOVEMENT: 5})})


def test_what_was_answered_and_is_there_is_fine() -> None:
    history = History([RECEIPT, placed("1", 2, 3, status="pending")])
    assert judge_end(history, final()) == []
    assert judge_end(history, final("fulfilled", on_hand=4, reserved=0)) == []
    assert judge_end(history, final("cancelled", reserved=0)) == []


@pytest.mark.parametrize(
    ("records", "end", "rule"),
    [
        pytest.param([placed("1", 2, 3), placed("2", 2, 3)], final(), LOST, id="an order is gone"),
        pytest.param([placed("1", 2, 3)], final("rejected", reserved=0), LOST, id="confirmed, then rejected"),
        pytest.param([looked("1", "cancelled", 2, 3)], final(), LOST, id="a cancellation is gone"),
        pytest.param([placed("1", 2, 3)], final(reserved=2, quantity=2), LOST, id="other lines"),
        pytest.param([received(1, 0, 1, key="other"), placed("1", 2, 3)], final(), LOST, id="a receipt is gone"),
        pytest.param([refused("out_of_stock", 2, 3)], final(), ONE_ORDER, id="an order that nobody was told of"),
        pytest.param([placed("1", 2, 3)], final(reserved=2), STOCK, id="reserved for nobody"),
        pytest.param([placed("1", 2, 3)], final(on_hand=4), STOCK, id="goods are gone"),
        pytest.param([placed("1", 2, 3, quantity=6)], final(reserved=5, quantity=6), STOCK, id="oversold"),
    ],
)
def test_an_end_that_does_not_fit_is_found(records: list[Record], end: Final, rule: str) -> None:
    assert {one.rule for one in judge_end(History([RECEIPT, *records]), end)} == {rule}


def test_an_order_of_a_key_that_was_never_answered_may_be_there() -> None:
    assert judge_end(History([RECEIPT, unknown(1, 2)]), final()) == []


def test_the_time_from_a_fault_to_the_first_success_is_told_by_kind() -> None:
    fault = FaultRecord("kill", "orders 1", 10.0, 12.0)
    history = History(
        [fault, placed("0", 9, 10.5), unknown(10.2, 11), placed("1", 11, 13), looked("1", "confirmed", 14, 15)]
    )
    (told,) = figures_of(history)["faults"]
    assert told["first_success_seconds"] == {"place": 3.0, "read_order": 5.0}


def test_sold_out_is_an_answer_and_unknown_is_none() -> None:
    figures = figures_of(History([refused("out_of_stock", 0, 1, order="1"), unknown(0, 1), placed("2", 0, 1)]))
    assert figures["not_served"] == 1
    assert figures["kinds"]["place"]["unknown"] == 1
