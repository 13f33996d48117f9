"""`markethall evaluate` that is broken off leaves nothing behind, whatever it was doing."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.shop import MARKETHALL

SECONDS = 60.0


@pytest.mark.journey
@pytest.mark.parametrize(
    ("command", "moment", "shops"),
    [
        ("failover", "data/postgres.unfinished/PG_VERSION", 1),
        ("failover", "data/postgres/postmaster.pid", 1),
        ("cache", "data/postgres/postmaster.pid", 2),
    ],
)
def test_breaking_off_leaves_no_folder_with_passwords(tmp_path: Path, command: str, moment: str, shops: int) -> None:
    """While initdb runs, and while the rest of the shop starts; of two, while the second one does."""
    temporary, out = tmp_path / "temporary", tmp_path / "out"
    temporary.mkdir(mode=0o755)
    with subprocess.Popen(
        [*MARKETHALL, "evaluate", command, "--to", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(temporary)},
    ) as running:
        deadline = time.monotonic() + SECONDS
        while len(list(temporary.glob(f"markethall-{command}-*/{moment}"))) < shops:
            assert running.poll() is None, running.communicate()
            assert time.monotonic() < deadline, f"{moment} was never there"
            time.sleep(0.002)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=SECONDS)
    assert (running.returncode, said.splitlines()[-1:]) == (130, ["markethall: broken off"])
    assert list(temporary.glob("markethall-*")) == []
