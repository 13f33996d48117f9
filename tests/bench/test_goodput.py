"""How a load beyond capacity is judged, by figures that nobody measured."""

import msgspec
import pytest

from markethall.bench import wording
from markethall.bench.case import Facts, Outcome
from markethall.bench.figures import Figure, Summary
from markethall.bench.load.flood import BARE, BROKEN, UNASKED, Flooded
from markethall.bench.load.seen import Seen
from markethall.bench.workloads.overload import GOODPUT, Found, Overload

SECONDS = 10.0
FLOODED = Flooded(
    sent=30_000,
    unsent=0,
    unanswered=0,
    counts={"201": 9_000, "503": 21_000},
    in_time={"201": 8_000, "503": 21_000},
    odd={},
    latencies_ms={},
    orders={},
    late_ms=1.0,
    cpu_seconds=3.0,
)


def judged(flooded: Flooded, **found: float) -> Outcome:
    seen = Seen(flooded.sent, SECONDS, 0, 0, {}, flooded.cpu_seconds)
    told = Found(capacity=900.0, again=1_100.0, flooded=flooded)
    for name, value in found.items():
        setattr(told, name, value)
    return Overload().judge(seen, Facts({}, None, None), told)


def test_goodput_is_what_was_served_in_time_of_the_mean_capacity() -> None:
    outcome = judged(FLOODED)
    assert outcome.violations == ()
    assert outcome.done == 8_000
    assert outcome.more["goodput_percent"] == 80.0
    assert GOODPUT.reached(80.0)
    assert not GOODPUT.reached(79.9)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sent": 23_000, "unsent": 7_000}, "2.3 times the capacity was asked for, not 3 times"),
        ({"counts": {"201": 9_000, "503" + BARE: 21_000}}, "21000 were answered 503 without Retry-After"),
        ({"counts": {"201": 9_000, "503": 20_990, BROKEN: 10}}, "10 were broken"),
        ({"odd": {UNASKED: 2}}, "2 answers that nobody had asked for"),
        ({"unanswered": 3}, "3 were not answered"),
    ],
)
def test_what_must_not_be_violates_the_round(change: dict[str, object], said: str) -> None:
    assert judged(msgspec.structs.replace(FLOODED, **change)).violations == (said,)


@pytest.mark.parametrize("found", [{"recovered_seconds": 5.1}, {"most_mib": 200.0}, {"lost": (1, 0)}, {"lost": (0, 1)}])
def test_so_does_what_is_left_behind(found: dict[str, float]) -> None:
    assert len(judged(FLOODED, **found).violations) == 1


def test_goodput_is_told_with_its_spread() -> None:
    figures = {"goodput_percent": Figure(90.0, 59.3, 107.0)}
    two = Summary("three times", "orders", figures, {}, (), [None, None])  # type: ignore[list-item]
    assert wording.besides(two) == "goodput 90.0 (59.3 to 107) %"
