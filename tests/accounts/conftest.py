"""Accounts on a real database and bus, one for each module; its settings may be overridden."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import asyncpg
import pytest

from markethall.accounts.app import create
from markethall.kit.settings import Settings
from markethall.local.nats import EmbeddedNats
from tests.accounts.client import Client, Person
from tests.support.machine import Machine, eventually, running, settings_for

ADMIN = Person("", "admin@example.com", "the admin's password")


@pytest.fixture(scope="module")
def more_settings() -> dict[str, Any]:
    """A module that needs other settings has a fixture of this name."""
    return {}


@pytest.fixture(scope="module")
async def settings(machine: Machine, nats: EmbeddedNats, more_settings: dict[str, Any]) -> Settings:
    url = await machine.new_database("accounts")
    return settings_for("accounts", url, nats, admin_email=ADMIN.email, admin_password=ADMIN.password, **more_settings)


@asynccontextmanager
async def accounts_at(settings: Settings) -> AsyncIterator[Client]:
    async with running(create, settings) as url, aiohttp.ClientSession() as session:
        yield Client(url, session)


@pytest.fixture(scope="module")
async def client(settings: Settings) -> AsyncIterator[Client]:
    async with accounts_at(settings) as client:
        yield client


@pytest.fixture
async def admin(client: Client) -> Person:
    return await client.sign_in(ADMIN)


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """What accounts has written, seen from beside it."""
    connection = await asyncpg.connect(settings.database_url, timeout=10)
    try:
        yield connection
    finally:
        await connection.close()


@dataclass
class Watcher:
    """Sees who waits for a lock. On a connection of its own: a transaction sees one picture for good."""

    connection: "asyncpg.Connection[asyncpg.Record]"

    async def until_waiting(self, count: int) -> None:
        await eventually(lambda: self._waiting(count))

    async def _waiting(self, count: int) -> bool:
        waiting = await self.connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(waiting == count)


@pytest.fixture
async def watcher(settings: Settings) -> AsyncIterator[Watcher]:
    connection = await asyncpg.connect(settings.database_url, timeout=10)
    try:
        yield Watcher(connection)
    finally:
        await connection.close()
