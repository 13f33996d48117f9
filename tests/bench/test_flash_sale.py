"""What a flash sale is judged by: that nothing is sold twice, and who was served first."""

from collections.abc import Sequence
from random import Random

import pytest

from markethall.bench.case import Facts, Outcome
from markethall.bench.load.seen import Answer, Seen
from markethall.bench.settling import Counts
from markethall.bench.workloads.flash_sale import FlashSale, fair_percent, overtaken_ms

SEEN = Seen(answers=4, seconds=1.0, refused=0, broken=0, latencies_ms={}, cpu_seconds=0.0)


def judged(statuses: Sequence[int], *, units: int, confirmed: int | None) -> Outcome:
    """Of buyers who asked a millisecond apart; `confirmed` by the database, None where there is none at hand."""
    told = [Answer(status, 50.0, float(at)) for at, status in enumerate(statuses)]
    counts = None if confirmed is None else Counts(len(told), confirmed, len(told) - confirmed, 0.0)
    return FlashSale(len(told), units)._judge(SEEN, Facts({}, counts, 0.0), told)


@pytest.mark.parametrize("confirmed", [2, None])
def test_as_many_sold_as_there_were_is_no_violation(confirmed: int | None) -> None:
    outcome = judged([201, 201, 409, 409], units=2, confirmed=confirmed)
    assert outcome.violations == ()
    assert outcome.more["oversold_units"] == 0
    assert outcome.more["fair_percent"] == 100
    assert outcome.more["overtaken_ms"] == 0


@pytest.mark.parametrize(
    ("statuses", "confirmed", "oversold", "why"),
    [
        ([201, 201, 201, 409], None, 1, "3 of 2 were sold"),
        ([201, 201, 201, 409], 3, 1, "3 of 2 were sold"),
        # Sold behind the buyers' back: only the database knows.
        ([201, 201, 409, 409], 4, 2, "4 of 2 were sold"),
        ([201, 201, 201, 409], 2, 0, "3 were told that they have one, 2 are confirmed"),
        ([201, 409, 409, 409], 1, 0, "1 of 2 were sold to 4 buyers"),
    ],
)
def test_what_is_sold_beyond_what_there_was_is_counted_and_violates(
    statuses: Sequence[int], confirmed: int | None, oversold: int, why: str
) -> None:
    outcome = judged(statuses, units=2, confirmed=confirmed)
    assert outcome.violations == (why,)
    assert outcome.more["oversold_units"] == oversold


def test_fairness_is_left_out_where_nobody_lost() -> None:
    assert "fair_percent" not in judged([201, 201], units=2, confirmed=2).more


def test_by_arrival_is_a_hundred_and_the_other_way_round_nothing() -> None:
    assert fair_percent([1, 2], [3, 4, 5]) == 100
    assert fair_percent([4, 5], [1, 2, 3]) == 0
    assert fair_percent([1, 3], [2, 4]) == 75
    assert fair_percent([1], [1]) == 50


def test_a_lottery_is_half() -> None:
    dice = Random(1)
    buyers = [float(at) for at in range(1000)]
    shares = []
    for _ in range(200):
        winners = dice.sample(buyers, 100)
        shares.append(fair_percent(winners, sorted(set(buyers) - set(winners))))
    assert sum(shares) / len(shares) == pytest.approx(50, abs=1)
    assert 35 < min(shares) < max(shares) < 65


def test_a_batch_that_was_passed_over_costs_its_share_of_the_pairs() -> None:
    """None of the hundred who asked first has one, the hundred after them do, and 700 more came later than both."""
    buyers = [float(at) for at in range(900)]
    assert fair_percent(buyers[100:200], buyers[:100] + buyers[200:]) == 87.5
    assert overtaken_ms(buyers[100:200], buyers[:100] + buyers[200:]) == 199


def test_how_far_one_was_overtaken_is_from_the_first_loser_to_the_last_winner() -> None:
    assert overtaken_ms([1.0, 7.5], [2.25, 9.0]) == 5.25
    assert overtaken_ms([1.0, 2.0], [2.25, 9.0]) == 0
