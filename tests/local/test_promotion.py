"""A standby takes the primary's place, whatever became of it, and wherever the promotion is broken off."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from markethall.local.database_record import read_record
from markethall.local.errors import FolderInUse, LocalError
from markethall.local.promotion import promote, promote_stopped
from tests.support.cluster import Cluster, running_cluster
from tests.support.machine import eventually

POINTS = ("chosen", "fenced", "recorded", "promoted", "turned", "rejoined")


@pytest.mark.parametrize("fate", ["healthy", "killed", "frozen", "gone"])
async def test_a_standby_takes_over_from_a_primary_that_is(tmp_path: Path, fate: str) -> None:
    data = tmp_path / "data"
    async with running_cluster(data, read_replicas=2, synchronous=True) as cluster:
        former = cluster.nodes.primary
        await cluster.note(1)
        if fate == "frozen":
            os.kill(former.pid, signal.SIGSTOP)
        elif fate != "healthy":
            os.kill(former.pid, signal.SIGKILL)
        if fate == "gone":
            shutil.rmtree(former.folder)
        promoted = await promote(cluster.nodes, cluster.supervisor)
        assert promoted.former == 1
        assert promoted.primary == cluster.nodes.primary.number != 1
        assert promoted.writes_away_seconds is not None
        assert former.made_by == ("copied" if fate == "gone" else "rewound")
        await cluster.note(2)
        await cluster.following()
        for node in cluster.nodes.nodes:
            assert await cluster.notes(node) == [1, 2]
    async with running_cluster(data, read_replicas=2) as cluster:
        assert cluster.nodes.primary.number == promoted.primary
        await cluster.following()


async def test_the_timeline_is_the_present_one_before_any_checkpoint(tmp_path: Path) -> None:
    async with running_cluster(tmp_path / "data", read_replicas=1) as cluster:
        # So much to write that the checkpoint after the promotion takes long: it is spread over minutes.
        await cluster.execute(cluster.nodes.primary, "CREATE TABLE much AS SELECT generate_series(1, 100000)")
        await cluster.following()
        former = cluster.nodes.primary
        async with cluster.nodes.turning:
            await cluster.supervisor.stop([former])
            await cluster.nodes.standbys[0].become_primary()
            cluster.nodes.appoint(cluster.nodes.standbys[0])
            primary = (await cluster.nodes.describe())[1]
        assert (primary["role"], primary["timeline"]) == ("primary", 2)


async def test_what_only_the_former_primary_had_is_taken_back(tmp_path: Path) -> None:
    """Without synchronous commits a write may be on one node only. That node follows again all the same."""
    async with running_cluster(tmp_path / "data", read_replicas=1) as cluster:
        former, standby = cluster.nodes.nodes
        await cluster.note(1)
        await cluster.following()
        async with cluster.nodes.turning:
            await cluster.supervisor.stop([standby])
            await cluster.note(2)
            os.kill(former.pid, signal.SIGKILL)
        await cluster.supervisor.stop([former])
        await cluster.supervisor.start([standby])
        await promote(cluster.nodes, cluster.supervisor)
        await cluster.note(3)
        await cluster.following()
        assert await cluster.notes(former) == await cluster.notes(standby) == [1, 3]


async def test_the_one_that_has_most_is_chosen(tmp_path: Path) -> None:
    async with running_cluster(tmp_path / "data", read_replicas=2) as cluster:
        first, second = cluster.nodes.standbys
        await cluster.note(1)
        await cluster.following()
        async with cluster.nodes.turning:
            await cluster.supervisor.stop([first])
            await cluster.note(2)
            os.kill(cluster.nodes.primary.pid, signal.SIGKILL)
            await cluster.supervisor.stop([cluster.nodes.primary])
            await cluster.supervisor.start([first])
        promoted = await promote(cluster.nodes, cluster.supervisor)
        assert promoted.primary == second.number
        await cluster.following(seconds=90)
        for node in cluster.nodes.nodes:
            assert await cluster.notes(node) == [1, 2]


async def test_one_that_is_behind_may_be_named_and_the_others_follow_it(tmp_path: Path) -> None:
    async with running_cluster(tmp_path / "data", read_replicas=2) as cluster:
        first = cluster.nodes.standbys[0]
        await cluster.note(1)
        await cluster.following()
        async with cluster.nodes.turning:
            await cluster.supervisor.stop([first])
            await cluster.note(2)
            os.kill(cluster.nodes.primary.pid, signal.SIGKILL)
            await cluster.supervisor.stop([cluster.nodes.primary])
            await cluster.supervisor.start([first])
        await promote(cluster.nodes, cluster.supervisor, first.number)
        await cluster.note(3)
        await cluster.following(seconds=90)
        for node in cluster.nodes.nodes:
            assert await cluster.notes(node) == [1, 3]


async def test_with_synchronous_commits_all_standbys_must_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The silent one may alone have what was acknowledged last."""
    monkeypatch.setattr("markethall.local.promotion.ANSWER_SECONDS", 1.0)
    async with running_cluster(tmp_path / "data", read_replicas=2, synchronous=True) as cluster:
        silent = cluster.nodes.standbys[0]
        os.kill(silent.pid, signal.SIGSTOP)
        with pytest.raises(LocalError, match=f"node {silent.number} does not answer"):
            await promote(cluster.nodes, cluster.supervisor)
        assert cluster.nodes.primary.number == 1
        await cluster.note(1)
        os.kill(silent.pid, signal.SIGCONT)
        assert (await promote(cluster.nodes, cluster.supervisor)).former == 1


async def test_without_a_standby_nothing_is_done(tmp_path: Path) -> None:
    async with running_cluster(tmp_path / "data", read_replicas=0) as cluster:
        with pytest.raises(LocalError, match="there is no standby"):
            await promote(cluster.nodes, cluster.supervisor)
        await cluster.note(1)


async def test_only_a_standby_can_be_named(tmp_path: Path) -> None:
    async with running_cluster(tmp_path / "data", read_replicas=1) as cluster:
        for number in (1, 4):
            with pytest.raises(LocalError, match=f"node {number} is no standby: they are 2"):
                await promote(cluster.nodes, cluster.supervisor, number)


@pytest.mark.parametrize("point", POINTS)
async def test_a_promotion_broken_off_by_kill_9_is_right_at_the_next_start(tmp_path: Path, point: str) -> None:
    data = tmp_path / "data"
    async with running_cluster(data, read_replicas=2) as cluster:
        await cluster.note(1)
        await cluster.following()
    broken = await asyncio.to_thread(promote_until, data, point)
    assert broken.returncode == -signal.SIGKILL, broken.stderr
    async with running_cluster(data, read_replicas=2) as cluster:
        taken_over = cluster.nodes.primary.number != 1
        assert taken_over == (POINTS.index(point) >= POINTS.index("recorded"))
        await cluster.note(2)
        await cluster.following()
        await all_have(cluster, [1, 2])


def promote_until(data: Path, point: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.local.promote_until", str(data), point],
        timeout=120,
        capture_output=True,
        text=True,
        check=False,
    )


async def all_have(cluster: Cluster, notes: list[int]) -> None:
    for node in cluster.nodes.nodes:
        assert await cluster.notes(node) == notes


async def test_a_stopped_shop_whose_primary_is_gone_gets_another(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with running_cluster(data, read_replicas=2, synchronous=True) as cluster:
        await cluster.note(1)
        with pytest.raises(FolderInUse):
            await promote_stopped(cluster.folder, cluster.credentials.database)
    shutil.rmtree(data / "postgres")
    promoted = await promote_stopped(cluster.folder, cluster.credentials.database)
    assert promoted.primary in (2, 3)
    async with running_cluster(data, read_replicas=2, synchronous=True) as cluster:
        await cluster.note(2)
        await cluster.following()
        await all_have(cluster, [1, 2])


async def test_a_stopped_shop_does_not_promote_a_standby_of_an_earlier_run(tmp_path: Path) -> None:
    """It lacks all that was written since. Who names it is told so."""
    data = tmp_path / "data"
    async with running_cluster(data, read_replicas=1) as cluster:
        await cluster.note(1)
        await cluster.following()
    async with running_cluster(data, read_replicas=0) as cluster:
        await cluster.note(2)
    shutil.rmtree(data / "postgres")
    for _again in range(2):
        with pytest.raises(LocalError, match=r"node 2 lacks what was written since \d{4}-.* UTC.*--node"):
            await promote_stopped(cluster.folder, cluster.credentials.database)
    promoted = await promote_stopped(cluster.folder, cluster.credentials.database, 2)
    assert promoted.primary == 2
    assert promoted.steps[0] == "node 1 did not run"
    assert any("did not have is lost" in step for step in promoted.steps)


async def test_a_standby_that_has_caught_up_again_is_promoted(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for replicas in (1, 0):
        async with running_cluster(data, read_replicas=replicas) as cluster:
            await cluster.note(replicas)
    async with running_cluster(data, read_replicas=1) as cluster:
        await cluster.following()

        async def recorded() -> bool:
            return read_record(cluster.folder).sound == (2,)

        await eventually(recorded)
    shutil.rmtree(data / "postgres")
    promoted = await promote_stopped(cluster.folder, cluster.credentials.database)
    assert promoted.steps == ["node 1 did not run", "node 2 promoted"]
    async with running_cluster(data, read_replicas=0) as cluster:
        assert await cluster.notes(cluster.nodes.primary) == [0, 1]


async def test_a_folder_of_an_earlier_version_needs_a_name(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with running_cluster(data, read_replicas=1) as cluster:
        await cluster.note(1)
        await cluster.following()
    cluster.folder.database.write_text('{"primary":1}')
    with pytest.raises(LocalError, match="nobody knows whether node 2 was part of the last run"):
        await promote_stopped(cluster.folder, cluster.credentials.database)
    promoted = await promote_stopped(cluster.folder, cluster.credentials.database, 2)
    assert any("may be lost" in step for step in promoted.steps)


async def test_a_stopped_synchronous_shop_needs_all_standbys_of_its_run(tmp_path: Path) -> None:
    """The missing one may alone have what was acknowledged last."""
    data = tmp_path / "data"
    async with running_cluster(data, read_replicas=2, synchronous=True) as cluster:
        await cluster.note(1)
        await cluster.following()
    shutil.rmtree(data / "postgres")
    shutil.rmtree(data / "postgres-2")
    with pytest.raises(LocalError, match="node 2 does not answer, and may alone have"):
        await promote_stopped(cluster.folder, cluster.credentials.database)
    assert (await promote_stopped(cluster.folder, cluster.credentials.database, 3)).primary == 3


async def test_a_standby_that_fell_away_during_the_run_is_not_promoted_unnamed(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with running_cluster(data, read_replicas=1) as cluster:
        await cluster.note(1)
        await cluster.following()
        await cluster.supervisor.stop(cluster.nodes.standbys)

        async def recorded() -> bool:
            return 2 in read_record(cluster.folder).behind

        await eventually(recorded)
        await cluster.note(2)
    shutil.rmtree(data / "postgres")
    with pytest.raises(LocalError, match="node 2 lacks what was written since"):
        await promote_stopped(cluster.folder, cluster.credentials.database)
