"""A process that sends requests when they are due to somebody who cannot answer them all. Started by `flood`.

All its connections are open before the first is due. What is due while all of them are busy is not sent, and counted.
Reads a `Task` as JSON on standard input, and writes a `Told` into a file: it is megabytes.
"""

import asyncio
import sys
from array import array
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic, process_time

import msgspec

from markethall.bench.load.connection import Connection
from markethall.bench.load.process import run_undisturbed
from markethall.bench.load.requests import Request, read

TICK_SECONDS = 0.001
CONNECT_SECONDS = 10.0
AT_ONCE = 128
"""Connections that are opened at the same time."""
BARE = " without Retry-After"
BROKEN = "broken"
LOCATION = b"\r\nlocation: /api/orders/"
ID_CHARACTERS = 36


class Task(msgspec.Struct, frozen=True):
    """`rate` a second for `seconds`, from `begins_at` of the machine's monotonic clock. `requests`, `told`: files."""

    host: str
    port: int
    requests: str
    told: str
    prefix: str
    connections: int
    rate: float
    seconds: float
    begins_at: float
    patience_seconds: float


class Told(msgspec.Struct, frozen=True):
    """`latencies` (s) from when each was due, by kind of the answer: a status, with `BARE` if it is 503 and does not
    say when to come again; `BROKEN`. `in_time`: how many of a kind were answered before the load's end. `unsent`: due
    while all connections were busy. `orders`: ids of those that were told of, by status. `late`: how late each was
    sent (s). `cpu_seconds`: until the load's end.
    """

    unsent: int
    unanswered: int
    latencies: Mapping[str, Sequence[float]]
    in_time: Mapping[str, int]
    orders: Mapping[str, Sequence[str]]
    late: Sequence[float]
    cpu_seconds: float


def main() -> None:
    task = msgspec.json.decode(sys.stdin.buffer.read(), type=Task)
    flooder = _Flooder(task, read(Path(task.requests)))
    Path(task.told).write_bytes(msgspec.json.encode(run_undisturbed(flooder.run)))


class _Flooder:
    def __init__(self, task: Task, requests: Sequence[Request]) -> None:
        self._task = task
        self._requests = requests
        self._prefix = task.prefix.encode()
        self._ends_at = task.begins_at + task.seconds
        self._idle: deque[Connection] = deque()
        """Used in turn: one that had nothing to send for seconds would be closed by the shop."""
        self._connections: set[Connection] = set()
        self._opening: set[asyncio.Task[None]] = set()
        self._due = array("d")
        """When each was due, by its number."""
        self._late = array("d")
        self._unsent = 0
        self._under_way = 0
        self._is_over = False
        self._all_answered = asyncio.Event()
        self._latencies: dict[str, array[float]] = defaultdict(lambda: array("d"))
        self._in_time: dict[str, int] = defaultdict(int)
        self._orders: dict[str, list[str]] = {"201": [], "202": []}

    async def run(self) -> Told:
        """Raises OSError; TimeoutError: not all connections were open in time."""
        task = self._task
        for at in range(0, task.connections, AT_ONCE):
            await asyncio.gather(*(self._open() for _ in range(min(AT_ONCE, task.connections - at))))
        if monotonic() > task.begins_at:
            raise TimeoutError("opening the connections took too long")
        await asyncio.sleep(task.begins_at - monotonic())
        cpu = process_time()
        await self._send_all()
        cpu = process_time() - cpu
        self._is_over = True
        if self._under_way:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._all_answered.wait(), task.patience_seconds)
        unanswered = self._under_way
        for connection in list(self._connections):
            connection.close()
        return Told(
            self._unsent,
            unanswered,
            {kind: list(latencies) for kind, latencies in self._latencies.items()},
            self._in_time,
            self._orders,
            list(self._late),
            cpu,
        )

    async def _send_all(self) -> None:
        task, total = self._task, int(self._task.rate * self._task.seconds)
        while len(self._due) < total:
            now = monotonic()
            for number in range(len(self._due), min(total, int((now - task.begins_at) * task.rate) + 1)):
                due = task.begins_at + number / task.rate
                self._due.append(due)
                if self._idle:
                    self._late.append(now - due)
                    self._under_way += 1
                    head, tail, _ = self._requests[number % len(self._requests)]
                    self._idle.popleft().send(b"%b%b-%d%b" % (head, self._prefix, number, tail), number)
                else:
                    self._unsent += 1
            await asyncio.sleep(TICK_SECONDS)
        await asyncio.sleep(max(0.0, self._ends_at - monotonic()))

    def _on_answer(self, connection: Connection, status: int, body: bytes) -> None:
        now = monotonic()
        kind = str(status) if status else BROKEN
        if status in (201, 202):
            at = connection.head.find(LOCATION) + len(LOCATION)
            self._orders[kind].append(connection.head[at : at + ID_CHARACTERS].decode())
        elif status == 503 and b"\r\nretry-after: " not in connection.head:
            kind += BARE
        self._latencies[kind].append(now - self._due[connection.tag])
        self._in_time[kind] += now < self._ends_at
        self._under_way -= 1
        if status:
            self._idle.append(connection)
        if self._is_over and not self._under_way:
            self._all_answered.set()

    def _on_loss(self, connection: Connection) -> None:
        self._connections.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        if not self._is_over:
            opening = asyncio.create_task(self._open_again())
            self._opening.add(opening)
            opening.add_done_callback(self._opening.discard)

    async def _open_again(self) -> None:
        with suppress(OSError):
            await self._open()

    async def _open(self) -> None:
        """Raises OSError; a time-out is one, too."""
        async with asyncio.timeout(CONNECT_SECONDS):
            _, connection = await asyncio.get_running_loop().create_connection(
                lambda: Connection(self._on_answer, self._on_loss), self._task.host, self._task.port
            )
        self._connections.add(connection)
        self._idle.append(connection)


if __name__ == "__main__":
    main()
