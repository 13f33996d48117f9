"""Short real runs against a real shop: what is told agrees with the databases. No time is asserted."""

import asyncpg
import pytest

from markethall.bench.case import Case, Facts, Outcome, Ready
from markethall.bench.errors import CannotMeasure
from markethall.bench.figures import summary
from markethall.bench.load.pace import Pace
from markethall.bench.load.seen import Seen
from markethall.bench.rounds import Course, Round, measure, steps
from markethall.bench.subject import Subject, Wanted
from markethall.bench.workloads.orders import Orders
from markethall.bench.workloads.reads import Path, Reads
from markethall.local.credentials import Admin
from markethall.local.shop import LocalShop
from tests.support.shop import Shop

SHORT = Course(rounds=2, seconds=1.0, warm_seconds=1.0)


async def measured(shop: Shop, *cases: Case) -> dict[str, list[Round]]:
    return await measure(cases, Wanted(data=shop.data), SHORT)


async def orders_in(shop: Shop) -> int:
    connection = await asyncpg.connect(LocalShop(shop.data).dsn("orders"))
    try:
        count: int = await connection.fetchval("SELECT count(*) FROM orders")
        return count
    finally:
        await connection.close()


@pytest.mark.timeout(240)
async def test_orders_told_are_orders_that_the_database_has(shop: Shop) -> None:
    hot, baskets = Case("hot", Orders(Pace(4))), Case("baskets", Orders(Pace(4), skus=20))
    before = await orders_in(shop)
    found = await measured(shop, hot, baskets)
    rounds = [each for case in (hot, baskets) for each in found[case.name]]
    assert len(rounds) == 4 == steps([hot, baskets], SHORT)
    for each in rounds:
        assert each.violations == ()
        assert each.facts.counts is not None
        assert 0 < each.done <= each.facts.counts.confirmed == each.served <= each.done + 4
        assert each.rate == round(each.done / each.seen.seconds, 1)
        assert {"front", "orders", "inventory", "postgres", "nats", "up"} <= each.cpu_seconds.keys()
        assert each.memory_mib["postgres"] > 0
    # Those of the warm-up, too.
    assert await orders_in(shop) >= before + sum(each.served for each in rounds)


@pytest.mark.timeout(240)
async def test_orders_that_do_not_wait_are_all_settled_at_the_end(shop: Shop) -> None:
    case = Case("async", Orders(Pace(8), respond_async=True))
    for each in (await measured(shop, case))["async"]:
        assert each.violations == ()
        assert each.facts.statuses.keys() <= {"202", "201"}
        assert each.facts.counts is not None
        assert each.facts.counts.confirmed == each.facts.counts.placed >= each.done > 0
        assert each.more["drained_rate"] > 0


@pytest.mark.timeout(240)
async def test_reads_are_answered_as_they_should(shop: Shop) -> None:
    cached, unchanged = Case("cached", Reads(pace=Pace(4), products=5)), Case("304", Reads(Path.UNCHANGED, Pace(4), 5))
    found = await measured(shop, cached, unchanged)
    for case, status in ((cached, "200"), (unchanged, "304")):
        for each in found[case.name]:
            assert each.violations == ()
            assert each.facts.statuses.keys() == {status}
            assert 0 < each.done <= each.facts.statuses[status]


async def test_reads_past_the_cache_need_a_shop_that_is_started_so(shop: Shop) -> None:
    with pytest.raises(CannotMeasure, match=r"other settings: past the cache$"):
        await measured(shop, Case("past the cache", Reads(Path.UNCACHED, Pace(4), 5)))


@pytest.mark.timeout(240)
async def test_an_address_alone_has_rates_and_nothing_else(shop: Shop) -> None:
    wanted = Wanted(url=shop.url, admin=Admin(shop.admin_email, shop.admin_password))
    case = Case("hot", Orders(Pace(4)))
    (each,) = (await measure([case], wanted, Course(1, 1.0, 1.0)))["hot"]
    assert each.done == each.seen.answers - each.seen.refused > 0
    assert not each.cpu_seconds
    assert not each.memory_mib
    assert each.facts.counts is None
    assert set(summary(case, {case.name: [each]}).figures) >= {"rate", "p50_ms", "p99_ms"}


class Violated:
    """A workload in which something is always wrong."""

    unit = "things"
    route = ("GET", "/nowhere")
    settings: dict[str, str] = {}

    async def prepare(self, subject: Subject) -> Ready:
        async def load(seconds: float) -> Seen:
            return Seen(10, 1.0, 0, 0, {"p50": 1.0, "p99": 2.0}, 0.1)

        return Ready(load, lambda seen, facts: Outcome(10, 10, violations=("a promise",)))


async def test_a_run_with_a_violation_has_no_figure(shop: Shop) -> None:
    case = Case("violated", Violated())
    rounds = (await measured(shop, case))["violated"]
    assert [each.rate for each in rounds] == [None, None]
    told = summary(case, {case.name: rounds})
    assert told.figures == {}
    assert told.violations == ("a promise",)


@pytest.mark.parametrize("audit_each", [True, False])
async def test_what_the_audit_finds_is_a_violation(shop: Shop, audit_each: bool) -> None:
    """Stock that is in no ledger is noticed after the very next round, or at the end."""

    class Breaking(Violated):
        async def prepare(self, subject: Subject) -> Ready:
            async def load(seconds: float) -> Seen:
                await _say("UPDATE stock SET on_hand = on_hand + 1 WHERE sku = (SELECT min(sku) FROM stock)")
                return Seen(1, 1.0, 0, 0, {}, 0.0)

            return Ready(load, lambda seen, facts: Outcome(1, 1))

    async def _say(statement: str) -> None:
        connection = await asyncpg.connect(LocalShop(shop.data).dsn("inventory"))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    course = Course(1, 1.0, 0.0, audit_each=audit_each)
    try:
        (each,) = (await measure([Case("broken", Breaking())], Wanted(data=shop.data), course))["broken"]
    finally:
        await _say("UPDATE stock SET on_hand = on_hand - 2 WHERE sku = (SELECT min(sku) FROM stock)")
    assert each.rate is None
    assert any("on-hand equals the ledger's sum" in line for line in each.violations)


def test_figures_are_medians_with_their_bounds() -> None:
    rounds = [
        Round(
            rate=rate,
            done=100,
            served=200,
            refused=0,
            seen=Seen(100, 1.0, 0, 0, {"p50": latency}, 0.001),
            facts=Facts({}, None, 0.0),
            more={},
            violations=(),
            cpu_seconds={"front": 0.01, "orders": 0.03},
            memory_mib={"front": 50.0, "orders": 70.0},
            elsewhere=0.5,
            load_average=1.0,
        )
        for rate, latency in ((90.0, 3.0), (110.0, 1.0), (100.0, 2.0))
    ]
    figures = summary(Case("some", Violated()), {"some": rounds}).figures
    assert (figures["rate"].median, figures["rate"].least, figures["rate"].most) == (100.0, 90.0, 110.0)
    assert figures["p50_ms"].median == 2.0
    assert figures["cpu_us"].median == 200.0
    assert figures["load_cpu_us"].median == 10.0
    assert figures["memory_mib"].median == 120.0


async def test_what_takes_other_settings_is_refused_before_anything_is_measured(shop: Shop) -> None:
    told: list[tuple[str, float]] = []
    cases = [Case("cached", Reads()), Case("past the cache", Reads(Path.UNCACHED))]
    with pytest.raises(CannotMeasure, match="past the cache"):
        await measure(cases, Wanted(data=shop.data), SHORT, lambda *way: told.append(way))
    assert told == []
