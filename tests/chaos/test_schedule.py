"""The schedule: pure, seeded, one fault at a time."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from markethall.chaos.schedule import schedule

OFFERS = {"kill": ["orders-1", "orders-2"], "link-cut": ["a→b"], "promote": []}
seconds = st.floats(min_value=1, max_value=600)
offers = st.dictionaries(st.text(min_size=1), st.lists(st.text(min_size=1), unique=True, max_size=5), max_size=6)


@given(st.integers(), offers, seconds)
def test_the_same_seed_brings_the_same_faults_at_the_same_points(
    seed: int, offers: dict[str, list[str]], seconds: float
) -> None:
    backwards = {fault: spots[::-1] for fault, spots in reversed(offers.items())}
    once = list(schedule(seed, offers, seconds, 5.0))
    assert once == list(schedule(seed, backwards, seconds, 5.0))
    assert [hit.dice().random() for hit in once] == [hit.dice().random() for hit in once]


@given(st.integers(), seconds, seconds)
def test_a_shorter_run_sees_the_beginning_of_the_same(seed: int, one: float, other: float) -> None:
    short, long = (list(schedule(seed, OFFERS, seconds, 5.0)) for seconds in sorted((one, other)))
    assert long[: len(short)] == short


@given(st.integers(), offers, seconds, st.floats(min_value=1, max_value=30))
def test_each_fault_is_over_before_the_next_and_hits_what_is_offered(
    seed: int, offers: dict[str, list[str]], seconds: float, every: float
) -> None:
    hits = list(schedule(seed, offers, seconds, every))
    assert all(hit.spot in offers[hit.fault] and hit.at < seconds for hit in hits)
    assert all(one.at + one.hold_seconds < next_.at for one, next_ in pairwise(hits))


def test_every_fault_comes_in_time_and_other_seeds_bring_others() -> None:
    assert {hit.fault for hit in schedule(1, OFFERS, 600, 5.0)} == {"kill", "link-cut"}
    assert list(schedule(1, OFFERS, 600, 5.0)) != list(schedule(2, OFFERS, 600, 5.0))
    assert not list(schedule(1, {}, 600, 5.0))
