"""Load at a fixed rate of arrivals, or all at one instant: open loop.

Latency counts from when a request was due, so that a stall shows in all that should have been sent meanwhile.
"""

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import msgspec

from markethall.bench.load.pacemaker import Task, Told
from markethall.bench.load.program import run_to_its_end
from markethall.bench.load.requests import Request, write
from markethall.bench.load.seen import Answer, Seen

PATIENCE_SECONDS = 30.0
START_SECONDS = 60.0
MAX_CONNECTIONS = 2048


async def run(
    address: str,
    requests: Sequence[Request],
    *,
    rate: float,
    seconds: float,
    connections: int = MAX_CONNECTIONS,
) -> Seen:
    """Sends `requests` in turn, `rate` of them a second, on as many connections as it takes, up to `connections`.

    Raises CannotMeasure.
    """
    return _seen(await _run(address, requests, connections, rate, seconds))


async def burst(address: str, requests: Sequence[Request], *, buyers: int) -> tuple[Seen, Sequence[Answer]]:
    """Each of `buyers` sends a request at the same instant, on a connection that was open before: one right after the
    other, for there is one generator; a thousand take some 10 ms.

    Also: what became of each, in the order in which they were sent.

    Raises CannotMeasure.
    """
    told = await _run(address, requests, buyers, 0.0, 0.0)
    return _seen(told), told.outcomes


def _seen(told: Told) -> Seen:
    """`seconds` is from when the first was due to when the last was answered."""
    return Seen(
        answers=sum(told.statuses.values()),
        seconds=round(told.seconds, 6),
        refused=sum(count for status, count in told.statuses.items() if int(status) >= 400),
        broken=told.unanswered,
        latencies_ms=told.latencies_ms,
        cpu_seconds=round(told.cpu_seconds, 3),
        statuses=told.statuses,
        late_ms=told.late_ms,
        by_kind=told.by_kind,
    )


async def _run(address: str, requests: Sequence[Request], connections: int, rate: float, seconds: float) -> Told:
    place = urlsplit(address)
    with tempfile.TemporaryDirectory(prefix="markethall-load-") as folder:
        prepared = Path(folder) / "requests"
        await asyncio.to_thread(write, requests, prepared)
        task = Task(
            host=place.hostname or "127.0.0.1",
            port=place.port or 80,
            requests=str(prepared),
            prefix=uuid4().hex[:12],
            connections=connections,
            rate=rate,
            seconds=seconds,
            patience_seconds=PATIENCE_SECONDS,
        )
        output, _ = await run_to_its_end(
            [sys.executable, "-m", "markethall.bench.load.pacemaker"],
            seconds + PATIENCE_SECONDS + START_SECONDS,
            told=msgspec.json.encode(task),
        )
    return msgspec.json.decode(output, type=Told)
