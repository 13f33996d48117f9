"""How many orders may be under way."""

from collections import deque

from hypothesis import given, settings
from hypothesis import strategies as st

from markethall.front.places import LEAST, LONG_SECONDS, SOON_SECONDS, Places

MOST = 5_000


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def serve(each_second: int, comers_each_second: int, seconds: float) -> list[float]:
    """A shop of that speed and a crowd, by a clock of their own: how long each who was taken was under way, in turn."""
    clock = Clock()
    places, began, took, tick = Places(MOST, clock=clock), deque[float](), list[float](), 0.01
    for _ in range(int(seconds / tick)):
        clock.now += tick
        for _ in range(int(comers_each_second * tick)):
            if not places.are_short():
                places.take()
                began.append(clock.now)
        for _ in range(min(len(began), int(each_second * tick))):
            waited = clock.now - began.popleft()
            places.accepted(waited)
            places.give_back()
            took.append(waited)
    return took


def crowded() -> tuple[Clock, Places]:
    """All places are taken, and somebody has been turned away."""
    clock = Clock()
    places = Places(MOST, clock=clock)
    for _ in range(MOST):
        places.take()
    assert places.are_short()
    return clock, places


def test_a_crowd_in_a_calm_shop_is_taken_whole() -> None:
    places = Places(MOST, clock=Clock())
    for _ in range(MOST):
        assert not places.are_short()
        places.take()
    assert places.are_short()
    places.give_back()
    assert not places.are_short()


@settings(max_examples=20, deadline=None)
@given(speed=st.integers(2_000, 20_000), times=st.integers(2, 5))
def test_beyond_its_speed_a_shop_is_never_idle_and_takes_what_it_serves_soon(speed: int, times: int) -> None:
    took = serve(speed, speed * times, 10.0)
    assert len(took) > 0.95 * 10.0 * (speed // 100 * 100)
    late = took[-int(speed * 2) :]
    assert max(late) < max(1.5 * SOON_SECONDS, 1.1 * LEAST / speed)


def test_a_slow_shop_has_two_batches_in_hand() -> None:
    took = serve(500, 5_000, 30.0)
    assert max(took[-500:]) <= LEAST / 500 + LONG_SECONDS
    assert min(took[-500:]) > 0.9 * LEAST / 500


def test_those_who_wait_too_long_are_too_many_though_nobody_is_turned_away() -> None:
    clock = Clock()
    places = Places(MOST, clock=clock)
    for _ in range(2 * LEAST):
        places.take()
    clock.now += LONG_SECONDS / 2
    places.accepted(1.1 * LONG_SECONDS)
    places.give_back()
    clock.now += LONG_SECONDS
    assert places.are_short()


def test_a_crowd_is_taken_whole_however_long_ago_the_former_one_was() -> None:
    clock, places = crowded()
    for _ in range(MOST):
        places.give_back()
    clock.now += 3600
    for _ in range(MOST):
        places.take()
    assert places.are_short()


def test_when_the_crowd_has_gone_all_places_are_there_again() -> None:
    clock, places = crowded()
    clock.now += LONG_SECONDS
    assert places.are_short()
    for _ in range(MOST):
        places.give_back()
    for _ in range(2):
        clock.now += LONG_SECONDS
        assert not places.are_short()
    for _ in range(MOST):
        places.take()
    assert places.are_short()
