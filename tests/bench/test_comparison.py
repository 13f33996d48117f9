"""The usual design and the floors do the work that they are compared by."""

import asyncpg
import pytest

from markethall.bench.case import Case
from markethall.bench.comparison import ORDERS, cases
from markethall.bench.figures import summary
from markethall.bench.load.pace import Pace
from markethall.bench.peers import usual
from markethall.bench.rounds import Course, measure
from markethall.bench.subject import Wanted
from markethall.bench.workloads.orders import Orders
from markethall.bench.workloads.usual import UsualOrders
from markethall.local.shop import LocalShop
from tests.support.shop import Shop

MOMENT = Course(rounds=1, seconds=1.0, warm_seconds=1.0)
pytestmark = pytest.mark.timeout(280)


async def databases(shop: Shop) -> set[str]:
    connection = await asyncpg.connect(LocalShop(shop.data).dsn("postgres"))
    try:
        return {row[0] for row in await connection.fetch("SELECT datname FROM pg_database")}
    finally:
        await connection.close()


async def test_all_are_measured_in_turn_and_leave_no_database(shop: Shop) -> None:
    before = await databases(shop)
    compared = cases(connections=4, skus=1, batch=10)
    found = await measure(compared, Wanted(data=shop.data), MOMENT)
    for case in compared:
        (each,) = found[case.name]
        assert each.violations == ()
        assert each.refused == 0
        assert each.done > 0
        assert each.cpu_seconds
        told = summary(case, found).figures
        assert ("ratio" in told) == (case.compared is not None)
        if case.compared == ORDERS:
            assert each.rate is not None
            assert told["ratio"].median == round((found[ORDERS][0].rate or 0.0) / each.rate, 3)
    assert await databases(shop) == before


async def test_each_order_of_a_basket_is_one_transaction_of_all_its_lines(shop: Shop) -> None:
    """The peer's own books are judged: as many units left the stock as were sold."""
    case = Case("baskets", UsualOrders(Orders(Pace(4), skus=10)))
    (each,) = (await measure([case], Wanted(data=shop.data), MOMENT))["baskets"]
    assert each.violations == ()
    assert each.done <= each.served <= each.done + 4
    assert each.cpu_seconds.keys() == {"postgres", "usual orders"}


async def test_a_peer_that_sells_what_it_does_not_have_has_no_figure(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    giving_away = usual.TABLES + (
        "CREATE FUNCTION one_more() RETURNS trigger LANGUAGE plpgsql AS $$"
        "BEGIN NEW.on_hand = OLD.on_hand; RETURN NEW; END $$;"
        "CREATE TRIGGER one_more BEFORE UPDATE ON stock FOR EACH ROW EXECUTE FUNCTION one_more();"
    )
    monkeypatch.setattr(usual, "TABLES", giving_away)
    case = Case("careless", UsualOrders(Orders(Pace(2))))
    (each,) = (await measure([case], Wanted(data=shop.data), MOMENT))["careless"]
    assert each.rate is None
    assert any("left the stock" in line for line in each.violations)
