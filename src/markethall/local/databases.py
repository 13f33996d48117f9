"""One database and one role per service; a role reaches its own database only. And a role for standbys."""

import asyncpg

from markethall.local.credentials import DATABASES, REPLICATOR, SUPERUSER
from markethall.local.postgres import EmbeddedPostgres


async def prepare_databases(postgres: EmbeddedPostgres, passwords: dict[str, str]) -> None:
    """Makes what is missing; harmless to repeat, and after a start that was interrupted."""
    connection = await asyncpg.connect(
        # There may be no standby yet, for which these commits could wait.
        postgres.dsn(),
        timeout=10,
        command_timeout=60,
        server_settings={"synchronous_commit": "local"},
    )
    try:
        roles = {row[0] for row in await connection.fetch("SELECT rolname FROM pg_roles")}
        databases = {row[0] for row in await connection.fetch("SELECT datname FROM pg_database")}
        for name in (REPLICATOR, *DATABASES):
            if name not in roles:
                # A role's password is no parameter in SQL; ours are hexadecimal digits.
                password = passwords[name]
                assert password.isalnum()
                power = "REPLICATION" if name == REPLICATOR else ""
                await connection.execute(f"CREATE ROLE {name} LOGIN {power} PASSWORD '{password}'")
        for name in DATABASES:
            if name not in databases:
                await connection.execute(f"CREATE DATABASE {name} OWNER {name}")
        for name in (*DATABASES, SUPERUSER, "template1"):
            await connection.execute(f"REVOKE CONNECT, TEMPORARY ON DATABASE {name} FROM PUBLIC")
    finally:
        await connection.close()
