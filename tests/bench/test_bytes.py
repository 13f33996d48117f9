"""Orders in batches of known size, and what they made the counters of databases, bus and processes rise by."""

import asyncpg
import pytest

from markethall.bench import bytes as counting
from markethall.bench.subject import Wanted, opened
from markethall.local.shop import LocalShop
from tests.support.shop import Shop

pytestmark = pytest.mark.timeout(120)


async def test_each_size_is_counted_for_itself(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "WARM_ORDERS", counting.MAX_BATCH)
    monkeypatch.setattr(counting, "LEAST_ORDERS", 20)
    monkeypatch.setattr(counting, "QUIET_SECONDS", 1.0)
    before = await confirmed(shop)
    async with opened(Wanted(data=shop.data), {}) as subject:
        one, ten = await counting.taken(subject, [1, 10], batches=3, skus=4)
    assert (one.batch, one.orders) == (1, 20)
    assert (ten.batch, ten.orders) == (10, 30)
    assert await confirmed(shop) == before + counting.MAX_BATCH + 20 + 30
    for each in (one, ten):
        assert each.messages > 0
        assert each.heard > 0
        assert each.asked > 0
        assert each.answered > each.asked
        assert min(each.wal.values()) >= 0
    assert ten.said < one.said


def test_the_table_has_a_figure_for_each_size() -> None:
    both = dict.fromkeys(counting.DATABASES, 1.0)
    found = [counting.Taken(size, 1, both, both, both, both, both, 2, 3, 4, 5, 6, {"orders": 7.0}) for size in (1, 500)]
    page = counting.as_markdown(found).splitlines()
    assert page[0] == "| batch of | 1 | 500 |"
    assert "| CPU µs an order, orders | 7.00 | 7.00 |" in page
    assert all(len(values) == 2 for _, values in counting.rows(found))


def test_wrong_usage_is_said_in_a_line(shop: Shop) -> None:
    for wrong in (("--sizes", "501"), ("--sizes", "x"), ("--grown", "10")):
        run = shop.run("bench", "bytes", *wrong)
        assert run.returncode == 2, run.stdout
        assert "Traceback" not in run.stderr


async def confirmed(shop: Shop) -> int:
    connection = await asyncpg.connect(LocalShop(shop.data).dsn("orders"))
    try:
        found: int = await connection.fetchval("SELECT count(*) FROM orders WHERE reserved_at IS NOT NULL")
        return found
    finally:
        await connection.close()
