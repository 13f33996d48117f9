"""Parts that live and do not answer."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from markethall.local import health
from markethall.local.credentials import Credentials
from markethall.local.nats import EmbeddedNats
from markethall.local.postgres import EmbeddedPostgres
from markethall.local.supervisor import Row, Supervisor
from markethall.local.unit import Unit
from tests.support.machine import eventually
from tests.support.shop import alive


@pytest.fixture(params=["nats", "postgres"])
def unit(request: pytest.FixtureRequest, tmp_path: Path, credentials: Credentials) -> Unit:
    if request.param == "nats":
        return EmbeddedNats(tmp_path / "nats", credentials.bus, tmp_path)
    return EmbeddedPostgres(tmp_path / "postgres", credentials.database, tmp_path)


@pytest.fixture
async def kept(unit: Unit) -> AsyncIterator[tuple[Supervisor, list[Row]]]:
    rows: list[Row] = []
    supervisor = Supervisor(rows.append)
    await supervisor.start([unit])
    looking = asyncio.create_task(supervisor.look_after())
    try:
        yield supervisor, rows
    finally:
        looking.cancel()
        await supervisor.stop([unit])


async def test_what_is_suspended_is_ended_and_started_again(
    unit: Unit, kept: tuple[Supervisor, list[Row]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "WEDGED_SECONDS", 1.0)
    monkeypatch.setattr(health, "ANSWER_SECONDS", 0.5)
    supervisor, rows = kept
    await eventually(lambda: supervisor.health(unit) == "answers")
    frozen = unit.pid
    os.kill(frozen, signal.SIGSTOP)
    await eventually(lambda: supervisor.rows[unit].restarts == 1, seconds=60)
    assert not alive(frozen)
    assert "did not answer" in supervisor.rows[unit].detail
    assert "did not answer" in next(row.detail for row in rows if row.state == "down")
    await eventually(lambda: supervisor.health(unit) == "answers")


async def test_a_short_pause_costs_nobody_its_life(unit: Unit, kept: tuple[Supervisor, list[Row]]) -> None:
    supervisor, _ = kept
    before = unit.pid
    os.kill(before, signal.SIGSTOP)
    await eventually(lambda: supervisor.health(unit).startswith("no answer"), seconds=30)
    os.kill(before, signal.SIGCONT)
    await eventually(lambda: supervisor.health(unit) == "answers", seconds=30)
    assert (unit.pid, supervisor.rows[unit].restarts) == (before, 0)
