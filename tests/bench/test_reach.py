"""The rows with marks to reach."""

from markethall.bench import wording
from markethall.bench.case import Target
from markethall.bench.reach import ROWS
from tests.support.shop import Shop

FIGURES = {"rate", "p50_ms", "p99_ms", "cpu_us", "memory_mib"}
OF_SIGNING_IN = {"of_bare_percent", "browsing_p50_meanwhile_ms", "browsing_p99_meanwhile_ms"}


def test_rows_have_names_of_their_own_and_marks_for_figures_that_are_told() -> None:
    assert len({case.name for case in ROWS.values()}) == len(ROWS)
    for name, case in ROWS.items():
        assert case.targets
        for target in case.targets:
            assert target.figure in FIGURES | (OF_SIGNING_IN if name == "sign-in" else set())
            assert target.reached(target.at_least)
            assert target.better is None or target.reached(target.better)


def test_a_rate_should_be_high_and_a_latency_low() -> None:
    assert Target("rate", 10).reached(11)
    assert not Target("rate", 10).reached(9)
    assert Target("p99_ms", 10).reached(9)
    assert not Target("p99_ms", 10).reached(11)
    assert Target("of_bare_percent", 80).reached(81)
    assert not Target("of_bare_percent", 80).reached(79)


def test_a_mark_for_a_figure_of_the_rows_own_is_told_in_words() -> None:
    assert [wording.target(wanted) for wanted in ROWS["sign-in"].targets] == [
        *("of bare ≥ 80.0 (90.0) %", "browsing p50 meanwhile ≤ 2.00 ms", "browsing p99 meanwhile ≤ 10.0 ms")
    ]


def test_some_rows_can_be_chosen_and_show_their_marks(shop: Shop) -> None:
    run = shop.run("bench", "all", "--only", "orders-1", "--rounds", "1", "--seconds", "1", "--data", str(shop.data))
    assert run.returncode == 0, run.stderr
    assert "p50 ≤ 2.50 (1.80)" in run.stdout
    wrong = shop.run("bench", "all", "--only", "everything")
    assert wrong.returncode == 2
    assert "orders-256" in wrong.stderr
