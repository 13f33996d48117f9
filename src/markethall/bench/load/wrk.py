"""Load by `wrk`: closed loop, each connection sends its next request when the last was answered.

It is compiled and takes some microseconds a request; a generator in Python would be the bottleneck.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Sequence
from importlib.resources import as_file, files
from pathlib import Path
from uuid import uuid4

import msgspec

from markethall.bench.errors import CannotMeasure, GeneratorMissing
from markethall.bench.load.program import run_to_its_end
from markethall.bench.load.requests import Request, write
from markethall.bench.load.seen import Seen

ANSWER_SECONDS = 30
"""What takes longer is counted as broken."""
END_SECONDS = 30.0
"""Beyond the run's own length."""
HOW_TO_GET_IT = (
    "`wrk` makes the load and is not on the PATH: apt-get install wrk (or `scripts/machine` in the checkout)"
)
MARK = "MARKETHALL "


class _Told(msgspec.Struct, frozen=True):
    answers: int
    microseconds: int
    refused: int
    broken: int
    statuses: dict[str, int]
    latencies: dict[str, int]


def find() -> str:
    """Raises GeneratorMissing."""
    found = shutil.which("wrk")
    if found is None:
        raise GeneratorMissing(HOW_TO_GET_IT)
    return found


async def run(
    address: str,
    requests: Sequence[Request],
    *,
    connections: int,
    seconds: float,
    threads: int = 1,
    count_statuses: bool = False,
) -> Seen:
    """Sends `requests` in turn on `connections`, for `seconds` (whole ones).

    Orders that are under way at the end are cut off: the shop has them, and their buyers never hear.
    `count_statuses` costs some CPU; a local shop counts them itself.

    Raises GeneratorMissing, CannotMeasure.
    """
    program, threads = find(), min(threads, connections)
    with (
        tempfile.TemporaryDirectory(prefix="markethall-load-") as folder,
        as_file(files("markethall.bench.load") / "wrk.lua") as script,
    ):
        prepared = Path(folder) / "requests"
        await asyncio.to_thread(write, requests, prepared)
        arguments = [f"-t{threads}", f"-c{connections}", f"-d{max(1, round(seconds))}s", f"--timeout={ANSWER_SECONDS}s"]
        given = [str(prepared), uuid4().hex[:12], *(["statuses"] if count_statuses else [])]
        output, cpu_seconds = await run_to_its_end(
            [program, *arguments, "-s", str(script), address, "--", *given], seconds + ANSWER_SECONDS + END_SECONDS
        )
    return _read(output.decode(errors="replace"), cpu_seconds)


def _read(output: str, cpu_seconds: float) -> Seen:
    for line in output.splitlines():
        if line.startswith(MARK):
            told = msgspec.json.decode(line.removeprefix(MARK), type=_Told)
            return Seen(
                answers=told.answers,
                seconds=told.microseconds / 1e6,
                refused=told.refused,
                broken=told.broken,
                latencies_ms={name: microseconds / 1000 for name, microseconds in told.latencies.items()},
                cpu_seconds=round(cpu_seconds, 3),
                statuses=told.statuses or None,
            )
    raise CannotMeasure(f"wrk told nothing: {output.strip()[-300:]}")
