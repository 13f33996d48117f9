"""While a shop is upgraded, replicas of the former release work on the tables of the new one.

So a migration after a service's first may only add what the former code need not know of: tables, indexes that
forbid nothing, and columns that fill themselves. What is no longer used goes in a later release.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

import markethall
from markethall.kit.migrations import migrate
from markethall.kit.settings import Settings
from markethall.local.credentials import DATABASES
from tests.support.machine import Machine

SOURCES = Path(markethall.__file__).parent

COLUMNS = """
SELECT table_name || '.' || column_name AS name, table_name,
       data_type || coalesce('(' || character_maximum_length || ')', '') AS type,
       is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO' AND is_generated = 'NEVER' AS demanded,
       is_nullable = 'NO' AS not_null
FROM information_schema.columns WHERE table_schema = 'public'
"""
DEMANDS = """
SELECT conrelid::regclass::text AS table_name, pg_get_constraintdef(oid) AS text
FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'f', 'p', 'u', 'x')
UNION SELECT tablename, regexp_replace(indexdef, 'INDEX \\S+', 'INDEX') FROM pg_indexes
WHERE schemaname = 'public' AND indexdef LIKE 'CREATE UNIQUE%'
UNION SELECT tgrelid::regclass::text, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
"""


@dataclass(frozen=True)
class Schema:
    """What statements of a service depend on."""

    columns: dict[str, asyncpg.Record]
    demands: set[tuple[str, str]]
    """What rows must satisfy, by table."""


async def schema_of(dsn: str) -> Schema:
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        columns = {row["name"]: row for row in await connection.fetch(COLUMNS)}
        demands = {(row["table_name"], row["text"]) for row in await connection.fetch(DEMANDS)}
    finally:
        await connection.close()
    return Schema(columns, demands)


def broken(before: Schema, after: Schema) -> list[str]:
    """What the former code could stumble over."""
    tables = {row["table_name"] for row in before.columns.values()}
    found = [f"{name} has gone" for name in before.columns.keys() - after.columns.keys()]
    for name, now in after.columns.items():
        was = before.columns.get(name)
        if was is None and now["table_name"] in tables and now["demanded"]:
            found.append(f"{name} must be filled, which the former code does not do")
        if was is not None and was["type"] != now["type"]:
            found.append(f"{name} is of another type")
        if was is not None and now["not_null"] and not was["not_null"]:
            found.append(f"{name} may no longer be null")
    new = after.demands - before.demands
    return found + [f"{table} demands: {text}" for table, text in new if table in tables]


def revisions(service: str) -> list[Path]:
    return sorted((SOURCES / service / "migrations" / "versions").glob("[0-9]*.py"))


async def migrated(machine: Machine, service: str, scripts: list[Path], folder: Path, dsn: str) -> Schema:
    """The database after exactly these scripts."""
    versions = folder / str(len(scripts)) / "versions"
    versions.mkdir(parents=True)
    for script in scripts:
        shutil.copy(script, versions)
    await migrate(Settings(service=service, database_url=dsn), versions.parent)
    return await schema_of(dsn)


@pytest.mark.parametrize("service", DATABASES)
async def test_migrations_after_the_first_only_add(machine: Machine, service: str, tmp_path: Path) -> None:
    dsn = await machine.new_database(service)
    scripts = revisions(service)
    before = await migrated(machine, service, scripts[:1], tmp_path, dsn)
    for count in range(2, len(scripts) + 1):
        after = await migrated(machine, service, scripts[:count], tmp_path, dsn)
        assert broken(before, after) == [], scripts[count - 1].name
        before = after


async def test_a_former_release_starts_over_the_tables_of_a_later_one(machine: Machine, tmp_path: Path) -> None:
    """As when a replica dies in the middle of an upgrade, or the upgrade is taken back."""
    dsn = await machine.new_database("orders")
    later = await migrated(machine, "orders", revisions("orders"), tmp_path, dsn)
    assert len(revisions("orders")) > 1
    assert await migrated(machine, "orders", revisions("orders")[:1], tmp_path, dsn) == later


CHANGES = {
    "ALTER TABLE orders DROP COLUMN email": "orders.email has gone",
    "ALTER TABLE orders RENAME COLUMN email TO address": "orders.email has gone",
    "DROP TABLE erased_users": "erased_users.user_id has gone",
    "ALTER TABLE orders ADD COLUMN gift text NOT NULL": "orders.gift must be filled, which the former code does not do",
    "ALTER TABLE orders ALTER COLUMN email SET NOT NULL": "orders.email may no longer be null",
    "ALTER TABLE orders ALTER COLUMN number TYPE text": "orders.number is of another type",
    "CREATE UNIQUE INDEX one_each ON orders (email)": "orders demands: CREATE UNIQUE INDEX",
    "ALTER TABLE carts ADD CHECK (version < 9)": "carts demands: CHECK",
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_migration_that_takes_away_or_demands_is_caught(machine: Machine, change: str, tmp_path: Path) -> None:
    dsn = await machine.new_database("orders")
    before = await migrated(machine, "orders", revisions("orders"), tmp_path, dsn)
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        await connection.execute(change)
    finally:
        await connection.close()
    assert any(text.startswith(CHANGES[change]) for text in broken(before, await schema_of(dsn)))


async def test_a_column_with_a_default_a_table_and_an_index_are_no_obstacle(machine: Machine, tmp_path: Path) -> None:
    dsn = await machine.new_database("orders")
    before = await migrated(machine, "orders", revisions("orders"), tmp_path, dsn)
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        await connection.execute("ALTER TABLE orders ADD COLUMN gift text NOT NULL DEFAULT ''")
        await connection.execute("CREATE TABLE gifts (id uuid PRIMARY KEY)")
        await connection.execute("CREATE INDEX orders_by_gift ON orders (gift)")
    finally:
        await connection.close()
    assert broken(before, await schema_of(dsn)) == []
