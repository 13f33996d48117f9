"""Keys, numbers, steps: each rule broken by a history by hand, and kept by one that looks like it."""

import msgspec
import pytest

from markethall.chaos.history import History, Record
from markethall.chaos.judges import judge_history
from markethall.chaos.judges.keys import ONE_ORDER, RESOLVES, judge_keys
from markethall.chaos.judges.numbers import judge_numbers
from markethall.chaos.judges.steps import judge_steps
from tests.chaos.stories import cancelled, looked, placed, received, refused, told, unknown


@pytest.mark.parametrize(
    ("records", "rule"),
    [
        ([placed("1", 0, 1, key="k"), placed("2", 2, 3, key="k", number=2)], ONE_ORDER),
        ([placed("1", 0, 1, key="k"), refused("out_of_stock", 2, 3, key="k", order="2")], ONE_ORDER),
        ([placed("1", 0, 1, key="k"), refused("unknown_sku", 2, 3, key="k")], ONE_ORDER),
        ([msgspec.structs.replace(placed("1", 0, 1), answer=placed("1", 0, 1, quantity=2).answer)], ONE_ORDER),
        ([unknown(0, 1, key="k"), unknown(5, 9, key="k")], RESOLVES),
        ([msgspec.structs.replace(placed("1", 0, 1), answer={"unreadable": "KeyError('total')"})], RESOLVES),
    ],
)
def test_a_key_that_made_two_or_nothing_certain_is_found(records: list[Record], rule: str) -> None:
    assert {one.rule for one in judge_keys(History(records))} == {rule}


def test_a_key_that_was_unknown_and_then_made_one_is_fine() -> None:
    history = History(
        [received(9, 0, 0.1), unknown(1, 2, key="k"), placed("1", 3, 4, key="k"), placed("1", 5, 6, key="k")]
    )
    assert judge_history(history) == []


@pytest.mark.parametrize(
    "records",
    [
        pytest.param([placed("1", 0, 1, number=7), placed("2", 0, 1, number=7)], id="one number, two orders"),
        pytest.param([placed("1", 0, 1, number=7), looked("1", "confirmed", 2, 3, number=8)], id="two numbers"),
        pytest.param([placed("1", 0, 1, number=7), placed("2", 2, 3, number=6)], id="falling"),
    ],
)
def test_numbers_that_repeat_or_fall_are_found(records: list[Record]) -> None:
    (found,) = judge_numbers(History(records))
    assert len(found.records) == 2


def test_numbers_of_orders_that_were_placed_at_once_may_come_in_any_order() -> None:
    assert judge_numbers(History([placed("1", 0, 2, number=7), placed("2", 1, 1.5, number=6)])) == []


@pytest.mark.parametrize(
    "records",
    [
        pytest.param([looked("1", "confirmed", 0, 1), looked("1", "pending", 2, 3)], id="backwards"),
        pytest.param([looked("1", "rejected", 0, 1), looked("1", "confirmed", 2, 3)], id="out of a final status"),
        pytest.param([looked("1", "confirmed", 0, 3), looked("1", "rejected", 1, 2)], id="both, at once"),
        pytest.param([cancelled("1", 0, 1), looked("1", "confirmed", 2, 3)], id="a cancellation undone"),
        pytest.param([looked("1", "fulfilled", 0, 1), looked("1", "cancelled", 0, 1)], id="two ends"),
        pytest.param([looked("1", "paid", 0, 1)], id="no such status"),
        pytest.param([looked("1", "confirmed", 0, 1, history=["rejected", "confirmed"])], id="its own history"),
        pytest.param([told("1", "confirmed", 1), told("1", "pending", 2)], id="a stream goes back"),
        pytest.param([looked("1", "confirmed", 0, 1), told("1", "pending", 3, opened=2)], id="a stream opens late"),
        pytest.param([told("1", "pending", 1), told("1", "fulfilled", 2)], id="a stream leaves a step out"),
    ],
)
def test_an_illegal_step_is_found(records: list[Record]) -> None:
    found = judge_steps(History(records))
    assert len(found) == 1
    assert 1 <= len(found[0].records) <= 2


@pytest.mark.parametrize(
    "records",
    [
        pytest.param([looked("1", "confirmed", 0, 2), looked("1", "pending", 1, 3)], id="reads that overlap"),
        pytest.param([looked("1", "pending", 0, 1), looked("1", "fulfilled", 2, 3)], id="steps in between"),
        pytest.param(
            [
                told("1", "pending", 1),
                looked("1", "cancelled", 2, 3),
                told("1", "confirmed", 4),
                told("1", "cancelled", 5),
            ],
            id="a stream lags",
        ),
        pytest.param([refused("out_of_stock", 0, 1, order="1"), looked("1", "rejected", 2, 3)], id="rejected"),
    ],
)
def test_legal_steps_are_not(records: list[Record]) -> None:
    assert judge_steps(History(records)) == []


def test_only_the_attempt_that_was_answered_counts_as_asking() -> None:
    """Its first try began long before; what it was answered is of its last."""
    history = History([looked("1", "confirmed", 5, 6), placed("1", 0, 10, status="pending", tries=5)])
    assert {one.rule for one in judge_steps(history)} == {"legal steps"}
