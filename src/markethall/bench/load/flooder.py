"""A process that sends requests when they are due to somebody who cannot answer them all. Started by `flood`.

All its connections are open before the first is due. What is due while all of them are busy is not sent, and counted.
Reads a `Task` as JSON on standard input, and writes a `Told` into a file: it is megabytes.

It has no event loop: whatever came is read once a tick. On a machine that it shares with the shop, what it takes for a
request the shop lacks.
"""

import socket
import sys
from array import array
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from select import EPOLLIN, EPOLLOUT, epoll
from time import monotonic, process_time, sleep

import msgspec

from markethall.bench.load.framing import size_of_answer
from markethall.bench.load.process import be_undisturbed
from markethall.bench.load.requests import Request, read

TICK_SECONDS = 0.001
CONNECT_SECONDS = 10.0
AT_ONCE = 128
"""Connections that are opened at the same time."""
AGAIN_A_TICK = 4
"""So many of those that were lost are opened again."""
READ_BYTES = 16 << 10
BARE = " without Retry-After"
BROKEN = "broken"
REFUSED = "connections refused"
UNASKED = "answers that nobody had asked for"
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
    while all connections were busy. `odd`: what should not have been, besides. `orders`: ids of those that were told
    of, by status. `late`: how late each was sent (s). `cpu_seconds`: until the load's end.
    """

    unsent: int
    unanswered: int
    latencies: Mapping[str, Sequence[float]]
    in_time: Mapping[str, int]
    odd: Mapping[str, int]
    orders: Mapping[str, Sequence[str]]
    late: Sequence[float]
    cpu_seconds: float


def main() -> None:
    task = msgspec.json.decode(sys.stdin.buffer.read(), type=Task)
    flooder = _Flooder(task, read(Path(task.requests)))
    be_undisturbed()
    Path(task.told).write_bytes(msgspec.json.encode(flooder.run()))


class _Connection:
    """And what is under way on it: the number of the request, -1 for none."""

    __slots__ = ("number", "pending", "socket")

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        self.number = -1
        self.pending = b""


class _Flooder:
    def __init__(self, task: Task, requests: Sequence[Request]) -> None:
        self._task = task
        self._requests = requests
        self._prefix = task.prefix.encode()
        self._ends_at = task.begins_at + task.seconds
        found = socket.getaddrinfo(task.host, task.port, type=socket.SOCK_STREAM)[0]
        self._family, self._address = found[0], found[4]
        self._poll = epoll()
        self._connections: dict[int, _Connection] = {}
        """All that are open, by the number of their file."""
        self._opening: dict[int, socket.socket] = {}
        self._missing = task.connections
        """To be opened, or opened again."""
        self._idle: deque[_Connection] = deque()
        """Used in turn: one that had nothing to send for seconds would be closed by the shop."""
        self._due = array("d")
        """When each was due, by its number."""
        self._late = array("d")
        self._unsent = 0
        self._under_way = 0
        self._latencies: dict[str, array[float]] = defaultdict(lambda: array("d"))
        self._in_time: dict[str, int] = defaultdict(int)
        self._odd: dict[str, int] = defaultdict(int)
        self._orders: dict[str, list[str]] = {"201": [], "202": []}

    def run(self) -> Told:
        """Raises TimeoutError, ConnectionError: not all connections were open in time, or some were refused."""
        task = self._task
        self._open_all()
        while monotonic() < task.begins_at:
            self._hear()
        cpu = process_time()
        self._send_all()
        cpu = process_time() - cpu
        given_up_at = monotonic() + task.patience_seconds
        while self._under_way and monotonic() < given_up_at:
            self._hear()
        return Told(
            self._unsent,
            self._under_way,
            {kind: list(latencies) for kind, latencies in self._latencies.items()},
            self._in_time,
            self._odd,
            self._orders,
            list(self._late),
            cpu,
        )

    def _open_all(self) -> None:
        given_up_at = min(monotonic() + CONNECT_SECONDS, self._task.begins_at)
        while self._missing or self._opening:
            if monotonic() > given_up_at:
                raise TimeoutError("opening the connections took too long")
            self._open(AT_ONCE)
            self._hear()
            if self._odd:
                raise ConnectionError("the shop does not take connections")

    def _open(self, most: int) -> None:
        """Begins to; whether they are open is heard."""
        for _ in range(min(self._missing, most, AT_ONCE - len(self._opening))):
            opening = socket.socket(self._family)
            opening.setblocking(False)
            opening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            opening.connect_ex(self._address)
            self._opening[opening.fileno()] = opening
            self._poll.register(opening.fileno(), EPOLLOUT)
            self._missing -= 1

    def _send_all(self) -> None:
        task, total = self._task, int(self._task.rate * self._task.seconds)
        while (now := monotonic()) < self._ends_at or len(self._due) < total:
            for number in range(len(self._due), min(total, int((now - task.begins_at) * task.rate) + 1)):
                due = task.begins_at + number / task.rate
                self._due.append(due)
                if self._idle:
                    self._late.append(now - due)
                    self._send(self._idle.popleft(), number)
                else:
                    self._unsent += 1
            self._open(AGAIN_A_TICK)
            self._hear()

    def _send(self, connection: _Connection, number: int) -> None:
        head, tail, _ = self._requests[number % len(self._requests)]
        request = b"%b%b-%d%b" % (head, self._prefix, number, tail)
        connection.number = number
        self._under_way += 1
        try:
            is_sent = connection.socket.send(request) == len(request)
        except OSError:
            is_sent = False
        if not is_sent:  # nothing is under way on it that could fill it
            self._lose(connection)

    def _hear(self) -> None:
        """What came, a tick from now: together, so that it is few wake-ups."""
        sleep(TICK_SECONDS)
        connections = self._connections
        for file, events in self._poll.poll(0, max(1, self._task.connections)):
            connection = connections.get(file)
            if connection is None:
                self._opened(file, is_open=events == EPOLLOUT)
            else:
                self._read(connection)

    def _opened(self, file: int, *, is_open: bool) -> None:
        opened = self._opening.pop(file)
        if not is_open:
            opened.close()
            self._odd[REFUSED] += 1
            self._missing += 1
            return
        self._poll.modify(file, EPOLLIN)
        self._connections[file] = connection = _Connection(opened)
        self._idle.append(connection)

    def _read(self, connection: _Connection) -> None:
        try:
            data = connection.socket.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data or connection.number < 0:
            if data:
                self._odd[UNASKED] += 1
            self._lose(connection)
            return
        if connection.pending:
            data = connection.pending + data
        end = data.find(b"\r\n\r\n")
        if end < 0 or not (size := size_of_answer(data, end)):
            connection.pending = data
            return
        connection.pending = b""
        self._answered(connection, data[9:12].decode(), data[: end + 2])
        self._idle.append(connection)
        if size != len(data):
            self._odd[UNASKED] += 1
            self._lose(connection)

    def _answered(self, connection: _Connection, kind: str, head: bytes) -> None:
        now = monotonic()
        if kind in self._orders:
            at = head.find(LOCATION) + len(LOCATION)
            self._orders[kind].append(head[at : at + ID_CHARACTERS].decode())
        elif kind == "503" and b"\r\nretry-after: " not in head:
            kind += BARE
        self._latencies[kind].append(now - self._due[connection.number])
        self._in_time[kind] += now < self._ends_at
        self._under_way -= 1
        connection.number = -1

    def _lose(self, connection: _Connection) -> None:
        """It is gone; what was under way on it is broken. Another takes its place."""
        if connection.number < 0:
            self._idle.remove(connection)
        else:
            self._answered(connection, BROKEN, b"")
        del self._connections[connection.socket.fileno()]
        connection.socket.close()
        self._missing += 1


if __name__ == "__main__":
    main()
