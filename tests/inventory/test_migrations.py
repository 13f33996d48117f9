"""The migrations make what `tables.py` says."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from markethall.inventory.tables import metadata
from tests.inventory.warehouse import Warehouse


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "include_name": lambda name, kind, _: name != "alembic_version"}
    )
    return list(compare_metadata(context, metadata))


async def test_the_migrated_database_has_the_tables_that_the_code_knows(warehouse: Warehouse) -> None:
    async with warehouse.databases[0].begin() as connection:
        assert await connection.run_sync(differences) == []


async def test_constraints_and_fill_factors_are_those_that_the_code_knows(warehouse: Warehouse) -> None:
    async with warehouse.databases[0].begin() as connection:
        checks = await connection.execute(text("SELECT conname FROM pg_constraint WHERE contype = 'c'"))
        options = await connection.execute(
            text("SELECT relname, reloptions[1] AS option FROM pg_class WHERE reloptions IS NOT NULL AND relkind = 'r'")
        )
        known = {str(c.name) for table in metadata.tables.values() for c in table.constraints if c.name}
        assert {name for (name,) in checks} >= known
        assert {row.relname: row.option for row in options} == {
            "stock": "fillfactor=50",
            "reservations": "fillfactor=45",
        }
