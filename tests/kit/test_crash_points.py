"""Crash points: each in the table is in the code once, and one that is not cannot be armed."""

import os
import re
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import markethall
from markethall.kit import crash_points
from markethall.kit.crash_points import CRASH_POINTS, DEVICE_CRASH_POINTS, UnknownCrashPoint, arm

SOURCE = Path(markethall.__file__).parent
PASSING = "from markethall.kit.crash_points import arm, crash_point; import os; arm(os.environ['ARMED']);"


def test_every_crash_point_is_placed_exactly_once() -> None:
    placed = Counter(
        name
        for file in SOURCE.rglob("*.py")
        if file.name != "crash_points.py"
        for name in re.findall(r'crash_point\("([^"]+)"\)', file.read_text())
    )
    assert placed == Counter(dict.fromkeys((*CRASH_POINTS, *DEVICE_CRASH_POINTS), 1))


@pytest.mark.parametrize(
    "setting", ["orders.place.befor_commit", "orders.place.before_commit:0", "relay.before_publish:x"]
)
def test_what_is_no_crash_point_is_refused(setting: str) -> None:
    with pytest.raises(UnknownCrashPoint):
        arm(setting)
    assert not crash_points._left


def test_a_replica_that_is_told_an_unknown_one_does_not_start() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "markethall", "serve", "orders"],
        env=os.environ | {"MARKETHALL_CRASH_POINTS": "nowhere"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "there is no crash point 'nowhere'" in done.stderr


@pytest.mark.parametrize(
    ("armed", "ends", "passed"),
    [
        ("", 0, 3),
        ("relay.before_commit", 0, 3),
        ("relay.before_publish", -signal.SIGKILL, 0),
        ("relay.before_publish:3", -signal.SIGKILL, 2),
    ],
)
def test_a_process_dies_at_the_passing_that_is_named(armed: str, ends: int, passed: int) -> None:
    program = f"{PASSING}\nfor _ in range(3): crash_point('relay.before_publish'); print('passed', flush=True)"
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | {"ARMED": armed}, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout.count("passed")) == (ends, passed)
