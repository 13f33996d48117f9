"""A shop that is years old, made in minutes: products and orders written into the databases as the services would.

The audit holds afterwards. Background work (reconciling, counting of sales) finds that it has seen these orders.
"""

from collections.abc import Mapping, Sequence
from math import isqrt
from typing import Any

import asyncpg

from markethall.bench.errors import CannotMeasure
from markethall.bench.subject import Subject

STATEMENT_SECONDS = 3600.0
CATEGORIES = 100
FOUND = 10
"""Products with the same two words in their names. The number of different words grows as the square root of the number
of products, as those of a text do with its length (Heaps' law): pages of searches in shops of any size look alike."""
DIGITS = 5
"""Of a word, so that none is the beginning of another."""
USERS = 100_000
ON_HAND = 1_000_000_000


def slug(number: int) -> str:
    """Of the product with this number, from 1; it has one variant."""
    return f"grown-{number}"


def sku(number: int) -> str:
    return f"GROWN-{number}"


def category(number: int) -> str:
    """From 0 to `CATEGORIES` - 1."""
    return f"grown-c{number}"


def name_words(number: int, products: int) -> tuple[str, str]:
    """By which the product is found, with some `FOUND` others, in a shop of so many."""
    words = max(2, isqrt(products // FOUND))
    return f"alpha{number % words:0{DIGITS}}", f"beta{number % (words + 1):0{DIGITS}}"


_PRODUCTS = f"""
SELECT i, md5('product ' || i)::uuid AS id, 'grown-' || i AS slug, 'GROWN-' || i AS sku, 500 + i % 5000 AS price,
    name, lower(name) AS folded
FROM generate_series(1, $1::bigint) AS i,
    LATERAL (SELECT greatest(2, floor(sqrt($1::bigint / {FOUND})))::bigint AS words) AS counted,
    lpad((i % words)::text, {DIGITS}, '0') AS alpha, lpad((i % (words + 1))::text, {DIGITS}, '0') AS beta,
    format('Alpha%s Beta%s Gamma%s', alpha, beta, i) AS name
"""  # noqa: S608 - what is put together here are constants of ours

CATALOG = (
    (
        "INSERT INTO categories (slug, name, position, version) "  # noqa: S608
        f"SELECT 'grown-c' || c, 'Grown ' || c, c, 1 FROM generate_series(0, {CATEGORIES - 1}) AS c"
    ),
    f"""
    WITH given AS ({_PRODUCTS})
    INSERT INTO products (
        id, slug, version, active, name, description, category_id, attributes, options, images, price, name_key,
        option_keys, search
    )
    SELECT given.id, given.slug, 1, true, given.name, repeat('A thing of use, made to last. ', 8), c.id, '{{}}', '[]',
        '[]', given.price, given.folded, '{{}}',
        setweight(to_tsvector('english', given.folded), 'A') || setweight(to_tsvector('simple', given.folded), 'A')
        || setweight(to_tsvector('english', 'a thing of use made to last'), 'C')
        || setweight(to_tsvector('english', lower(c.name)), 'D')
    FROM given JOIN categories AS c ON c.slug = 'grown-c' || given.i % {CATEGORIES}
    ORDER BY given.i
    """,  # noqa: S608
    f"""
    WITH given AS ({_PRODUCTS})
    INSERT INTO variants (sku, product_id, position, retired, price, options, option_keys)
    SELECT sku, id, 0, false, price, '{{}}', '{{}}' FROM given
    """,  # noqa: S608
    """
    INSERT INTO shelves (category_id, number, price, name_key)
    SELECT category_id, number, price, name_key FROM products WHERE slug LIKE 'grown-%' AND $1::bigint IS NOT NULL
    """,
)
# inventory and orders may have heard of these products already: they copy what catalog has when they begin.
INVENTORY = (
    f"""
    INSERT INTO movements (sku, kind, on_hand_delta, reserved_delta, reference, at)
    SELECT 'GROWN-' || i, 'receipt', {ON_HAND}, 0, 'bench', now() FROM generate_series(1, $1::bigint) AS i
    """,  # noqa: S608
    """
    INSERT INTO movements (sku, kind, on_hand_delta, reserved_delta, order_id, at)
    SELECT 'GROWN-' || 1 + i % $1, 'reservation', 0, 1, md5('order ' || i)::uuid, now() - i * interval '1 second'
    FROM generate_series(1, $2::bigint) AS i
    """,
    f"""
    INSERT INTO stock (sku, on_hand, reserved)
    SELECT 'GROWN-' || i, {ON_HAND}, coalesce(held.units, 0)
    FROM generate_series(1, $1::bigint) AS i
    LEFT JOIN (
        SELECT 1 + o % $1 AS product, count(*) AS units FROM generate_series(1, $2::bigint) AS o GROUP BY 1
    ) AS held ON held.product = i
    ON CONFLICT (sku) DO UPDATE SET on_hand = excluded.on_hand, reserved = excluded.reserved
    """,  # noqa: S608
    """
    INSERT INTO reservations (order_id, state, skus, quantities, settled_at)
    SELECT md5('order ' || i)::uuid, 'reserved', ARRAY['GROWN-' || 1 + i % $1], ARRAY[1],
        now() - i * interval '1 second'
    FROM generate_series(1, $2::bigint) AS i
    """,
)
ORDERS = (
    # Whoever walks over orders waits until these are there: it would read all of them in vain, second by second.
    "SELECT pg_advisory_xact_lock(hashtextextended(walk, 0)) FROM unnest(ARRAY['reconciliation', 'sales']) AS walk",
    f"""
    WITH given AS ({_PRODUCTS})
    INSERT INTO price_list (sku, product_id, slug, name, options, price, active)
    SELECT sku, id, slug, name, '{{}}', price, true FROM given
    ON CONFLICT DO NOTHING
    """,  # noqa: S608
    """
    INSERT INTO listed_products (product_id, version)
    SELECT md5('product ' || i)::uuid, 1 FROM generate_series(1, $1::bigint) AS i
    ON CONFLICT DO NOTHING
    """,
    f"""
    INSERT INTO orders (id, number, user_id, fingerprint, currency, lines, total, placed_at, reserved_at)
    SELECT md5('order ' || i)::uuid, nextval('order_numbers'), md5('user ' || i % {USERS})::uuid,
        decode(md5(i::text), 'hex'), 'EUR',
        jsonb_build_array(jsonb_build_object(
            'sku', 'GROWN-' || 1 + i % $1, 'name', 'A thing of use', 'options', '{{}}'::jsonb, 'quantity', 1,
            'unit_price', 500
        )),
        500, now() - i * interval '1 second', now() - i * interval '1 second'
    FROM generate_series(1, $2::bigint) AS i
    """,  # noqa: S608
    """
    UPDATE sales_count SET counted_below = (SELECT max(number) + 1 FROM orders)
    WHERE $1::bigint + $2::bigint IS NOT NULL
    """,
    """
    UPDATE reconciliation SET settled_below = (SELECT max(number) FROM orders), position = NULL
    WHERE $1::bigint + $2::bigint IS NOT NULL
    """,
)
WRITTEN: Mapping[str, Sequence[str]] = {"catalog": CATALOG, "inventory": INVENTORY, "orders": ORDERS}


async def fill(subject: Subject, products: int, orders: int) -> None:
    """Once for a shop; the second time it is as it should be already.

    Raises CannotMeasure, OSError, asyncpg.PostgresError.
    """
    if subject.shop is None:
        raise CannotMeasure("a shop of any age is written into its databases: it needs a shop of the bench's own")
    for database, statements in WRITTEN.items():
        connection = await asyncpg.connect(subject.shop.dsn(database), timeout=10, command_timeout=STATEMENT_SECONDS)
        try:
            if not await _is_filled(connection, database):
                await _write(connection, statements, products, orders)
        finally:
            await connection.close(timeout=10)


async def _write(connection: "asyncpg.Connection[Any]", statements: Sequence[str], products: int, orders: int) -> None:
    """All at once: nobody sees a half."""
    async with connection.transaction():
        for statement in statements:
            wanted = [products, orders][: 2 if "$2" in statement else 1 if "$1" in statement else 0]
            await connection.execute(statement, *wanted)
    await connection.execute("VACUUM (ANALYZE)")
    await connection.execute("CHECKPOINT")


async def _is_filled(connection: "asyncpg.Connection[Any]", database: str) -> bool:
    probe = {
        "catalog": "SELECT EXISTS (SELECT FROM products WHERE slug = 'grown-1')",
        "inventory": "SELECT EXISTS (SELECT FROM movements WHERE sku = 'GROWN-1')",
        "orders": "SELECT EXISTS (SELECT FROM orders WHERE id = md5('order 1')::uuid)",
    }
    found: bool = await connection.fetchval(probe[database])
    return found
