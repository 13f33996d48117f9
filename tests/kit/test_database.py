"""Connections over a restart of the server."""

from pathlib import Path

from sqlalchemy import text

from markethall.kit.db import Database
from markethall.kit.settings import Settings
from markethall.local.credentials import Credentials
from markethall.local.postgres import EmbeddedPostgres
from tests.support.machine import postgres_machine


async def test_a_restarted_server_is_used_at_once(tmp_path: Path, credentials: Credentials) -> None:
    async with postgres_machine(tmp_path, credentials) as machine:
        settings = Settings(service="catalog", database_url=await machine.new_database("catalog"))
        async with Database(settings) as database:
            async with database.begin() as one, database.begin() as other:
                await one.execute(text("SELECT 1"))
                await other.execute(text("SELECT 1"))
            connections = database._engine.pool.checkedin()  # type: ignore[union-attr, attr-defined]
            assert connections == 2
            postgres: EmbeddedPostgres = machine.postgres
            await postgres.stop()
            await postgres.start()
            for _ in range(4):
                async with database.begin() as connection:
                    assert (await connection.execute(text("SELECT 1"))).scalar_one() == 1
            async with database.hot() as hot:
                assert await hot.fetchval("SELECT 1") == 1
