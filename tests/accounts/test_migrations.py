"""The migrations lead to the tables that the code knows."""

import asyncio

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from markethall.accounts.app import MIGRATIONS
from markethall.accounts.tables import metadata
from markethall.kit.db import Database
from markethall.kit.migrations import migrate
from markethall.kit.settings import Settings
from tests.support.machine import Machine


async def test_the_newest_revision_is_what_the_tables_say(machine: Machine) -> None:
    settings = Settings(service="accounts", database_url=await machine.new_database("accounts"))
    await asyncio.gather(*(migrate(settings, MIGRATIONS) for _ in range(2)))
    async with Database(settings) as database, database.begin() as connection:
        assert await connection.run_sync(differences) == []


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, metadata))
