"""More load than can be answered, by the clock: open loop, by several processes, on connections that are open before.

Nobody sends anything again. Latency counts from when a request was due.
"""

import asyncio
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import msgspec

from markethall.bench.load.flooder import BARE, BROKEN, REFUSED, UNASKED, Task, Told
from markethall.bench.load.program import run_to_its_end
from markethall.bench.load.requests import Request, write
from markethall.bench.load.seen import percentiles_ms

PATIENCE_SECONDS = 30.0
START_SECONDS = 7.0
"""From now to the first request: for the processes to start and open their connections, of which the shop closes those
that ask for nothing in 10 s."""
END_SECONDS = 30.0

__all__ = ["BARE", "BROKEN", "REFUSED", "START_SECONDS", "UNASKED", "Flooded", "run"]


class Flooded(msgspec.Struct, frozen=True):
    """What all processes told together, with the names of `Told`; `counts` and `latencies_ms` by kind of the answer.
    `sent` is what was due and found a connection free; `unanswered` what of it had no answer long after the end.
    """

    sent: int
    unsent: int
    unanswered: int
    counts: Mapping[str, int]
    in_time: Mapping[str, int]
    odd: Mapping[str, int]
    latencies_ms: Mapping[str, Mapping[str, float]]
    orders: Mapping[str, Sequence[str]]
    late_ms: float
    cpu_seconds: float


async def run(
    address: str,
    requests: Sequence[Request],
    *,
    rate: float,
    seconds: float,
    connections: int,
    processes: int,
    begins_at: float,
) -> Flooded:
    """`requests` in turn, each with a key that nobody had before, from `begins_at` of the monotonic clock: some
    `START_SECONDS` from now. Raises CannotMeasure."""
    place = urlsplit(address)
    with tempfile.TemporaryDirectory(prefix="markethall-load-") as folder:
        prepared = Path(folder) / "requests"
        await asyncio.to_thread(write, requests, prepared)
        task = Task(
            host=place.hostname or "127.0.0.1",
            port=place.port or 80,
            requests=str(prepared),
            told="",
            prefix="",
            connections=max(1, connections // processes),
            rate=rate / processes,
            seconds=seconds,
            begins_at=begins_at,
            patience_seconds=PATIENCE_SECONDS,
        )
        told = await asyncio.gather(*(_one(task, Path(folder) / f"told-{number}") for number in range(processes)))
    return _together(told)


async def _one(task: Task, told: Path) -> Told:
    task = msgspec.structs.replace(task, prefix=uuid4().hex[:12], told=str(told))
    await run_to_its_end(
        [sys.executable, "-m", "markethall.bench.load.flooder"],
        START_SECONDS + task.seconds + PATIENCE_SECONDS + END_SECONDS,
        told=msgspec.json.encode(task),
    )
    return msgspec.json.decode(await asyncio.to_thread(told.read_bytes), type=Told)


def _together(told: Sequence[Told]) -> Flooded:
    kinds = sorted({kind for each in told for kind in each.latencies})
    latencies = {kind: [one for each in told for one in each.latencies.get(kind, ())] for kind in kinds}
    in_time, odd = Counter[str](), Counter[str]()
    for each in told:
        in_time.update(each.in_time)
        odd.update(each.odd)
    late = [one for each in told for one in each.late]
    return Flooded(
        sent=len(late),
        unsent=sum(each.unsent for each in told),
        unanswered=sum(each.unanswered for each in told),
        counts={kind: len(found) for kind, found in latencies.items()},
        in_time=dict(in_time),
        odd=dict(odd),
        latencies_ms={kind: percentiles_ms(found) for kind, found in latencies.items()},
        orders={status: [one for each in told for one in each.orders[status]] for status in ("201", "202")},
        late_ms=percentiles_ms(late).get("p99", 0.0),
        cpu_seconds=sum(each.cpu_seconds for each in told),
    )
