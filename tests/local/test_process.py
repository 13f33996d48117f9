"""Child processes end with their parent, however it ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from markethall.local.errors import StartFailed
from markethall.local.logs import JsonLog
from markethall.local.process import PORT_ATTEMPTS, Child, Command, start, start_ready
from markethall.local.scheduling import SLICE_SECONDS, slice_seconds
from tests.support.machine import eventually
from tests.support.shop import alive

PARENT = """
import asyncio, os, sys
from pathlib import Path
from markethall.local.logs import JsonLog
from markethall.local.process import Command, start

async def main():
    log = JsonLog(Path(sys.argv[1]), "child", "1")
    child = await start(Command(["sleep", "300"], os.environ), log)
    print(child.pid, flush=True)
    await child.wait()

asyncio.run(main())
"""
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(300)"
)


def has_shorter_slice() -> bool:
    """Than a shop's processes are given; 0.0: it cannot be chosen."""
    return 0.0 < (slice_seconds(0) or 0.0) < SLICE_SECONDS


def command(*args: str) -> Command:
    return Command(args, os.environ)


@pytest.fixture
def parent(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


async def test_a_child_dies_with_a_parent_that_was_killed(parent: subprocess.Popen[str]) -> None:
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert alive(child)
    parent.kill()
    await eventually(lambda: not alive(child))


@pytest.mark.skipif(not has_shorter_slice(), reason="Linux lets a process choose since 6.12")
async def test_a_child_keeps_its_core_for_longer(tmp_path: Path) -> None:
    log = JsonLog(tmp_path, "child", "1")
    before = slice_seconds(0)
    child = await start(command("sleep", "300"), log)
    try:
        assert slice_seconds(child.pid) == SLICE_SECONDS
        assert slice_seconds(0) == before, "whoever starts it keeps their own"
    finally:
        await child.stop([(signal.SIGTERM, 5.0)])


async def test_who_will_not_end_is_killed(tmp_path: Path) -> None:
    log = JsonLog(tmp_path, "deaf", "1")
    child = await start(command(sys.executable, "-c", STUBBORN), log)
    await eventually(lambda: "deaf" in log.path.read_text())
    assert await child.stop([(signal.SIGTERM, 0.2)]) == -signal.SIGKILL


async def test_grandchildren_end_too(tmp_path: Path) -> None:
    log = JsonLog(tmp_path, "shell", "1")
    child = await start(command("sh", "-c", "sleep 300 & echo $!; wait"), log)
    await eventually(lambda: "message" in log.path.read_text())
    grandchild = int(log.last_words(1))
    await child.stop([(signal.SIGTERM, 5.0)])
    await eventually(lambda: not alive(grandchild))


async def test_all_that_was_said_is_in_the_log(tmp_path: Path) -> None:
    log = JsonLog(tmp_path, "talker", "1")
    child = await start(command("sh", "-c", "seq 1 20000; echo last >&2"), log)
    assert await child.wait() == 0
    await child.stop(())
    lines = log.path.read_text().splitlines()
    assert len(lines) == 20_001
    assert log.last_words(1) == "last"


async def test_one_whose_port_is_taken_is_tried_again_and_then_given_up(tmp_path: Path) -> None:
    attempts: list[int] = []

    def next_command(attempt: int) -> Command:
        attempts.append(attempt)
        return command("sh", "-c", f"echo bind: Address already in use, attempt {attempt}; exit 1")

    async def never(child: Child) -> bool:
        return False

    with pytest.raises(StartFailed, match=r"tester does not start: .*attempt 4 \(see .*tester-1\.jsonl\)"):
        await start_ready(
            "tester",
            next_command,
            lambda: JsonLog(tmp_path, "tester", "1"),
            never,
            lambda child: None,
            seconds=10,
            stop_steps=(),
        )
    assert attempts == list(range(PORT_ATTEMPTS))


async def test_one_that_ends_for_another_reason_is_not_tried_again(tmp_path: Path) -> None:
    attempts: list[int] = []

    def next_command(attempt: int) -> Command:
        attempts.append(attempt)
        return command("sh", "-c", "echo no such option; exit 2")

    async def never(child: Child) -> bool:
        return False

    with pytest.raises(StartFailed, match="tester does not start: no such option"):
        await start_ready(
            "tester",
            next_command,
            lambda: JsonLog(tmp_path, "tester", "1"),
            never,
            lambda child: None,
            seconds=10,
            stop_steps=(),
        )
    assert attempts == [0]


async def test_one_that_is_never_ready_is_ended(tmp_path: Path) -> None:
    started: list[Child] = []

    async def never(child: Child) -> bool:
        return False

    with pytest.raises(StartFailed, match="not ready within"):
        await start_ready(
            "sleeper",
            lambda attempt: command("sleep", "300"),
            lambda: JsonLog(tmp_path, "sleeper", "1"),
            never,
            started.append,
            seconds=0.2,
            stop_steps=[(signal.SIGTERM, 5.0)],
        )
    assert [child.exit_code for child in started] == [-signal.SIGTERM]
