"""Catalog on a real database and bus, one for each module."""

from collections.abc import AsyncIterator

import aiohttp
import asyncpg
import nats as nats_client
import pytest

from markethall.catalog.app import create
from markethall.kit.settings import Settings
from markethall.local.nats import EmbeddedNats
from tests.catalog.stall import Stall
from tests.support.machine import Machine, eventually, running, settings_for


@pytest.fixture(scope="module")
async def settings(machine: Machine, nats: EmbeddedNats) -> Settings:
    return settings_for("catalog", await machine.new_database("catalog"), nats)


@pytest.fixture(scope="module")
async def stall(settings: Settings, nats: EmbeddedNats) -> AsyncIterator[Stall]:
    async with running(create, settings) as url, aiohttp.ClientSession() as http:
        bus = await nats_client.connect(nats.url_for())
        try:
            stall = Stall(url, http, bus)
            await stall.open()

            async def knows_the_key() -> bool:
                answer = await stall.call("DELETE", "/api/products/none")
                return answer.status == 404

            await eventually(knows_the_key)
            yield stall
        finally:
            await bus.close()


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """What catalog has written, seen from beside it."""
    connection = await asyncpg.connect(settings.database_url, timeout=10)
    try:
        yield connection
    finally:
        await connection.close()
