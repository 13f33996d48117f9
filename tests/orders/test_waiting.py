"""When a question is repeated."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from markethall.orders.fulfilment.waiting import is_due, repeats_by

ASKED = datetime(2026, 1, 1, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return ASKED + timedelta(seconds=seconds)


def test_repeats_come_after_5_s_and_then_ever_later_up_to_every_minute() -> None:
    moments = [second for second in range(1, 400) if is_due(ASKED, after(second), after(second + 1))]
    assert moments == [5, 15, 35, 75, 135, 195, 255, 315, 375]


@given(st.lists(st.floats(0.01, 4.9), min_size=1, max_size=60))
def test_looks_that_follow_each_other_find_each_repeat_exactly_once(pauses: list[float]) -> None:
    looks = [after(0)]
    for pause in pauses:
        looks.append(looks[-1] + timedelta(seconds=pause))
    found = sum(is_due(ASKED, since, until) for since, until in pairwise(looks))
    due = [moment for moment in (5, 15, 35, 75, 135, 195, 255) if after(moment) < looks[-1]]
    assert found == len(due) == repeats_by(looks[-1] - ASKED)


def test_a_question_asked_after_the_look_is_not_due() -> None:
    assert not is_due(after(100), after(0), after(50))
