"""The process that sends requests when they are due, whatever became of the earlier ones. Started by `steady`.

Reads a `Task` as JSON on standard input, and writes a `Told` on standard output.
"""

import asyncio
import sys
from array import array
from collections import Counter, deque
from contextlib import suppress
from pathlib import Path
from time import perf_counter, process_time

import msgspec

from markethall.bench.load.connection import Connection
from markethall.bench.load.process import run_undisturbed
from markethall.bench.load.requests import Request, read
from markethall.bench.load.seen import Answer, percentiles_ms

TICK_SECONDS = 0.001
"""The clock of the event loop is no finer. What falls due in the nearer half of a tick is sent now."""
CONNECT_SECONDS = 10.0
AT_ONCE = 128
"""Connections that are opened at the same time."""


class Task(msgspec.Struct, frozen=True):
    """`rate` a second for `seconds`. Rate 0: all of `connections` send one request at the same instant.

    What is due when all `connections` are busy waits for one of them. `patience_seconds`: for what is under way
    at the end.
    """

    host: str
    port: int
    requests: str
    prefix: str
    connections: int
    rate: float
    seconds: float
    patience_seconds: float


class Told(msgspec.Struct, frozen=True):
    """`outcomes`: what became of each request, in the order in which they were sent; only of a burst.
    `by_kind`: latencies, where requests have kinds.
    """

    due: int
    statuses: dict[str, int]
    unanswered: int
    seconds: float
    latencies_ms: dict[str, float]
    late_ms: float
    cpu_seconds: float
    outcomes: list[Answer]
    by_kind: dict[str, dict[str, float]]


def main() -> None:
    task = msgspec.json.decode(sys.stdin.buffer.read(), type=Task)
    pacemaker = _Pacemaker(task, read(Path(task.requests)))
    sys.stdout.buffer.write(msgspec.json.encode(run_undisturbed(pacemaker.run)))


class _Pacemaker:
    def __init__(self, task: Task, requests: list[Request]) -> None:
        self._task = task
        self._requests = requests
        self._idle: list[Connection] = []
        self._opened = 0
        self._due = array("d")
        """When each request was due, by its number."""
        self._answered = 0
        self._total = int(task.rate * task.seconds) if task.rate else task.connections
        self._latencies = array("d")
        self._kinds = [each.kind for each in requests]
        self._by_kind = {kind: array("d") for kind in self._kinds if kind}
        self._late = array("d")
        self._sent = array("d")
        """When each request of a burst had been written."""
        self._outcomes: list[Answer] = []
        self._statuses: Counter[int] = Counter()
        self._waiting: deque[int] = deque()
        """Numbers of requests that are due while all connections are busy."""
        self._all_answered = asyncio.Event()
        self._opening: set[asyncio.Task[None]] = set()
        self._connections: set[Connection] = set()

    async def run(self) -> Told:
        task = self._task
        await self._open_all()
        cpu, began = process_time(), perf_counter()
        if task.rate:
            await self._at_the_rate(began)
        else:
            self._all_at_once(began)
        if self._answered < len(self._due):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._all_answered.wait(), task.patience_seconds)
        ended = perf_counter()
        for connection in self._connections:
            connection.close()
        for opening in self._opening:
            opening.cancel()
        return Told(
            due=len(self._due),
            statuses={str(status): count for status, count in sorted(self._statuses.items()) if status},
            unanswered=len(self._due) - self._answered + self._statuses[0],
            seconds=ended - began,
            latencies_ms=percentiles_ms(self._latencies),
            late_ms=percentiles_ms(self._late).get("p99", 0.0),
            cpu_seconds=process_time() - cpu,
            outcomes=self._outcomes,
            by_kind={kind: percentiles_ms(latencies) for kind, latencies in self._by_kind.items()},
        )

    async def _at_the_rate(self, began: float) -> None:
        rate, total = self._task.rate, self._total
        while True:
            now = perf_counter()
            for number in range(len(self._due), min(total, int((now - began + TICK_SECONDS / 2) * rate) + 1)):
                due = min(now, began + number / rate)
                self._due.append(due)
                self._late.append(now - due)
                self._send(number)
            if len(self._due) >= total:
                return
            await asyncio.sleep(max(TICK_SECONDS, began + len(self._due) / rate - perf_counter()))

    def _all_at_once(self, began: float) -> None:
        count = self._task.connections
        self._due.extend([began] * count)
        for number in range(count):
            self._send(number)
            self._sent.append(perf_counter() - began)
        self._outcomes = [Answer(0, 0.0, round(sent * 1000, 3)) for sent in self._sent]
        self._late.append(self._sent[-1])

    def _send(self, number: int) -> None:
        if self._idle:
            self._idle.pop().send(self._bytes(number), number)
            return
        self._waiting.append(number)
        if self._opened < self._task.connections:
            self._begin_to_open()

    def _bytes(self, number: int) -> bytes:
        head, tail, _ = self._requests[number % len(self._requests)]
        return b"%b%b-%d%b" % (head, self._task.prefix.encode(), number, tail) if tail else head

    def _on_answer(self, connection: Connection, status: int, body: bytes) -> None:
        latency = perf_counter() - self._due[connection.tag]
        self._statuses[status] += 1
        self._answered += 1
        if status:
            self._latencies.append(latency)
            if self._by_kind:
                self._by_kind[self._kinds[connection.tag % len(self._kinds)]].append(latency)
            if self._outcomes:
                sent_ms = self._outcomes[connection.tag].sent_ms
                self._outcomes[connection.tag] = Answer(status, round(latency * 1000, 3), sent_ms)
            self._free(connection)
        if self._answered >= self._total:
            self._all_answered.set()

    def _free(self, connection: Connection) -> None:
        if self._waiting:
            number = self._waiting.popleft()
            connection.send(self._bytes(number), number)
        else:
            self._idle.append(connection)

    def _on_loss(self, connection: Connection) -> None:
        self._opened -= 1
        self._connections.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)

    async def _open_all(self) -> None:
        """A burst needs all of them; a steady stream opens more as it needs them. Raises OSError."""
        count = self._task.connections if not self._task.rate else min(self._task.connections, AT_ONCE)
        for at in range(0, count, AT_ONCE):
            await asyncio.gather(*(self._open() for _ in range(min(AT_ONCE, count - at))))

    def _begin_to_open(self) -> None:
        async def open_one() -> None:
            with suppress(OSError):  # what it was for waits for another
                await self._open()

        opening = asyncio.create_task(open_one())
        self._opening.add(opening)
        opening.add_done_callback(self._opening.discard)

    async def _open(self) -> None:
        """Raises OSError; a time-out is one, too."""
        self._opened += 1
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                _, connection = await loop.create_connection(
                    lambda: Connection(self._on_answer, self._on_loss), self._task.host, self._task.port
                )
        except OSError:
            self._opened -= 1
            raise
        self._connections.add(connection)
        self._free(connection)


if __name__ == "__main__":
    main()
