"""Catalog as a process: its tables, its dependencies, and how long a change is waited for."""

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import nats as nats_client
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.ext.asyncio import create_async_engine

from markethall.catalog.app import MIGRATIONS, create
from markethall.catalog.tables import metadata
from markethall.contracts.messages import Replica
from markethall.contracts.topology import CATALOG_CHANGED
from markethall.kit import applied
from markethall.kit.bus import Bus
from markethall.kit.migrations import migrate
from markethall.kit.registry import Registration
from markethall.kit.settings import Settings
from markethall.local.nats import EmbeddedNats
from tests.catalog.stall import Stall, product
from tests.support.machine import Machine, eventually, nats_server, running, settings_for


async def test_the_tables_are_those_that_the_migrations_make(stall: Stall, settings: Settings) -> None:
    engine = create_async_engine(settings.database_url.replace("postgresql:", "postgresql+asyncpg:"))
    try:
        async with engine.connect() as connection:
            differences = await connection.run_sync(
                lambda sync: compare_metadata(MigrationContext.configure(sync), metadata)
            )
    finally:
        await engine.dispose()
    kinds = {difference[0] if isinstance(difference, tuple) else difference[0][0] for difference in differences}
    # Indexes are said in the migrations only.
    assert kinds == {"remove_index"}


async def test_replicas_that_start_together_migrate_once(machine: Machine) -> None:
    url = await machine.new_database("catalog")
    settings = Settings(service="catalog", database_url=url)
    await asyncio.gather(*(migrate(settings, MIGRATIONS) for _ in range(5)))
    connection = await asyncpg.connect(url, timeout=10)
    try:
        assert await connection.fetchval("SELECT version_num FROM alembic_version") == max(
            revision.name[:4] for revision in (MIGRATIONS / "versions").glob("0*.py")
        )
    finally:
        await connection.close()


async def test_it_says_what_it_stands_on(stall: Stall) -> None:
    ready = await stall.get("/health/ready")
    assert ready.status == 200
    assert ready.body["dependencies"] == {"database": "up", "bus": "up", "token keys": "up"}
    assert (await stall.get("/ping")).raw == b"pong"


async def test_every_answer_is_in_the_document(stall: Stall) -> None:
    document = (await stall.get("/openapi.json")).body
    calls = {(method, path) for path, item in document["paths"].items() for method in item if path.startswith("/api/")}
    one, many = ("get", "patch", "delete"), ("get", "post")
    assert calls == {
        *((method, "/api/products") for method in many),
        *((method, "/api/products/{slug}") for method in one),
        *((method, "/api/categories") for method in many),
        *((method, "/api/categories/{slug}") for method in one),
        ("get", "/api/categories/{slug}/options"),
        ("post", "/api/media"),
        ("get", "/api/admin/products"),
    }
    for method, path in calls:
        operation = document["paths"][path][method]
        assert operation["summary"]
        assert {"400", "422", "500", "503"} <= operation["responses"].keys()
    assert not any(path.startswith("/internal") for path in document["paths"])


async def test_options_names_all_methods_of_an_address(stall: Stall) -> None:
    for path, methods in (
        ("/api/products", "GET, HEAD, OPTIONS, POST"),
        ("/api/products/x", "DELETE, GET, HEAD, OPTIONS, PATCH"),
    ):
        answer = await stall.call("OPTIONS", path)
        assert (answer.status, answer.headers["Allow"]) == (204, methods)


async def test_a_change_is_answered_when_a_live_front_has_it(
    stall: Stall, nats: EmbeddedNats, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The front here says so only when it is told to: the answer does not come before."""
    monkeypatch.setattr(applied, "DEADLINE_SECONDS", 60.0)
    bus = Bus(settings_for("front", "", nats), "front")
    replica = Replica(service="front", id="late", address="http://127.0.0.1:1", version="", since="")
    heard: asyncio.Queue[str] = asyncio.Queue()

    async def hear(message: Any) -> None:
        await heard.put(message.headers["Applied-To"])

    async with bus:
        await bus.listen(CATALOG_CHANGED, hear)
        async with Registration(bus, replica):
            await eventually(lambda: _sees(stall, "late"))
            adding = asyncio.create_task(stall.add())
            reply_to = await asyncio.wait_for(heard.get(), 10)
            slug = None
            while slug is None:
                # Committed, for everyone can read it; and still not answered.
                page = (await stall.get("/api/products?limit=1")).body["items"]
                slug = page[0]["slug"] if page else None
            assert not adding.done()
            await bus.publish_live(reply_to, applied.front_name("late").encode())
            assert (await asyncio.wait_for(adding, 10))["slug"] == slug


async def _sees(stall: Stall, replica: str) -> bool:
    """Whether the replica's entry is in the registry, and has been for long enough to be heard."""
    bucket = await stall.bus.jetstream().key_value("replicas")
    return f"front.{replica}" in await bucket.keys()


async def test_it_starts_and_reads_without_the_bus_and_tells_later(machine: Machine, tmp_path: Path) -> None:
    url = await machine.new_database("catalog")
    async with nats_server(tmp_path, machine.credentials) as nats:
        settings = settings_for("catalog", url, nats)
        async with running(create, settings) as address, aiohttp.ClientSession() as http:
            bus = await nats_client.connect(nats.url_for(), max_reconnect_attempts=-1, reconnect_time_wait=0.05)
            stall = Stall(address, http, bus)
            await stall.open()
            await eventually(lambda: _writes(stall))
            await nats.stop()
            made = await stall.add(name="Made while the bus was away")
            assert (await stall.get(f"/api/products/{made['slug']}")).status == 200
            assert await _waiting(url) >= 1
            await nats.start()

            async def told() -> bool:
                return await _waiting(url) == 0

            await eventually(told, seconds=30)
            await bus.close()


async def _waiting(url: str) -> int:
    """What the bus has not taken yet."""
    connection = await asyncpg.connect(url)
    try:
        return int(await connection.fetchval("SELECT count(*) FROM outbox"))
    finally:
        await connection.close()


async def _writes(stall: Stall) -> bool:
    return (await stall.call("POST", "/api/products", product())).status == 201


def said(stall: Stall) -> list[str]:
    return [product.slug for changed, _ in stall.said for product in changed.products]
