"""A service that cannot start yet: it ends at once when it is told to, and says in a line why it gave up."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from markethall.local.nats import EmbeddedNats
from markethall.local.ports import free_port
from tests.support.machine import Machine, eventually


@asynccontextmanager
async def starting(
    service: str, output: Path, bus_url: str, database_url: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MARKETHALL_")}
    settings = {"MARKETHALL_BUS_URL": bus_url, "MARKETHALL_DATABASE_URL": database_url}
    with output.open("wb") as log:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "markethall",
            "serve",
            service,
            env=inherited | settings,
            stdout=log,
            stderr=asyncio.subprocess.STDOUT,
        )
    try:
        yield child
    finally:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()


def nowhere() -> str:
    return f"postgresql://a:b@127.0.0.1:{free_port()}/x"


@pytest.mark.parametrize(("number", "codes"), [(signal.SIGTERM, (-signal.SIGTERM,)), (signal.SIGINT, (130,))])
async def test_one_that_waits_for_its_database_ends_when_told(
    nats: EmbeddedNats, tmp_path: Path, number: signal.Signals, codes: tuple[int, ...]
) -> None:
    output = tmp_path / "output"
    async with starting("orders", output, nats.url_for("orders"), nowhere()) as child:
        await eventually(says(output, "database not reachable yet"), seconds=60)
        before = output.read_text().count("not reachable yet")
        child.send_signal(number)
        assert await asyncio.wait_for(child.wait(), 20) in codes
    said = output.read_text()
    assert "Traceback" not in said
    assert "cannot start" not in said
    assert said.count("not reachable yet") <= before + 1


async def test_one_that_gives_up_says_why_in_a_line(nats: EmbeddedNats, machine: Machine, tmp_path: Path) -> None:
    output = tmp_path / "output"
    right = urlsplit(await machine.new_database("orders"))
    wrong = right._replace(netloc=f"{right.username}:wrong@{right.netloc.rpartition('@')[2]}").geturl()
    async with starting("orders", output, nats.url_for("orders"), wrong) as child:
        assert await asyncio.wait_for(child.wait(), 60) == 3
    said = output.read_text()
    assert "Traceback" not in said
    (line,) = (json.loads(line) for line in said.splitlines() if '"error"' in line)
    assert line["event"] == "cannot start"
    assert "password" in line["reason"]


def says(output: Path, words: str) -> Callable[[], bool]:
    return lambda: words in output.read_text()
