"""100,000 products: a page or a search answers from indexes, with bounded work. The plans are those that run.

Each list is read once on tables that were never analysed and once on tables that were, for the plans may not
hang on statistics.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import asyncpg
import msgspec
import pytest

from markethall.catalog import listing, listing_sql
from markethall.catalog.app import MIGRATIONS
from markethall.catalog.listing import (
    FAR,
    MAX_COLLECTED,
    MAX_RANKED,
    NEAR,
    Connection,
    Query,
    products_page,
)
from markethall.contracts.internal import ListedProducts
from markethall.kit.cursors import encode_cursor
from markethall.kit.db import Database
from markethall.kit.migrations import migrate
from markethall.kit.settings import Settings
from tests.support.machine import Machine

PRODUCTS = 100_000
LOAD = (
    # The test analyses when it wants to.
    *(f"ALTER TABLE {t} SET (autovacuum_enabled = off)" for t in ("products", "variants", "shelves", "categories")),
    """
    INSERT INTO categories (slug, name, position, version)
    SELECT 'c' || i, 'Category ' || i, i, 1 FROM generate_series(0, 9) i
    """,
    """
    INSERT INTO categories (slug, name, parent_id, position, version)
    SELECT slug || '-' || i, 'Below ' || i, id, i, 1 FROM categories, generate_series(0, 9) i
    """,
    # Every name has "shirt", one in 50 "running", 20 have "word77". Every 4th is of size m. The dearest fifth,
    # and nothing else, is of the upper grade: 20,000 matches that a list by price meets only after 80,000 others.
    f"""
    INSERT INTO products (id, slug, version, active, name, description, category_id, attributes, options, images,
        price, name_key, option_keys, search)
    SELECT gen_random_uuid(), 'p' || n, 1, n % 1000 <> 999, made.name, '', c.id, '{{}}', '[]', '[]', price,
        lower(made.name),
        ARRAY['size=' || substr('smlx', n % 4 + 1, 1), 'colour=c' || n % 300,
              'grade=' || CASE WHEN price >= {PRODUCTS * 8 // 10} THEN 'upper' ELSE 'lower' END],
        setweight(to_tsvector('english', made.name), 'A') || setweight(to_tsvector('simple', made.name), 'A')
    FROM (
        SELECT n, n * 7919 % {PRODUCTS} AS price,
            'Shirt ' || CASE WHEN n % 50 = 0 THEN 'running ' ELSE '' END || 'word' || n % 5000 || ' no' || n AS name
        FROM generate_series(0, {PRODUCTS - 1}) n
    ) made
    JOIN categories c ON c.slug = 'c' || n % 10 || '-' || n / 10 % 10
    """,
    """
    INSERT INTO variants (sku, product_id, position, retired, price, options, option_keys)
    SELECT slug || '-' || i, id, i, false, price, '{}', option_keys FROM products, generate_series(0, 1) i
    """,
    """
    INSERT INTO shelves (category_id, number, price, name_key)
    SELECT shelf, number, price, name_key FROM products JOIN categories c ON c.id = category_id
    CROSS JOIN LATERAL unnest(ARRAY[c.id, c.parent_id]) shelf WHERE active
    """,
)

PAGE = 20
SHOWN = 8 * (PAGE + 1)
"""What it costs to show a page: each product, its category, its variants."""
LISTS: list[tuple[Query, int]] = [
    *((Query(sort, PAGE), SHOWN) for sort in ("newest", "price", "-price", "name", "-name")),
    *((Query(sort, PAGE, category="c3"), SHOWN) for sort in ("newest", "price", "-price", "name", "-name")),
    (Query("price", PAGE, category="c3-4"), SHOWN),
    (Query("price", PAGE, category="nowhere"), SHOWN),
    (Query("relevance", PAGE, text="word77"), 300 + SHOWN),
    (Query("relevance", PAGE, text="runni"), MAX_RANKED + SHOWN),
    (Query("relevance", PAGE, text="no such thing"), SHOWN),
    (Query("relevance", PAGE, text="shirt"), MAX_RANKED + SHOWN),
    (Query("relevance", PAGE, text="s"), MAX_RANKED + SHOWN),
    (Query("name", PAGE, text="shirt"), SHOWN),
    (Query("price", PAGE, text="word77 shirt"), 2 * NEAR + NEAR + 300 + SHOWN),
    (Query("-price", PAGE, text="shirt runn"), 2 * NEAR + NEAR + 2_000 + SHOWN),
    (Query("newest", PAGE, options={"size": ["m"]}), 2 * NEAR + SHOWN),
    (Query("price", PAGE, options={"size": ["m", "l"], "colour": ["c6"]}), 2 * NEAR + NEAR + 3 * 400 + SHOWN),
    (Query("name", PAGE, "shirt", "c2-4", {"size": ["l"]}), 2 * NEAR + SHOWN),
    # A quarter of the shop is of size m, nothing of this category is.
    (Query("name", PAGE, "shirt", "c2-4", {"size": ["m"]}), 3 * NEAR + MAX_COLLECTED + 3 * 1_000 + SHOWN),
    (Query("name", PAGE, "shirt", "c2", {"colour": ["c42"]}), 2 * NEAR + NEAR + 2 * 334 + SHOWN),
    (Query("name", PAGE, "shirt", "c3-1", {"colour": ["c42"]}), 2 * NEAR + NEAR + 2 * 334 + SHOWN),
    (
        Query("price", PAGE, options={"grade": ["upper"]}),
        3 * NEAR + MAX_COLLECTED + 3 * FAR + SHOWN,
    ),
]


@dataclass
class Explained:
    """A connection that shows the plan of each statement before it runs it."""

    connection: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
    plans: list[dict[str, Any]] = field(default_factory=list)

    async def execute(self, text: str) -> str:
        return await self.connection.execute(text)

    async def fetch(self, text: str, *args: Any) -> Sequence[asyncpg.Record]:
        plan = await self.connection.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {text}", *args)
        self.plans.append(msgspec.json.decode(plan)[0]["Plan"])
        return await self.connection.fetch(text, *args)

    def nodes(self) -> Iterator[dict[str, Any]]:
        waiting = list(self.plans)
        while waiting:
            node = waiting.pop()
            waiting += node.get("Plans", ())
            yield node

    def scanned(self) -> list[str]:
        """Tables of which all was read."""
        return [node["Relation Name"] for node in self.nodes() if node["Node Type"] == "Seq Scan"]

    def rows_read(self) -> int:
        """Rows and index entries that were looked at, used or not."""
        return sum(_looked_at(node) for node in self.nodes() if "Relation Name" in node)


def _looked_at(node: dict[str, Any]) -> int:
    dropped = sum(node.get(f"Rows Removed by {why}", 0) for why in ("Filter", "Index Recheck"))
    return round((node["Actual Rows"] + dropped) * node["Actual Loops"])


@pytest.fixture(scope="module")
async def hall(machine: Machine) -> AsyncIterator[Database]:
    """A shop of 100,000 products, never analysed."""
    url = await machine.new_database("catalog")
    settings = Settings(service="catalog", database_url=url, database_timeout_seconds=60)
    await migrate(settings, MIGRATIONS)
    connection = await asyncpg.connect(url, timeout=10)
    try:
        for statement in LOAD:
            await connection.execute(statement, timeout=240)
    finally:
        await connection.close()
    async with Database(settings) as database:
        yield database


@pytest.fixture(scope="module")
async def analysed(hall: Database) -> Database:
    connection = await asyncpg.connect(hall.url, timeout=10)
    try:
        await connection.execute("VACUUM ANALYZE", timeout=120)
    finally:
        await connection.close()
    return hall


async def explain(database: Database, query: Query) -> tuple[ListedProducts, Explained]:
    async with database.hot() as connection:
        explained = Explained(connection)
        page = await products_page(cast(Connection, explained), query, "EUR")
    return page, explained


async def test_a_scan_would_be_seen(hall: Database) -> None:
    """The measure itself: what reads everything shows as such, with sequential scans forbidden too."""
    async with hall.hot() as connection:
        explained = Explained(connection)
        await explained.fetch("SELECT slug FROM products WHERE name ILIKE '%word77%'")
    assert explained.scanned() == ["products"]
    async with hall.hot() as connection:
        explained = Explained(connection)
        await explained.fetch("SELECT slug FROM products WHERE name ILIKE '%word77%' ORDER BY slug")
    assert explained.scanned() == []
    assert explained.rows_read() == PRODUCTS


async def test_left_to_statistics_that_are_not_there_a_walk_reads_everything(
    hall: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Why `listing_sql.PLANNING` is there."""
    query, most = LISTS[-1]
    monkeypatch.setattr(listing_sql, "PLANNING", "SET LOCAL plan_cache_mode = force_custom_plan")
    _, explained = await explain(hall, query)
    assert explained.rows_read() > most + PRODUCTS // 2


@pytest.mark.parametrize(("query", "most"), LISTS)
async def test_a_list_reads_a_bounded_part_of_its_indexes_without_statistics(
    hall: Database, query: Query, most: int
) -> None:
    _, explained = await explain(hall, query)
    assert explained.scanned() == []
    assert explained.rows_read() <= most


@pytest.mark.parametrize(("query", "most"), LISTS)
async def test_a_list_reads_a_bounded_part_of_its_indexes_with_statistics(
    analysed: Database, query: Query, most: int
) -> None:
    _, explained = await explain(analysed, query)
    assert explained.scanned() == []
    assert explained.rows_read() <= most


@pytest.mark.parametrize("sort", ["price", "-price"])
async def test_a_page_far_down_costs_no_more_than_the_first(
    analysed: Database, sort: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def from_half_way(list_name: str, filters: object, _position: list[Any]) -> str:
        return encode_cursor(list_name, filters, [sort, PRODUCTS // 2, 1])

    monkeypatch.setattr(listing, "encode_cursor", from_half_way)
    first, _ = await explain(analysed, Query(sort, PAGE, category="c3"))
    assert first.next_cursor is not None
    deep = Query(sort, PAGE, category="c3", cursor=first.next_cursor)
    page, explained = await explain(analysed, deep)
    assert len(page.items) == PAGE
    assert abs(page.items[0].summary.price.amount - PRODUCTS // 2) < 100
    assert explained.rows_read() <= SHOWN


async def test_what_no_short_walk_meets_is_found_by_following_the_cursor(analysed: Database) -> None:
    """20,000 products match, too many to collect, and the first stands behind 80,000 that do not."""
    query = Query("price", PAGE, options={"grade": ["upper"]})
    pages = []
    while not pages or not pages[-1].items:
        page, _ = await explain(analysed, query)
        pages.append(page)
        assert page.next_cursor is not None
        query = replace(query, cursor=page.next_cursor)
    assert 1 < len(pages) <= PRODUCTS // FAR + 1
    prices = [item.summary.price.amount for item in pages[-1].items]
    assert prices == sorted(prices)
    assert prices[0] == PRODUCTS * 8 // 10
