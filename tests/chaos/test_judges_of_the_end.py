"""What the databases say at the end, against what was answered; and the figures."""

import pytest

from markethall.chaos.history import Call, FaultRecord, History, Record
from markethall.chaos.judges.asked import RULE as UNASKED
from markethall.chaos.judges.figures import figures_of
from markethall.chaos.judges.final import Final, FinalOrder, FinalStock
from markethall.chaos.judges.keys import ONE_ORDER
from markethall.chaos.judges.lost import LOST, STOCK, judge_end
from tests.chaos.stories import a_call, bought, cancelled, fulfilled, looked, placed, received, refused, unknown

RECEIPT = received(5, 0, 1)
MOVEMENT = RECEIPT.answer["id"]


def final(
    status: str = "confirmed",
    *,
    on_hand: int = 5,
    reserved: int = 1,
    quantity: int = 1,
    price: int = 500,
    number: int = 1,
) -> Final:
    told = bought("A", quantity, price)
    order = FinalOrder("1", number, status, told["lines"], told["total"], told["bought"])
    return Final({"1": order}, {"A": FinalStock(on_hand, reserved, {MOVEMENT: 5})})


def test_what_was_answered_and_is_there_is_fine() -> None:
    history = History([RECEIPT, placed("1", 2, 3, status="pending")])
    assert judge_end(history, final()) == []
    history.add(fulfilled("1", 3, 4))
    assert judge_end(history, final("fulfilled", on_hand=4, reserved=0)) == []


@pytest.mark.parametrize(
    ("records", "end", "rule"),
    [
        pytest.param([placed("1", 2, 3), placed("2", 2, 3)], final(), LOST, id="an order is gone"),
        pytest.param([placed("1", 2, 3)], final("rejected", reserved=0), LOST, id="confirmed, then rejected"),
        pytest.param([looked("1", "cancelled", 2, 3)], final(), LOST, id="a cancellation is gone"),
        pytest.param([placed("1", 2, 3)], final(reserved=2, quantity=2), LOST, id="other lines"),
        pytest.param([placed("1", 2, 3)], final(price=501), LOST, id="another price"),
        pytest.param([placed("1", 2, 3)], final(number=2), LOST, id="another number"),
        pytest.param([placed("1", 2, 3)], final("cancelled", reserved=0), UNASKED, id="cancelled by nobody"),
        pytest.param([placed("1", 2, 3)], final("fulfilled", on_hand=4, reserved=0), UNASKED, id="fulfilled by nobody"),
        pytest.param([received(1, 0, 1, key="other"), placed("1", 2, 3)], final(), LOST, id="a receipt is gone"),
        pytest.param([refused("out_of_stock", 2, 3)], final(), ONE_ORDER, id="an order that nobody was told of"),
        pytest.param([placed("1", 2, 3)], final(reserved=2), STOCK, id="reserved for nobody"),
        pytest.param([placed("1", 2, 3)], final(on_hand=4), STOCK, id="goods are gone"),
        pytest.param([placed("1", 2, 3, quantity=6)], final(reserved=5, quantity=6), STOCK, id="oversold"),
    ],
)
def test_an_end_that_does_not_fit_is_found(records: list[Record], end: Final, rule: str) -> None:
    assert {one.rule for one in judge_end(History([RECEIPT, *records]), end)} == {rule}


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(cancelled("1", 4, 5), id="done"),
        pytest.param(cancelled("1", 4, 5, outcome="unknown"), id="unknown"),
        pytest.param(
            a_call("cancel", "/api/orders/1/cancellation", 4, 9, {}, outcome="refused", status=401, body={}, tries=2),
            id="refused when it was repeated",
        ),
    ],
)
def test_a_cancellation_is_explained_by_whatever_may_have_asked_for_it(asked: Call) -> None:
    history = History([RECEIPT, placed("1", 2, 3), asked])
    assert judge_end(history, final("cancelled", reserved=0)) == []


def test_a_cancellation_that_was_refused_explains_nothing() -> None:
    refusal = a_call("cancel", "/api/orders/1/cancellation", 4, 5, {}, outcome="refused", status=409, body={})
    (found,) = judge_end(History([RECEIPT, placed("1", 2, 3), refusal]), final("cancelled", reserved=0))
    assert found.rule == UNASKED


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
