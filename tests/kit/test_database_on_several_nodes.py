"""Connections where there is a primary and standbys: whom they lead to, and what a commit's answer is worth."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress
from pathlib import Path

import asyncpg
import psutil
import pytest
from sqlalchemy import text

from markethall.kit import db
from markethall.kit.db import Database, DatabaseUnavailable
from markethall.kit.db_nodes import Nodes, NoSuchNode, parse
from markethall.kit.settings import Settings
from markethall.local.database_node import DatabaseNode
from markethall.local.promotion import promote
from tests.support.cluster import Cluster, running_cluster
from tests.support.machine import eventually

INSERT = "INSERT INTO notes VALUES ({})"


@pytest.fixture(scope="module")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    """A primary and a standby without which nothing is acknowledged; the role `orders` has a table to write in."""
    async with running_cluster(tmp_path_factory.mktemp("cluster") / "data", read_replicas=1, synchronous=True) as made:
        dsn = made.nodes.primary.postgres.dsn("orders", "orders")
        connection = await asyncpg.connect(dsn, timeout=10)
        await connection.execute("CREATE TABLE notes (number integer)")
        await connection.close()
        yield made


@asynccontextmanager
async def database(cluster: Cluster, *, timeout_seconds: float = 5.0) -> AsyncIterator[Database]:
    url = cluster.nodes.settings_for("orders")["DATABASE_URL"]
    settings = Settings(service="orders", database_url=url, database_timeout_seconds=timeout_seconds)
    async with Database(settings) as opened:
        yield opened


@contextmanager
def frozen(node: DatabaseNode) -> Iterator[None]:
    """All its processes, as on a machine that hangs."""
    processes = [psutil.Process(node.pid), *psutil.Process(node.pid).children(recursive=True)]
    for process in processes:
        process.suspend()
    try:
        yield
    finally:
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.resume()


def test_a_url_may_name_several_servers() -> None:
    urls, wants_standby = parse("postgresql://orders:a%40b@one:1,two:2/orders?target_session_attrs=read-write&x=y")
    assert urls == ["postgresql://orders:a%40b@one:1/orders?x=y", "postgresql://orders:a%40b@two:2/orders?x=y"]
    assert wants_standby is False
    assert parse("postgresql://one/orders") == (["postgresql://one/orders"], None)
    assert parse("postgresql://one/orders?target_session_attrs=standby")[1] is True
    with pytest.raises(ValueError, match="target_session_attrs"):
        parse("postgresql://one/orders?target_session_attrs=best")


async def test_a_standby_is_found_by_who_wants_one(cluster: Cluster) -> None:
    url = cluster.nodes.settings_for("catalog")["DATABASE_READ_URL"]
    connection = await Nodes(url).connect(10)
    assert await connection.fetchval("SELECT pg_is_in_recovery()")
    await connection.close()


async def test_where_there_is_no_primary_that_is_said_at_once(cluster: Cluster) -> None:
    [standby] = cluster.nodes.standbys
    url = standby.postgres.dsn("orders", "orders") + "?target_session_attrs=read-write"
    with pytest.raises(NoSuchNode):
        await Nodes(url).connect(60)


async def test_a_silent_server_is_not_waited_for_alone(cluster: Cluster) -> None:
    """It takes the connection and says nothing: a machine that hangs, or a network that swallows."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        dsn = cluster.nodes.primary.postgres.dsn("orders", "orders")
        place = f"127.0.0.1:{cluster.nodes.primary.postgres.port}"
        nodes = Nodes(dsn.replace(place, f"127.0.0.1:{silent.getsockname()[1]},{place}"))
        for _ in range(2):
            connection = await nodes.connect(60)
            assert await connection.fetchval("SELECT 1") == 1
            await connection.close()
        assert nodes._last_good == 1


async def test_a_wrong_password_is_told_whatever_the_others_say(cluster: Cluster) -> None:
    url = cluster.nodes.settings_for("orders")["DATABASE_URL"].replace("orders:", "orders:wrong", 1)
    with pytest.raises(asyncpg.InvalidPasswordError):
        await Nodes(url).connect(10)


@pytest.mark.parametrize("kind", ["begin", "hot"])
async def test_a_commit_that_no_standby_has_is_not_acknowledged(
    cluster: Cluster, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL answers it as a success, with a warning, when somebody cancels its waiting."""
    [standby] = cluster.nodes.standbys

    async def write(opened: Database, number: int) -> None:
        if kind == "begin":
            async with opened.begin() as connection:
                await connection.execute(text(INSERT.format(number)))
        else:
            async with opened.hot() as hot:
                await hot.execute(INSERT.format(number))

    async def write_and_be_cancelled(opened: Database, number: int) -> None:
        writing = asyncio.create_task(write(opened, number))
        await eventually(lambda: cancel_a_wait(cluster.nodes.primary), seconds=30)
        await asyncio.wait_for(writing, 30)

    async with database(cluster, timeout_seconds=60) as patient:
        await write(patient, 1)
        with frozen(standby):
            with monkeypatch.context() as unguarded:
                unguarded.setattr(db, "_acknowledged", lambda _connection: nullcontext())
                await write_and_be_cancelled(patient, 2)  # a false acknowledgement
            with pytest.raises(DatabaseUnavailable, match="synchronous replication"):
                await write_and_be_cancelled(patient, 3)
        await write(patient, 4)


async def cancel_a_wait(primary: DatabaseNode) -> bool:
    """Whether there was a commit that waited for a standby."""
    return bool(await primary.ask("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"))


@pytest.mark.parametrize("kind", ["begin", "hot"])
async def test_a_server_that_hangs_costs_one_timeout_and_is_left(cluster: Cluster, kind: str) -> None:
    async with database(cluster, timeout_seconds=1.5) as opened:

        async def ask() -> object:
            if kind == "begin":
                async with opened.begin() as connection:
                    return (await connection.execute(text("SELECT 1"))).scalar_one()
            async with opened.hot() as hot:
                return await hot.fetchval("SELECT 1")

        assert await asyncio.gather(*(ask() for _ in range(4))) == [1] * 4
        with frozen(cluster.nodes.primary):
            with pytest.raises(DatabaseUnavailable):
                await asyncio.wait_for(ask(), 60)
            # Broken off by its caller, it ends, too.
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await ask()
        assert await ask() == 1


async def test_services_follow_a_promotion(tmp_path: Path) -> None:
    async with running_cluster(tmp_path / "data", read_replicas=1) as cluster, database(cluster) as opened:
        async with opened.begin() as connection:
            await connection.execute(text("CREATE TABLE notes (number integer)"))
        async with opened.hot() as hot:
            await hot.execute(INSERT.format(1))
        await cluster.following()
        os.kill(cluster.nodes.primary.pid, signal.SIGKILL)
        await promote(cluster.nodes, cluster.supervisor)

        async def written() -> bool:
            try:
                async with opened.begin() as connection:
                    await connection.execute(text(INSERT.format(2)))
                async with opened.hot() as hot:
                    await hot.execute(INSERT.format(3))
            except DatabaseUnavailable:
                return False
            return True

        await eventually(written, seconds=30)
        async with opened.begin() as connection:
            assert (await connection.execute(text("SELECT pg_is_in_recovery()"))).scalar_one() is False
