"""`markethall evaluate failover`, short; and that it would tell."""

import json
from pathlib import Path

import asyncpg
import msgspec
import pytest

from markethall.chaos.failover import Result
from markethall.chaos.failover.copies import DIGEST, LogCopy
from markethall.chaos.failover.figures import figures_of
from markethall.chaos.failover.plot import draw
from markethall.chaos.history import Attempt, Call, FaultRecord, History, Request
from markethall.chaos.judges.verdict import Verdict, violation
from tests.support.machine import Machine
from tests.support.shop import Shop

SVG_TEXTS = (
    "time since the start (s)",
    "time to the answer, retries included (ms)",
    "kill -9",
    "slowest of each second",
)


@pytest.mark.journey
def test_clients_notice_no_more_than_slower_answers(tmp_path: Path) -> None:
    command = [
        "evaluate",
        "failover",
        "--kills",
        "2",
        "--every",
        "6",
        "--rate",
        "10",
        "--orders",
        "2",
        "--read-replicas",
        "1",
    ]
    done = Shop(tmp_path / "unused").run(*command, "--to", str(tmp_path / "out"), "--json")
    assert done.returncode == 0, done.stderr or done.stdout
    told = json.loads(done.stdout)
    assert told["broken"] == []
    assert told["figures"]["errors"] == 0
    assert told["figures"]["orders"] == len(told["samples"]) > 50
    assert len(told["figures"]["kills"]) == 2
    assert [copy["standby"] for copy in told["copies"]] == [False, True]
    assert {copy["orders"] for copy in told["copies"]} == {told["figures"]["orders"]}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "failover.json",
        "failover.png",
        "failover.svg",
    ]


def call(at: float, seconds: float, *, attempts: int = 1, outcome: str = "ok") -> Call:
    tried = tuple(Attempt(at, seconds / attempts, 201) for _ in range(attempts))
    return msgspec.convert(
        {
            "type": "call",
            "client": "buyer",
            "kind": "place",
            "started": at,
            "ended": at + seconds,
            "outcome": outcome,
            "request": msgspec.to_builtins(Request("POST", "/api/orders")),
            "attempts": msgspec.to_builtins(tried),
            "status": 201,
        },
        Call,
    )


@pytest.fixture
def history() -> History:
    calm = [call(second / 10, 0.01) for second in range(90)]
    return History(
        [*calm, FaultRecord("kill -9", "orders-2", 10.0, 12.5), call(9.9, 0.8, attempts=2), call(20.0, 0.02)]
    )


def test_what_came_after_a_kill_is_told_apart_from_calm(history: History) -> None:
    figures = figures_of(history)
    assert (figures.calm.orders, figures.after_kills.orders) == (91, 1)
    assert figures.calm.slowest == pytest.approx(0.02)
    assert figures.after_kills.slowest == pytest.approx(0.8)
    assert (figures.errors, figures.repeated) == (0, 1)
    [kill] = figures.kills
    assert (kill.target, kill.back_after, kill.repeated) == ("orders-2", 2.5, 1)


def test_an_error_a_copy_that_differs_and_a_violation_break_a_promise(history: History) -> None:
    same = [LogCopy("postgres-1", False, 92, "a"), LogCopy("postgres-2", True, 92, "a")]
    assert Result(history, 0.0, figures_of(history), same, Verdict(())).broken == []
    other = [*same, LogCopy("postgres-3", True, 91, "b")]
    assert Result(history, 0.0, figures_of(history), other, Verdict(())).broken == [
        "the copies of the order log differ"
    ]
    lost = Verdict((violation("lost", "order 7 is gone"),))
    assert Result(history, 0.0, figures_of(history), same, lost).broken == ["lost: order 7 is gone"]
    history.add(call(21.0, 20.0, attempts=9, outcome="unknown"))
    assert len(Result(history, 0.0, figures_of(history), same, Verdict(())).broken) == 1
    nothing = History()
    assert Result(nothing, 0.0, figures_of(nothing), same, Verdict(())).broken == ["no order was placed"]


def test_the_picture_has_a_title_units_a_legend_and_the_kills(history: History, tmp_path: Path) -> None:
    svg, png = draw(history, 0.0, 3, tmp_path / "picture")
    text = svg.read_text()
    assert all(part in text for part in (*SVG_TEXTS, "orders-2", "busiest of 3 orders replicas"))
    assert png.read_bytes().startswith(b"\x89PNG")
    before = svg.read_bytes()
    draw(history, 0.0, 3, tmp_path / "picture")
    assert svg.read_bytes() == before


async def test_a_single_changed_value_shows_in_a_copys_digest(machine: Machine) -> None:
    connection = await asyncpg.connect(await machine.new_database("orders"), timeout=10)
    try:
        await connection.execute("CREATE TABLE orders (number bigint, total bigint, email text)")
        empty = await connection.fetchrow(DIGEST)
        await connection.execute("INSERT INTO orders VALUES (2, 20, NULL), (1, 10, 'a@example.org')")
        first = await connection.fetchrow(DIGEST)
        await connection.execute(
            "DELETE FROM orders; INSERT INTO orders VALUES (1, 10, 'a@example.org'), (2, 20, NULL)"
        )
        again = await connection.fetchrow(DIGEST)
        await connection.execute("UPDATE orders SET total = 21 WHERE number = 2")
        changed = await connection.fetchrow(DIGEST)
    finally:
        await connection.close()
    assert first == again
    assert len({row["digest"] for row in (empty, first, changed) if row}) == 3
