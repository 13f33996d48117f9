"""Rates of the last ten seconds, in bounded room."""

from markethall.kit.figures import BOUNDS, SECONDS, Figures


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def figures() -> tuple[Figures, Clock]:
    clock = Clock()
    counted = Figures(clock)
    clock.now += 2 * SECONDS
    return counted, clock


def test_rates_are_of_whole_seconds_and_quantiles_are_bounds() -> None:
    counted, clock = figures()
    for second in range(SECONDS):
        for number in range(100):
            counted.answered("/api/orders", 503 if number == 0 else 200, 1.0 if number >= 98 else 0.001)
        counted.carried("orders", second)
        clock.now += 1
    read = counted.read("front", "1")
    assert (read.requests_per_second, read.failures_per_second) == (100, 1)
    assert read.carried == {"orders": sum(range(SECONDS)) / SECONDS}
    assert read.p50_seconds is not None
    assert read.p99_seconds is not None
    assert 0.001 <= read.p50_seconds <= 0.0015
    assert 1.0 <= read.p99_seconds <= 1.5
    # The second that is under way does not count yet.
    counted.answered("/api/orders", 200, 0.1)
    assert counted.read("front", "1").requests_per_second == 100


def test_what_is_over_is_forgotten_and_nothing_answered_has_no_quantile() -> None:
    counted, clock = figures()
    counted.answered("/api/orders", 200, 99.0)
    clock.now += 1
    assert counted.read("front", "1").p99_seconds == round(BOUNDS[-1], 6)
    clock.now += SECONDS
    read = counted.read("front", "1")
    assert (read.requests_per_second, read.p99_seconds, read.carried) == (0, None, {})
    clock.now += 3 * SECONDS + 0.5
    counted.carried("bus")
    clock.now += 1
    assert counted.read("front", "1").carried == {"bus": 1 / SECONDS}


def test_a_replica_that_has_just_begun_is_not_diluted() -> None:
    clock = Clock()
    counted = Figures(clock)
    counted.answered("/api/orders", 200, 0.1)
    counted.answered("/health/live", 200, 0.1)
    clock.now += 1
    assert counted.read("front", "1").requests_per_second == 1
