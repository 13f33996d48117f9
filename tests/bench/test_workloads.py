"""Each workload, for a moment, against a real shop: it does what it says, and the audit has nothing to say."""

import pytest

from markethall.bench.case import Case, Workload
from markethall.bench.figures import summary
from markethall.bench.load.pace import Pace
from markethall.bench.reach import ROWS
from markethall.bench.rounds import Course, Round, measure
from markethall.bench.subject import Wanted
from markethall.bench.workloads.carts import Carts
from markethall.bench.workloads.flash_sale import FlashSale
from markethall.bench.workloads.lists import Lists
from markethall.bench.workloads.mixed import Mixed
from markethall.bench.workloads.orders import Orders
from markethall.bench.workloads.overload import Overload
from markethall.bench.workloads.sign_in import SignIn
from markethall.bench.workloads.sold_out import SoldOut
from tests.support.shop import Shop

MOMENT = Course(rounds=1, seconds=1.0, warm_seconds=1.0)
pytestmark = pytest.mark.timeout(240)


async def measured(shop: Shop, workload: Workload) -> Round:
    case = Case("some", workload)
    (each,) = (await measure([case], Wanted(data=shop.data), MOMENT))["some"]
    assert each.violations == ()
    assert each.refused == 0
    assert each.done > 0
    assert summary(case, {"some": [each]}).figures["rate"].median == each.rate
    return each


async def test_what_is_sold_out_is_refused_and_makes_no_order(shop: Shop) -> None:
    each = await measured(shop, SoldOut(Pace(4)))
    assert each.facts.counts is not None
    assert each.facts.counts.confirmed == 0
    # Where inventory was not heard of for a while, orders is asked.
    assert each.facts.counts.placed == each.more.get("placed_orders", 0)
    assert each.facts.statuses.keys() == {"409"}


async def test_lists_are_read(shop: Shop) -> None:
    assert (await measured(shop, Lists(pace=Pace(4), categories=1, products_each=3))).facts.statuses.keys() == {"200"}


async def test_lines_of_carts_are_set(shop: Shop) -> None:
    assert (await measured(shop, Carts(Pace(4), people=4))).facts.statuses.keys() == {"200"}


async def test_people_sign_in_while_others_browse(shop: Shop) -> None:
    each = await measured(shop, SignIn(Pace(2), people=2, browsing=20))
    assert each.facts.statuses.keys() == {"201"}
    assert {f"browsing_p99_{when}_ms" for when in ("alone", "meanwhile")} <= each.more.keys()
    assert each.rate is not None
    assert {target.figure for target in ROWS["sign-in"].targets} <= each.more.keys()
    rate = each.done / each.seen.seconds
    assert each.more["of_bare_percent"] == pytest.approx(100 * rate / each.more["bare_argon2id_rate"], abs=0.2)


@pytest.mark.parametrize(("buyers", "units"), [(60, 7), (5, 20)])
async def test_a_flash_sale_sells_what_there_is_and_no_more(shop: Shop, buyers: int, units: int) -> None:
    each = await measured(shop, FlashSale(buyers, units))
    sold = min(buyers, units)
    assert each.facts.counts is not None
    assert each.facts.counts.confirmed == each.facts.statuses["201"] == sold
    assert each.facts.statuses.get("409", 0) == each.facts.counts.rejected == buyers - sold
    assert each.more["winners_p99_ms"] > 0
    assert each.more["oversold_units"] == 0
    assert ({"losers_p99_ms", "fair_percent", "overtaken_ms"} <= each.more.keys()) == (buyers > units)


async def test_orders_by_the_clock_are_all_answered(shop: Shop) -> None:
    each = await measured(shop, Orders(Pace(64, rate=50), skus=5))
    assert each.facts.counts is not None
    assert each.done == each.served == each.facts.counts.confirmed == 50


async def test_a_mixed_day_is_told_by_kind_where_it_comes_by_the_clock(shop: Shop) -> None:
    each = await measured(shop, Mixed(Pace(64, rate=100), products=10, carts=5))
    assert each.done == 100
    assert {f"{kind}_p99_ms" for kind in ("read", "list", "search", "cart")} <= each.more.keys()
    assert each.facts.counts is not None
    assert each.facts.counts.confirmed == each.facts.counts.placed


async def test_a_mixed_day_goes_as_fast_as_it_goes(shop: Shop) -> None:
    each = await measured(shop, Mixed(Pace(4), products=10, carts=5))
    assert each.seen.by_kind == {}
    assert "confirmed_rate" in each.more


@pytest.mark.parametrize("respond_async", [False, True])
async def test_beyond_capacity_all_that_was_told_is_looked_up(shop: Shop, respond_async: bool) -> None:
    """Whether it was served as fast as it should be is no matter of a test."""
    workload = Overload(connections=100, capacity_seconds=1.0, respond_async=respond_async)
    (each,) = (await measure([Case("some", workload)], Wanted(data=shop.data), MOMENT))["some"]
    slow = ("as before", "was asked for")
    assert not [line for line in each.violations if not any(words in line for words in slow)]
    assert each.done > 0
    assert each.facts.counts is not None
    assert each.facts.counts.confirmed == each.facts.counts.placed > each.done
    assert each.more["offered_rate"] > 0
    assert 0 < each.more["before_mib"] <= each.more["most_mib"]
