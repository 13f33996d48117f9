"""The usual design and the floors do the work that they are compared by."""

import asyncio

import asyncpg
import pytest

from markethall.bench.case import Case
from markethall.bench.comparison import cases
from markethall.bench.figures import summary
from markethall.bench.load.pace import Pace
from markethall.bench.peers import usual
from markethall.bench.rounds import Course, measure
from markethall.bench.subject import Wanted
from markethall.bench.workloads.orders import Orders
from markethall.bench.workloads.reads import Path, Reads
from markethall.bench.workloads.usual import UsualOrders
from markethall.local.shop import LocalShop
from tests.support.machine import Machine
from tests.support.shop import Shop

MULTIPLES = {"times_usual", "cpu_times_usual", "of_floor", "cpu_of_floor"}
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
    # What takes a shop with other settings is not for this one.
    compared = [case for case in cases([1, 4], skus=20, batch=10) if not case.workload.settings]
    found = await measure(compared, Wanted(data=shop.data), MOMENT)
    for case in compared:
        (each,) = found[case.name]
        assert each.violations == ()
        assert each.refused == 0
        assert each.done > 0
        assert each.cpu_seconds
        told = summary(case, found).figures
        assert MULTIPLES & told.keys() == (MULTIPLES if case.usual else set())
        if case.usual:
            usual, floors = found[case.usual][0], [found[name][0] for name in case.floors]
            assert each.rate
            assert usual.rate
            assert each.cpu_us
            assert usual.cpu_us
            assert told["times_usual"].median == round(each.rate / usual.rate, 3)
            assert told["cpu_times_usual"].median == round(usual.cpu_us / each.cpu_us, 3)
            assert told["of_floor"].median == round(each.rate / min(floor.rate or 0.0 for floor in floors), 3)
            together = sum(floor.cpu_us or 0.0 for floor in floors)
            assert told["cpu_of_floor"].median == round(together / each.cpu_us, 3)
    assert await databases(shop) == before


def test_each_figure_of_the_shop_stands_beside_peers_that_are_measured_in_the_same_shop() -> None:
    compared = cases([256, 1, 16, 64, 16], skus=1000, batch=100)
    by_name = {case.name: case for case in compared}
    assert len(by_name) == len(compared)
    ours = [case for case in compared if isinstance(case.workload, Orders | Reads)]
    assert [case.name for case in ours if isinstance(case.workload, Orders)] == [
        *("orders, 1", "orders, 16", "orders, 64", "orders, 256"),
        *("baskets of 1,000 SKUs, 256", "orders acknowledged, 256"),
    ]
    assert {case.workload.path for case in ours if isinstance(case.workload, Reads)} == set(Path)
    for case in ours:
        assert case.usual
        assert case.floors
        for name in (case.usual, *case.floors):
            assert by_name[name].workload.settings == case.workload.settings


async def test_each_order_of_a_basket_is_one_transaction_of_all_its_lines(shop: Shop) -> None:
    """The peer's own books are judged: as many units left the stock as were sold."""
    case = Case("baskets", UsualOrders(Orders(Pace(4), skus=10)))
    (each,) = (await measure([case], Wanted(data=shop.data), MOMENT))["baskets"]
    assert each.violations == ()
    assert each.done <= each.served <= each.done + 4
    assert each.cpu_seconds.keys() == {"postgres", "usual orders of 10 SKUs"}


async def test_the_usual_design_sells_no_more_than_there_is_and_does_not_wait_in_a_circle(machine: Machine) -> None:
    dsn = await machine.new_database("orders")
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(usual.TABLES)
        await connection.executemany("INSERT INTO stock VALUES ($1, $1, 100, $2)", [("A", 30), ("B", 20)])
        peer = usual.Usual(dsn)
        a, b = usual.Line("A", 1), usual.Line("B", 1)
        wishes = [[a, b], [b, a], [a]] * 20 + [[usual.Line("C", 1)], [a, usual.Line("C", 1)]]
        answers = await asyncio.gather(
            *(peer.order(usual.Wanted(lines), str(number)) for number, lines in enumerate(wishes))
        )
        await peer.close()
        left = dict(await connection.fetch("SELECT sku, on_hand FROM stock"))
        sold = dict(await connection.fetch("SELECT sku, sum(quantity)::bigint FROM order_lines GROUP BY sku"))
        assert left == {"A": 30 - sold["A"], "B": 20 - sold["B"]}
        assert left["A"] == 0 or left["B"] == 0
        orders = await connection.fetchval("SELECT count(*) FROM orders")
        assert orders == sum(status == 201 for status, _ in answers)
        assert [status for status, _ in answers[-2:]] == [409, 409]
    finally:
        await connection.close()


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
