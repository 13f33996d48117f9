"""What the supervisor does with units that die, will not start, or are asked to end."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from markethall.local.errors import LocalError, StartFailed
from markethall.local.logs import JsonLog
from markethall.local.process import Child, Command, start
from markethall.local.supervisor import MAX_BACKOFF_SECONDS, Row, Supervisor, _backoff
from tests.support.machine import eventually
from tests.support.shop import alive


class Sleeper:
    """A unit that sleeps. The starts whose numbers are in `fails` fail; they are counted from 1."""

    service = "sleeper"
    url = "http://127.0.0.1:9"

    def __init__(self, logs: Path, replica: str = "1", *, fails: range = range(0)) -> None:
        self.replica = replica
        self.starts = 0
        self._logs = logs
        self._fails = fails
        self._child: Child | None = None

    @property
    def pid(self) -> int:
        return self._child.pid if self._child else 0

    async def start(self) -> None:
        self.starts += 1
        if self.starts in self._fails:
            raise StartFailed(f"sleeper {self.replica} does not start")
        self._child = await start(Command(["sleep", "300"], os.environ), JsonLog(self._logs, "sleeper", self.replica))

    async def wait(self) -> int:
        assert self._child is not None
        return await self._child.wait()

    async def stop(self) -> None:
        if self._child is not None:
            await self._child.stop([(signal.SIGTERM, 5.0)])

    def kill(self) -> None:
        if self._child is not None:
            self._child.send(signal.SIGKILL)


@pytest.fixture
def rows() -> list[Row]:
    """Every change that the supervisor told of."""
    return []


@pytest.fixture
def supervisor(rows: list[Row]) -> Supervisor:
    return Supervisor(rows.append)


async def test_what_dies_is_started_again(supervisor: Supervisor, rows: list[Row], tmp_path: Path) -> None:
    unit = Sleeper(tmp_path)
    await supervisor.start([unit])
    try:
        for restarts in (1, 2):
            killed = unit.pid
            os.kill(killed, signal.SIGKILL)
            await eventually(lambda n=restarts: supervisor.rows[unit].restarts == n)  # type: ignore[misc]
            assert unit.pid != killed
            assert alive(unit.pid)
        assert "ended by signal 9" in {row.detail for row in rows}
    finally:
        await supervisor.stop([unit])


async def test_one_that_does_not_come_back_is_tried_until_it_does(supervisor: Supervisor, tmp_path: Path) -> None:
    unit = Sleeper(tmp_path, fails=range(2, 5))
    await supervisor.start([unit])
    try:
        os.kill(unit.pid, signal.SIGKILL)
        await eventually(lambda: supervisor.rows[unit].state == "up" and unit.starts == 5)
    finally:
        await supervisor.stop([unit])


def test_the_pauses_double_up_to_a_limit() -> None:
    pauses = _backoff()
    taken = [next(pauses) for _ in range(12)]
    assert taken[:4] == [0.1, 0.2, 0.4, 0.8]
    assert taken[-1] == MAX_BACKOFF_SECONDS


async def test_if_one_cannot_start_the_error_is_its_own_and_the_others_can_be_stopped(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    good, bad = Sleeper(tmp_path, "good"), Sleeper(tmp_path, "bad", fails=range(1, 2))
    with pytest.raises(LocalError, match="sleeper bad does not start"):
        await supervisor.start([good, bad])
    await supervisor.stop([good, bad])
    assert not alive(good.pid)


async def test_what_is_stopped_stays_stopped(supervisor: Supervisor, tmp_path: Path) -> None:
    units = [Sleeper(tmp_path, str(number)) for number in range(3)]
    await supervisor.start(units)
    await supervisor.stop(units)
    assert [supervisor.rows[unit].state for unit in units] == ["stopped"] * 3
    assert not any(alive(unit.pid) for unit in units)
    assert [unit.starts for unit in units] == [1, 1, 1]


async def test_giving_up_ends_all_at_once_and_restarts_nothing(supervisor: Supervisor, tmp_path: Path) -> None:
    units = [Sleeper(tmp_path, str(number)) for number in range(3)]
    await supervisor.start(units)
    supervisor.give_up()
    await asyncio.gather(*(unit.wait() for unit in units))
    await supervisor.stop(units)
    assert [unit.starts for unit in units] == [1, 1, 1]
