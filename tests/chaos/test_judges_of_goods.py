"""Oversell, conservation, sessions: each rule broken by a history by hand, and kept by one that looks like it."""

from typing import Any

import pytest

from markethall.chaos.history import Call, FaultRecord, History, Record
from markethall.chaos.judges import judge_history
from markethall.chaos.judges.oversell import judge_oversell
from markethall.chaos.judges.sessions import judge_sessions
from markethall.chaos.judges.stock import judge_stock
from markethall.chaos.judges.verdict import Verdict, with_faults
from tests.chaos.stories import a_call, cancelled, placed, received, stock


@pytest.mark.parametrize(
    "records",
    [
        pytest.param([received(1, 0, 1), placed("1", 2, 3), placed("2", 2, 3, number=2)], id="two of one"),
        pytest.param([placed("1", 0, 1), received(5, 2, 3)], id="sold before it came"),
        pytest.param([received(3, 0, 1), received(-2, 1, 2, key="c"), placed("1", 3, 4, quantity=2)], id="corrected"),
        pytest.param(
            [received(1, 0, 1), placed("1", 2, 3), placed("2", 4, 5, number=2), cancelled("1", 6, 7)],
            id="cancelled too late",
        ),
        pytest.param([received(1, 0, 1), received(1, 2, 3), placed("1", 4, 5, quantity=2)], id="one key, one receipt"),
    ],
)
def test_more_sold_than_came_in_is_found(records: list[Record]) -> None:
    (found,) = judge_oversell(History(records))
    assert found.records


@pytest.mark.parametrize(
    "records",
    [
        pytest.param([received(2, 0, 1), placed("1", 2, 3), placed("2", 2, 3, number=2)], id="enough"),
        pytest.param([received(1, 0, 9), placed("1", 2, 3)], id="a receipt under way"),
        pytest.param([received(1, 0, 1, outcome="unknown", status=None), placed("1", 2, 3)], id="a receipt unknown"),
        pytest.param(
            [received(1, 0, 1), placed("1", 2, 3), cancelled("1", 4, 5), placed("2", 6, 7, number=2)], id="sold again"
        ),
        pytest.param(
            [
                received(1, 0, 1),
                placed("1", 2, 3),
                cancelled("1", 4, 9, outcome="unknown"),
                placed("2", 6, 7, number=2),
            ],
            id="cancelled, perhaps",
        ),
    ],
)
def test_what_may_have_been_there_is_not_oversold(records: list[Record]) -> None:
    assert judge_oversell(History(records)) == []


def test_an_oversell_is_told_by_the_fewest_sales() -> None:
    many = [placed(str(n), 2 + n, 3 + n, number=n) for n in range(1, 9)]
    history = History([received(8, 0, 1), *many, placed("big", 20, 21, number=20, quantity=8)])
    (found,) = judge_oversell(history)
    sold = [record for record in found.records if isinstance(record, Call) and record.kind == "place"]
    assert len(sold) == 2


@pytest.mark.parametrize(
    "records",
    [
        pytest.param([stock(2, 3, 1, 0, 1)], id="more reserved than there is"),
        pytest.param([received(5, 0, 1), stock(5, 1, 3, 2, 3), stock(5, 0, 2, 4, 5)], id="older than was told"),
        pytest.param([received(5, 0, 1), stock(5, 1, 3, 2, 3), stock(5, 2, 3, 2, 3)], id="one version, two numbers"),
        pytest.param([received(5, 0, 1), placed("1", 2, 3), stock(5, 0, 2, 4, 5)], id="less held than sold"),
        pytest.param([received(5, 0, 1), stock(4, 0, 2, 4, 5)], id="less than came in"),
        pytest.param([received(5, 0, 1), stock(6, 0, 2, 4, 5)], id="more than came in"),
    ],
)
def test_stock_that_does_not_add_up_is_found(records: list[Record]) -> None:
    (found,) = judge_stock(History(records))
    assert found.rule == "conservation"


def test_stock_that_is_read_while_it_moves_is_fine() -> None:
    fulfilled = a_call("fulfil", "/api/orders/1/fulfilment", 6, 9, {"id": "1", "number": 1, "status": "fulfilled"})
    history = History(
        [
            received(5, 0, 1),
            placed("1", 2, 4),
            stock(5, 0, 2, 2, 3),
            stock(5, 1, 3, 4.5, 5),
            fulfilled,
            stock(5, 1, 3, 7, 8),
            stock(4, 0, 4, 7, 8),
            received(5, 8, 9, key="later"),
            stock(4, 0, 4, 8.5, 9),
        ]
    )
    assert judge_history(history) == []


def cart(version: int, started: float, ended: float, **lines: int) -> Call:
    return a_call("read_cart", "/api/carts/c", started, ended, {"id": "c", "version": version, "lines": lines})


def product(kind: Any, version: int, started: float, ended: float, client: str = "admin", **more: Any) -> Call:
    said = {"slug": "toy", "version": version, "prices": {"A": version}} | more
    return a_call(kind, "/api/products/toy", started, ended, said, client=client)


@pytest.mark.parametrize(
    "records",
    [
        pytest.param([cart(3, 0, 1, A=2), cart(2, 2, 3, A=1)], id="a cart goes back"),
        pytest.param([cart(3, 0, 1, A=2), cart(3, 2, 3)], id="a cart forgets a line"),
        pytest.param([product("change_product", 5, 0, 1), product("read_product", 4, 2, 3)], id="own change unseen"),
        pytest.param(
            [placed("1", 0, 1), a_call("read_order", "/api/orders/1", 2, 3, {}, outcome="refused", status=404)],
            id="own order unseen",
        ),
    ],
)
def test_own_writes_that_are_not_seen_are_found(records: list[Record]) -> None:
    (found,) = judge_sessions(History(records))
    assert len(found.records) == 2


@pytest.mark.parametrize(
    "records",
    [
        [cart(3, 0, 2, A=2), cart(2, 1, 3, A=1)],
        [product("change_product", 5, 0, 1), product("read_product", 4, 2, 3, client="browser")],
        [product("change_product", 5, 0, 1), product("read_product", 4, 2, 3, stale=True)],
        [product("change_product", 5, 0, 3), product("read_product", 4, 2, 4)],
    ],
)
def test_what_others_wrote_or_is_called_stale_may_be_old(records: list[Record]) -> None:
    assert judge_sessions(History(records)) == []


def test_a_verdict_prints_the_calls_and_the_faults_that_were_on() -> None:
    history = History([received(1, 0, 1), placed("1", 20, 21), placed("2", 22, 23, number=2)])
    faults = [FaultRecord("kill", "inventory 1", 20.5, 20.9), FaultRecord("kill", "nats 1", 3.0, 3.5)]
    verdict = Verdict(tuple(with_faults(judge_oversell(history), faults)))
    text = str(verdict)
    assert "2 of A were sold when at most 1 had come in" in text
    assert "FAULT kill at inventory 1" in text
    assert text.index("key-1") < text.index("FAULT kill at inventory 1") < text.index("key-2")
