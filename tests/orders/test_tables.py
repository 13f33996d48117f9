"""The database is what the statements think it is, and large batches never walk whole tables."""

import uuid
from collections.abc import AsyncIterator

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from markethall.contracts.messages import ProductSnapshot, VariantSnapshot
from markethall.kit.bus import Bus
from markethall.kit.db import Database
from markethall.kit.migrations import migrate
from markethall.kit.relay import Relay
from markethall.local.nats import EmbeddedNats
from markethall.orders.app import MIGRATIONS
from markethall.orders.cart.setting import LineToSet, set_lines
from markethall.orders.checkout.draft import Wanted
from markethall.orders.checkout.place_order import Checkout
from markethall.orders.fulfilment.repository import Outcome, settle
from markethall.orders.order import from_unix_microseconds
from markethall.orders.prices.repository import apply_products
from markethall.orders.tables import metadata
from tests.orders.neighbours import now
from tests.support.machine import Machine, settings_for


@pytest.fixture
async def database(machine: Machine, nats: EmbeddedNats) -> AsyncIterator[Database]:
    settings = settings_for("orders", await machine.new_database("orders"), nats)
    await migrate(settings, MIGRATIONS)
    async with Database(settings) as database:
        yield database


async def test_the_migrations_make_the_tables_that_the_statements_name(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))

    async with database.begin() as connection:
        assert await connection.run_sync(differences) == []


async def test_settling_orders_writes_no_index_and_no_batch_walks_a_table(
    database: Database, nats: EmbeddedNats
) -> None:
    statistics = await after_many_batches(database, nats)
    assert {name: row["seq_tup_read"] for name, row in statistics.items()} == dict.fromkeys(statistics, 0)
    assert statistics["orders"]["n_tup_upd"] == statistics["orders"]["n_tup_hot_upd"] == 2000


async def test_giving_lines_back_to_carts_walks_no_table_and_writes_no_index_of_orders(
    database: Database, nats: EmbeddedNats
) -> None:
    statistics = await after_many_batches(database, nats, rejected=True)
    assert {name: row["seq_tup_read"] for name, row in statistics.items()} == dict.fromkeys(statistics, 0)
    assert statistics["orders"]["n_tup_upd"] == statistics["orders"]["n_tup_hot_upd"] == 2000
    assert statistics["cart_lines"]["n_tup_ins"] == 2 * statistics["cart_lines"]["n_tup_del"] == 8000


async def test_an_index_on_an_outcome_would_be_written_at_each_settling(database: Database, nats: EmbeddedNats) -> None:
    async with database.hot() as connection:
        await connection.execute("CREATE INDEX ON orders (reserved_at)")
    assert (await after_many_batches(database, nats))["orders"]["n_tup_hot_upd"] == 0


async def test_without_the_plan_settings_batches_would_walk_tables(
    machine: Machine, nats: EmbeddedNats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("markethall.kit.db.GENERIC_PLANS", {})
    settings = settings_for("orders", await machine.new_database("orders"), nats)
    await migrate(settings, MIGRATIONS)
    async with Database(settings) as database:
        statistics = await after_many_batches(database, nats)
    assert sum(row["seq_tup_read"] for row in statistics.values()) > 0


async def test_setting_lines_of_carts_walks_no_table(database: Database) -> None:
    assert await read_in_sequence_by_setting_lines(database) == dict.fromkeys(("carts", "cart_lines", "price_list"), 0)


async def test_without_the_plan_settings_setting_lines_would_walk_tables(
    machine: Machine, nats: EmbeddedNats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("markethall.kit.db.GENERIC_PLANS", {"plan_cache_mode": "force_generic_plan"})
    settings = settings_for("orders", await machine.new_database("orders"), nats)
    await migrate(settings, MIGRATIONS)
    async with Database(settings) as database:
        assert sum((await read_in_sequence_by_setting_lines(database)).values()) > 0


async def read_in_sequence_by_setting_lines(database: Database) -> dict[str, int]:
    """Rows by table; the plan is made while the tables are empty."""
    async with database.single() as connection:
        assert await set_lines(connection, [LineToSet(uuid.uuid4(), "NO-SUCH", 1, None)]) == {}
    skus = [f"T-{number}" for number in range(1000)]
    product = ProductSnapshot(uuid.uuid4().bytes, "t", "T", 1, True, [VariantSnapshot(sku, {}, 1) for sku in skus])
    async with database.hot() as connection:
        await apply_products(connection, [product])
    carts = await filled_carts(database, 1000, skus[:3])
    for turn in range(10):
        lines = [LineToSet(cart, skus[turn + n], 2, None) for n, cart in enumerate(carts[turn * 100 :][:100])]
        async with database.single() as connection:
            assert len(await set_lines(connection, lines)) == 100
    async with database.single() as connection:
        await connection.execute("SELECT pg_stat_force_next_flush()")
    async with database.single() as connection:
        rows = await connection.fetch("SELECT relname, seq_tup_read FROM pg_stat_user_tables")
    return {
        row["relname"]: row["seq_tup_read"] for row in rows if row["relname"] in ("carts", "cart_lines", "price_list")
    }


async def after_many_batches(
    database: Database, nats: EmbeddedNats, *, rejected: bool = False
) -> "dict[str, asyncpg.Record]":
    """What PostgreSQL counted, by table, after orders were placed and settled on a database that began empty.

    Those to be rejected are placed from carts, of two lines each.
    """
    skus = [f"T-{number}" for number in range(100)]
    product = ProductSnapshot(uuid.uuid4().bytes, "t", "T", 1, True, [VariantSnapshot(sku, {}, 1) for sku in skus])
    async with database.hot() as connection:
        await apply_products(connection, [product])
    bus = Bus(settings_for("orders", "", nats), "orders")
    async with Checkout(database, Relay(database, bus), "EUR") as checkout:
        for _ in range(8):
            if rejected:
                carts = await filled_carts(database, 250, skus[:2])
                wishes = [Wanted(uuid.uuid4(), None, b"", cart_id=cart_id) for cart_id in carts]
            else:
                pairs = [{skus[n % 100]: 1, skus[(n + 1) % 100]: 1} for n in range(250)]
                wishes = [Wanted(uuid.uuid4(), None, b"", pair) for pair in pairs]
            placed = await checkout.place_many(wishes)
            assert not [error for error in placed if isinstance(error, BaseException)]
            async with database.hot() as connection:
                at = from_unix_microseconds(now())
                settled = await settle(connection, {one.order_id: Outcome(not rejected, at) for one in wishes})
            assert len(settled) == 250
    async with database.hot() as connection:
        await connection.execute("SELECT pg_stat_force_next_flush()")
    async with database.hot() as connection:
        rows = await connection.fetch("""
            SELECT relname, seq_tup_read, n_tup_ins, n_tup_upd, n_tup_hot_upd, n_tup_del FROM pg_stat_user_tables
            WHERE relname IN ('orders', 'price_list', 'carts', 'cart_lines')
        """)
    return {row["relname"]: row for row in rows}


async def filled_carts(database: Database, count: int, skus: list[str]) -> list[uuid.UUID]:
    carts = [uuid.uuid4() for _ in range(count)]
    async with database.hot() as connection:
        await connection.execute("INSERT INTO carts (id) SELECT unnest($1::uuid[])", carts)
        await connection.execute(
            "INSERT INTO cart_lines (cart_id, sku, quantity) "
            "SELECT id, sku, 1 FROM unnest($1::uuid[]) AS id CROSS JOIN unnest($2::text[]) AS sku",
            carts,
            skus,
        )
    return carts
