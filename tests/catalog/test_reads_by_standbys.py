"""Catalog is read from standbys, and nobody who has heard of a change is shown what was before it."""

import asyncio
import os
import signal
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import nats as nats_client
import pytest

from markethall.catalog.app import create as create_catalog
from markethall.front.app import create as create_front
from markethall.kit import db_reads
from markethall.kit.settings import Settings
from markethall.local.credentials import Credentials
from markethall.local.nats import EmbeddedNats
from markethall.local.promotion import promote
from tests.catalog.stall import Stall
from tests.support.cluster import Cluster, running_cluster
from tests.support.machine import eventually, nats_server, running, settings_for


@dataclass
class Hall:
    """Two fronts before a catalog, on a primary and its standby."""

    cluster: Cluster
    settings: Settings
    catalog: Stall
    fronts: list[Stall]

    async def paused(self, pause: bool) -> None:
        """Whether the standby applies what it receives."""
        [standby] = self.cluster.nodes.standbys
        await standby.ask(f"SELECT pg_wal_replay_{'pause' if pause else 'resume'}()")

    async def category(self) -> str:
        made = await self.fronts[0].call("POST", "/api/categories", {"name": f"C {uuid.uuid4().hex}"})
        assert made.status == 201, made.raw
        return str(made.body["slug"])

    async def rename(self, slug: str, name: str) -> int:
        found = await self.fronts[0].get(f"/api/categories/{slug}")
        headers = {"If_Match": f'"{found.body["version"]}"'}
        return (await self.fronts[0].call("PATCH", f"/api/categories/{slug}", {"name": name}, **headers)).status

    async def names(self, slug: str) -> list[str]:
        """As each front shows it."""
        return [(await front.get(f"/api/categories/{slug}")).body["name"] for front in self.fronts]


@asynccontextmanager
async def opened(data: Path, nats: EmbeddedNats) -> AsyncIterator[Hall]:
    async with AsyncExitStack() as stack:
        cluster = await stack.enter_async_context(running_cluster(data, read_replicas=1))
        urls = cluster.nodes.settings_for("catalog")
        settings = settings_for("catalog", urls["DATABASE_URL"], nats, database_read_url=urls["DATABASE_READ_URL"])
        http = await stack.enter_async_context(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)))
        bus = await nats_client.connect(nats.url_for())
        stack.push_async_callback(bus.close)
        catalog = Stall(await stack.enter_async_context(running(create_catalog, settings)), http, bus)
        await catalog.open()
        fronts = []
        for _ in range(2):
            url = await stack.enter_async_context(running(create_front, settings_for("front", "", nats)))
            fronts.append(Stall(url, http, bus, catalog.key))
        hall = Hall(cluster, settings, catalog, fronts)

        async def ready() -> bool:
            answers = [await front.call("DELETE", "/api/products/none") for front in fronts]
            return [answer.status for answer in answers] == [404, 404]

        await eventually(ready, seconds=30)
        await cluster.following()
        yield hall


@pytest.fixture(scope="module")
async def hall(tmp_path_factory: pytest.TempPathFactory, nats: EmbeddedNats) -> AsyncIterator[Hall]:
    async with opened(tmp_path_factory.mktemp("hall") / "data", nats) as hall:
        yield hall


async def test_a_change_is_seen_at_once_though_the_standby_is_behind(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    slug = await hall.category()
    await hall.cluster.following()
    await hall.paused(True)
    try:
        assert await hall.rename(slug, "Changed") == 200
        assert await hall.names(slug) == ["Changed", "Changed"]
        with monkeypatch.context() as unguarded:
            unguarded.setattr(db_reads, "_has_reached", _always)
            assert await hall.names(slug) != ["Changed", "Changed"]  # from the standby, as it was
    finally:
        await hall.paused(False)


async def _always(_connection: object, _position: int) -> bool:
    return True


async def test_a_front_that_just_began_is_not_shown_the_past(hall: Hall, nats: EmbeddedNats) -> None:
    """It has heard of nothing yet, and knows that."""
    slug = await hall.category()
    await hall.cluster.following()
    await hall.paused(True)
    try:
        assert await hall.rename(slug, "Before it began") == 200
        async with running(create_front, settings_for("front", "", nats)) as url:
            front = Stall(url, hall.catalog.http, hall.catalog.bus, hall.catalog.key)
            found = await front.get(f"/api/categories/{slug}")
            assert found.body["name"] == "Before it began"
    finally:
        await hall.paused(False)


async def test_clients_cannot_ask_for_the_past_nor_see_positions(hall: Hall) -> None:
    slug = await hall.category()
    await hall.cluster.following()
    await hall.paused(True)
    try:
        assert await hall.rename(slug, "Present") == 200
        for front in hall.fronts:
            found = await front.call("GET", f"/api/categories/{slug}", token=None, Read_At_Least="0")
            assert found.body["name"] == "Present"
            assert "Written-At" not in found.headers
    finally:
        await hall.paused(False)


async def test_a_standby_that_has_it_all_is_read(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    slug = await hall.category()
    await hall.cluster.following()
    answered: list[bool] = []
    has_reached = db_reads._has_reached

    async def noting(connection: object, position: int) -> bool:
        answered.append(await has_reached(connection, position))
        return answered[-1]

    monkeypatch.setattr(db_reads, "_has_reached", noting)
    await hall.names(slug)
    await hall.names(slug)
    assert answered[-2:] == [True, True]


async def test_a_dead_standby_is_not_noticed(hall: Hall) -> None:
    slug = await hall.category()
    [standby] = hall.cluster.nodes.standbys
    dead = standby.pid
    os.kill(dead, signal.SIGKILL)
    for _ in range(20):
        answers = [await front.get(f"/api/categories/{slug}") for front in hall.fronts]
        assert [answer.status for answer in answers] == [200, 200]
    await eventually(lambda: standby.pid != dead and hall.cluster.supervisor.rows[standby].state == "up", seconds=60)
    await hall.cluster.following()


async def test_without_the_primary_reads_go_on_and_after_a_promotion_writes_do(
    tmp_path: Path, credentials: Credentials
) -> None:
    async with nats_server(tmp_path, credentials) as nats, opened(tmp_path / "data", nats) as hall:
        slug = await hall.category()
        await hall.cluster.following()
        async with hall.cluster.nodes.turning:
            await hall.cluster.supervisor.stop([hall.cluster.nodes.primary])
        for front in hall.fronts:
            assert (await front.get(f"/api/categories/{slug}")).status == 200
            refused = await front.call("POST", "/api/categories", {"name": "Not now"})
            assert (refused.status, refused.headers["Retry-After"]) == (503, "1")
        ready = await asyncio.wait_for(hall.catalog.get("/health/ready"), 30)
        assert ready.status == 200
        async with (
            running(create_catalog, hall.settings) as another,
            hall.catalog.http.get(f"{another}/health/ready") as answer,
        ):
            assert answer.status == 200
        await promote(hall.cluster.nodes, hall.cluster.supervisor)

        async def writes() -> bool:
            return await hall.rename(slug, "After the promotion") == 200

        await eventually(writes, seconds=30)
        assert await hall.names(slug) == ["After the promotion"] * 2
