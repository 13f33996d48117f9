"""The statements that lists are read with. The plan of each is fixed by its shape, not by statistics.

Values reach the planner through subqueries (`(SELECT $1)`), so that it plans for any value alike:
knowing a common word it might read the table instead of the index.
"""

# ruff: noqa: S608 - what is put together here is our own text; all that clients say goes through `put`.

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markethall.catalog.words import SearchTerms

PLANNING = """
SET LOCAL plan_cache_mode = force_custom_plan;
SET LOCAL enable_sort = off;
"""
"""For the rest of the transaction: planned when run (a plan kept from when a table was small would read all of it),
and what an index has in order is read from it in order. What no index has in order is sorted nevertheless."""

WEIGHTS = "{0.4,0.2,0.4,1.0}"
"""Of categories, descriptions, attributes and options, names (see `repository`)."""


@dataclass(frozen=True)
class Order:
    """`key` sorts first, then the product's number, both in the same direction."""

    key: str
    key_type: str
    descending: bool

    def by(self, table: str, key: str = "sort_key") -> str:
        direction = "DESC" if self.descending else "ASC"
        keys = dict.fromkeys((f"{table}.{key}", f"{table}.number"))
        return ", ".join(f"{key} {direction}" for key in keys)


ORDERS: Mapping[str, Order] = {
    "relevance": Order("rank", "bigint", descending=True),
    "newest": Order("number", "bigint", descending=True),
    "price": Order("price", "bigint", descending=False),
    "-price": Order("price", "bigint", descending=True),
    "name": Order("name_key", "text", descending=False),
    "-name": Order("name_key", "text", descending=True),
}


@dataclass(frozen=True)
class Filters:
    """`options`: for each option name the keys (see `words.option_key`) of which one must be there."""

    terms: SearchTerms | None = None
    category: str | None = None
    options: tuple[tuple[str, ...], ...] = ()

    @property
    def narrows(self) -> bool:
        """Whether a walk may meet products that do not belong to the list."""
        return self.terms is not None or bool(self.options)


Statement = tuple[str, Sequence[Any]]
"""Its text, and its arguments."""
Position = tuple[Any, int]
"""The sort key and the number of the last product shown."""


@dataclass
class _Writing:
    """Gathers arguments while the text is written."""

    args: list[Any] = field(default_factory=list)

    def put(self, value: Any, type_: str) -> str:
        self.args.append(value)
        return f"(SELECT ${len(self.args)}::{type_})"

    def after(self, order: Order, table: str, position: Position | None) -> str:
        if position is None:
            return "true"
        key, number = position
        comparison = "<" if order.descending else ">"
        if order.key == "number":
            return f"{table}.number {comparison} {self.put(number, 'bigint')}"
        keys = f"({table}.{order.key}, {table}.number)"
        return f"{keys} {comparison} ({self.put(key, order.key_type)}, {self.put(number, 'bigint')})"

    def category(self, slug: str) -> str:
        return f"(SELECT id FROM categories WHERE slug = {self.put(slug, 'text')})"

    def query(self, terms: SearchTerms) -> str:
        last = self.put(terms.last, "text")
        # A beginning is looked up among all words: once, where the word as it stands is its own stem.
        return f"""(
            SELECT to_tsquery('english', {self.put(terms.whole, "text")})
                && CASE WHEN stem = word THEN word ELSE stem || word END
            FROM (SELECT to_tsquery('english', {last}) AS stem, to_tsquery('simple', {last}) AS word) AS last
        )"""

    def matches(self, filters: Filters) -> str:
        conditions = ["p.active"]
        if filters.terms is not None:
            conditions.append(f"p.search @@ {self.query(filters.terms)}")
        keys = [self.put(list(keys), "text[]") for keys in filters.options]
        conditions += [f"p.option_keys && {wanted}" for wanted in keys]
        if len(keys) > 1:
            # One variant must have them all. Counted, not EXISTS: that might be planned from the variants on.
            has_all = " AND ".join(f"v.option_keys && {wanted}" for wanted in keys)
            conditions.append(
                f"0 < (SELECT count(*) FROM variants v WHERE v.product_id = p.id AND NOT v.retired AND {has_all})"
            )
        return " AND ".join(conditions)

    def walked(self, filters: Filters, order: Order, position: Position | None) -> str:
        """The entries of the index that has this order, from the position on."""
        if filters.category is None:
            source, scope = "products", "s.active"
        else:
            source, scope = "shelves", f"s.category_id = {self.category(filters.category)}"
        after = self.after(order, "s", position)
        by = order.by("s", order.key)
        return f"SELECT s.{order.key} AS sort_key, s.number FROM {source} s WHERE {scope} AND {after} ORDER BY {by}"


def walk(filters: Filters, order: Order, position: Position | None, steps: int, limit: int) -> Statement:
    """At most `limit` products among the next `steps` entries in this order.

    Each is looked up by its number, one by one (hence the inner LIMIT): so it ends with the last one wanted.
    """
    statement = _Writing()
    page = f"{statement.walked(filters, order, position)} LIMIT {steps}"
    if filters.narrows:
        page = f"""
            SELECT w.sort_key, w.number
            FROM ({page}) w CROSS JOIN LATERAL (SELECT * FROM products WHERE number = w.number LIMIT 1) p
            WHERE {statement.matches(filters)} ORDER BY {order.by("w")} LIMIT {limit}
        """
    return f"SELECT {_SUMMARY} FROM ({page}) page {_DETAILS} ORDER BY {order.by('page')}", statement.args


def edge(filters: Filters, order: Order, position: Position | None, steps: int) -> Statement:
    """The last of the next `steps` entries in this order; no row where there are fewer."""
    statement = _Writing()
    return f"{statement.walked(filters, order, position)} OFFSET {steps - 1} LIMIT 1", statement.args


def collect(filters: Filters, order: Order, position: Position | None, most: int, limit: int) -> Statement:
    """How many products match (`most + 1`: more than `most`, and then no page), and the page of them.

    There is always a row; without a page its `slug` is null.
    """
    statement = _Writing()
    rank = "0"
    if order.key == "rank" and filters.terms is not None:
        rank = f"(ts_rank('{WEIGHTS}', p.search, {statement.query(filters.terms)}) * 1000000)::bigint"
    matches = statement.matches(filters)
    scope = "true"
    if filters.category is not None:
        category = statement.category(filters.category)
        scope = f"(SELECT count(*) FROM shelves s WHERE s.category_id = {category} AND s.number = found.number) > 0"
    after = statement.after(order, "found", position)
    text = f"""
        WITH found AS MATERIALIZED (
            SELECT p.number, p.price, p.name_key, {rank} AS rank FROM products p WHERE {matches} LIMIT {most + 1}
        ), page AS (
            SELECT {order.key} AS sort_key, number FROM found
            WHERE (SELECT count(*) FROM found) <= {most} AND {scope} AND {after}
            ORDER BY {order.by("found", order.key)} LIMIT {limit}
        )
        SELECT (SELECT count(*) FROM found) AS found, listed.*
        FROM (VALUES (1)) one LEFT JOIN (SELECT {_SUMMARY} FROM page {_DETAILS}) listed ON true
        ORDER BY {order.by("listed")}
    """
    return text, statement.args


_SUMMARY = """
    page.sort_key, page.number, p.slug, p.name, c.slug AS category, p.price, p.images->>0 AS image, p.version,
    ARRAY(SELECT v.sku FROM variants v WHERE v.product_id = p.id AND NOT v.retired ORDER BY v.position) AS skus
"""
_DETAILS = "JOIN products p ON p.number = page.number LEFT JOIN categories c ON c.id = p.category_id"
