"""Hot standbys: they have what the primary has, come and go, and never take its place by themselves."""

import asyncio
import os
import shutil
import signal
from pathlib import Path

import asyncpg
import msgspec
import pytest

from markethall.local import database_nodes
from markethall.local.credentials import load_or_make
from markethall.local.database_nodes import DatabaseNodes
from markethall.local.database_record import Record
from markethall.local.errors import LocalError, StartFailed
from markethall.local.folder import DataFolder
from tests.support.cluster import running_cluster
from tests.support.machine import eventually


async def test_standbys_have_what_the_primary_has_and_take_no_writes(tmp_path: Path) -> None:
    async with running_cluster(tmp_path / "data", read_replicas=2) as cluster:
        await cluster.note(1)
        await cluster.following()
        for node in cluster.nodes.standbys:
            assert await cluster.notes(node) == [1]
            with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
                await cluster.execute(node, "INSERT INTO notes VALUES (2)")
        described = await cluster.nodes.describe()
        assert [(each["node"], each["role"], each["answers"]) for each in described] == [
            (1, "primary", True),
            (2, "standby", True),
            (3, "standby", True),
        ]


async def test_no_standby_is_ahead_of_the_primary(tmp_path: Path) -> None:
    async with running_cluster(tmp_path / "data", read_replicas=1) as cluster:
        await cluster.note(0)
        await cluster.following()
        looked = asyncio.Event()

        async def write() -> None:
            number = 0
            while not looked.is_set():
                await cluster.note(number := number + 1)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(write())
            described = [(await cluster.nodes.describe())[1] for _ in range(20)]
            looked.set()
        assert all(each["lag_bytes"] >= 0 for each in described), described


async def test_their_number_may_be_another_at_each_start(tmp_path: Path) -> None:
    for number, read_replicas in enumerate((0, 2, 1, 3, 0)):
        async with running_cluster(tmp_path / "data", read_replicas=read_replicas) as cluster:
            await cluster.note(number)
            await cluster.following()
            assert len(cluster.nodes.nodes) == read_replicas + 1
            for node in cluster.nodes.nodes:
                assert await cluster.notes(node) == list(range(number + 1))


async def test_a_dead_standby_is_started_again_and_catches_up(tmp_path: Path) -> None:
    async with running_cluster(tmp_path / "data", read_replicas=1) as cluster:
        [standby] = cluster.nodes.standbys
        dead = standby.pid
        os.kill(dead, signal.SIGKILL)
        await cluster.note(1)
        await eventually(lambda: standby.pid != dead and cluster.supervisor.rows[standby].state == "up", seconds=60)
        await cluster.following()
        assert await cluster.notes(standby) == [1]


async def test_a_standby_too_far_behind_is_copied_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_nodes, "WAL_KEPT", "0")
    async with running_cluster(tmp_path / "data", read_replicas=1) as cluster:
        [standby] = cluster.nodes.standbys
        async with cluster.nodes.turning:
            await cluster.supervisor.stop([standby])
            for number in range(3):
                await cluster.note(number)
                await cluster.execute(cluster.nodes.primary, "SELECT pg_switch_wal()")
                await cluster.execute(cluster.nodes.primary, "CHECKPOINT")
            await cluster.supervisor.start([standby])
            assert standby.made_by == "started"
        await cluster.following(seconds=90)
        assert standby.made_by == "copied"
        assert await cluster.notes(standby) == [0, 1, 2]


async def test_a_standby_whose_folder_is_gone_is_copied_anew(tmp_path: Path) -> None:
    async with running_cluster(tmp_path / "data", read_replicas=1) as cluster:
        await cluster.note(1)
    shutil.rmtree(tmp_path / "data" / "postgres-2")
    async with running_cluster(tmp_path / "data", read_replicas=1) as cluster:
        await cluster.following()
        assert await cluster.notes(cluster.nodes.standbys[0]) == [1]


async def test_a_former_primary_does_not_start_without_the_new_one(tmp_path: Path) -> None:
    """Its folder knows nothing of its fall; the record does."""
    data = tmp_path / "data"
    async with running_cluster(data, read_replicas=1) as cluster:
        await cluster.note(1)
    (data / "database.json").write_bytes(msgspec.json.encode(Record(primary=2)))
    folder = DataFolder(data)
    with folder.hold():
        credentials, _ = load_or_make(folder)
        nodes = DatabaseNodes(folder, credentials.database, {}, read_replicas=1)
        former = nodes.nodes[0]
        with pytest.raises(StartFailed, match="primary does not answer"):
            await former.start()
    assert (data / "postgres" / "PG_VERSION").exists()
    async with running_cluster(data, read_replicas=1) as cluster:
        assert cluster.nodes.primary.number == 2
        await cluster.note(2)
        await cluster.following()
        assert await cluster.notes(cluster.nodes.nodes[0]) == [1, 2]


async def test_a_primary_whose_folder_is_gone_is_not_made_anew(tmp_path: Path) -> None:
    """An empty shop in its place would look healthy."""
    async with running_cluster(tmp_path / "data", read_replicas=0):
        pass
    shutil.rmtree(tmp_path / "data" / "postgres")
    with pytest.raises(StartFailed, match="are gone"):
        async with running_cluster(tmp_path / "data", read_replicas=0):
            pass
    assert not (tmp_path / "data" / "postgres").exists()


async def test_synchronous_commits_need_a_standby(folder: DataFolder) -> None:
    credentials, _ = load_or_make(folder)
    with pytest.raises(LocalError, match="--read-replicas"):
        DatabaseNodes(folder, credentials.database, {}, synchronous=True)


async def test_services_are_told_of_all_nodes(folder: DataFolder) -> None:
    credentials, _ = load_or_make(folder)
    nodes = DatabaseNodes(folder, credentials.database, {"postgres-1": 11, "postgres-2": 12}, read_replicas=1)
    nodes.nodes[0].postgres.port, nodes.nodes[1].postgres.port = 11, 12
    orders = nodes.settings_for("orders")["DATABASE_URL"]
    assert orders.endswith("@127.0.0.1:11,127.0.0.1:12/orders?target_session_attrs=read-write")
    assert "DATABASE_READ_URL" not in nodes.settings_for("orders")
    assert nodes.settings_for("catalog")["DATABASE_READ_URL"].endswith("/catalog?target_session_attrs=standby")
