"""A real front and a real catalog, with pictures in a folder."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import nats as nats_client
import pytest

from markethall.catalog.app import create as catalog
from markethall.front.app import create as front
from markethall.kit.settings import Settings
from markethall.local.nats import EmbeddedNats
from tests.catalog.stall import Stall
from tests.support.machine import Machine, eventually, running, settings_for


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("media")


@pytest.fixture(scope="module")
async def settings(machine: Machine, nats: EmbeddedNats, folder: Path) -> Settings:
    return settings_for("catalog", await machine.new_database("catalog"), nats, media=str(folder))


@pytest.fixture(scope="module")
async def shop(settings: Settings, nats: EmbeddedNats) -> AsyncIterator[Stall]:
    """Spoken to at the public address."""
    async with (
        running(catalog, settings),
        running(front, settings_for("front", "", nats)) as url,
        aiohttp.ClientSession() as http,
    ):
        bus = await nats_client.connect(nats.url_for())
        try:
            stall = Stall(url, http, bus)
            await stall.open()

            async def uploads() -> bool:
                return (await stall.call("POST", "/api/media", b"none")).status == 422

            await eventually(uploads)
            yield stall
        finally:
            await bus.close()
