"""A shop that looks years old is right in all its books, and sells."""

import asyncpg
import pytest

from markethall.auditing.report import audit
from markethall.bench.comparison import grown
from markethall.bench.figures import summary
from markethall.bench.filling import fill, name_words, sku, slug
from markethall.bench.rounds import Course, measure
from markethall.bench.subject import Wanted, opened

pytestmark = pytest.mark.timeout(280)


async def test_two_ages_are_measured_side_by_side_and_both_are_right() -> None:
    cases = grown((20, 30), (40, 60), connections=2)
    found = await measure(cases, Wanted(), Course(1, 1.0, 1.0, audit_each=False, side_by_side=True))
    for case in cases:
        (each,) = found[case.name]
        assert each.violations == ()
        assert each.done > 0
        told = {"ratio", "cpu_ratio"} & summary(case, found).figures.keys()
        assert told == ({"ratio", "cpu_ratio"} if case.compared else set())


async def test_what_is_written_is_for_sale_and_found_and_counted_as_seen() -> None:
    async with opened(Wanted(), {}) as subject:
        await fill(subject, products=300, orders=500)
        await fill(subject, products=300, orders=500)  # is there already
        assert [each.name for each in await audit(subject.dsns(), live=True) if each.broken] == []
        read = await subject.call("GET", f"/api/products/{slug(7)}")
        assert [variant["sku"] for variant in read["variants"]] == [sku(7)]
        assert read["variants"][0]["available"] > 0
        found = await subject.call("GET", f"/api/products?query={'+'.join(name_words(7, 300))}")
        assert {item["slug"] for item in found["items"]} == {slug(n) for n in range(7, 301, 5 * 6)}
        order = await subject.call("POST", "/api/orders", {"lines": [{"sku": sku(7), "quantity": 1}]})
        assert order["status"] == "confirmed"
        assert order["lines"][0]["unit_price"]["amount"] == 507
        connection = await asyncpg.connect(subject.dsns()["orders"])
        try:
            assert await connection.fetchval("SELECT count(*) FROM orders") == 501
            # Nobody walks over the old ones again.
            last = await connection.fetchval("SELECT max(number) FROM orders")
            assert await connection.fetchval("SELECT counted_below FROM sales_count") >= last
            assert await connection.fetchval("SELECT settled_below FROM reconciliation") >= last - 1
        finally:
            await connection.close()
