"""A whole shop as a child process: started as anyone would, its parts killed by pid, judged by its audit."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from markethall.local.ports import free_port

MARKETHALL = [sys.executable, "-m", "markethall"]
START_SECONDS = 90.0


class Shop:
    """A running `markethall up` on a data folder of its own."""

    def __init__(
        self, data: Path, *arguments: str, port: int | None = None, environment: Mapping[str, str] | None = None
    ) -> None:
        """`environment` is added to that of the tests, for all processes of the shop."""
        self.data = data
        self.environment = environment or {}
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None
        self.output = data.with_name(f"{data.name}.out")

    @property
    def admin_email(self) -> str:
        return str(self._credentials()["admin"]["email"])

    @property
    def admin_password(self) -> str:
        return str(self._credentials()["admin"]["password"])

    def _credentials(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((self.data / "credentials.json").read_text())
        return loaded

    def start(self) -> None:
        """Returns once the shop has printed its address: it is ready then."""
        said_before = self.output.stat().st_size if self.output.exists() else 0
        with self.output.open("ab") as output:
            self._process = subprocess.Popen(
                [*MARKETHALL, "up", "--data", str(self.data), "--port", str(self.port), *self.arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.environment},
            )
        self.wait(lambda: self._is_open(said_before), START_SECONDS, "open")

    def _is_open(self, said_before: int) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError(f"`markethall up` ended: {self.tail()}")
        return f"open at {self.url}".encode() in self.output.read_bytes()[said_before:]

    def stop(self) -> int:
        """As Ctrl-C would; answers the exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(60)

    def end(self) -> None:
        """Whatever its state is."""
        if self._process is not None and self._process.poll() is None:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self.kill_everything()

    def kill_everything(self) -> None:
        """kill -9 of the supervisor and of every process of the shop."""
        assert self._process is not None
        pids = [entry["pid"] for entry in self.processes()]
        self._process.kill()
        self._process.wait(10)
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.wait(lambda: not any(alive(pid) for pid in pids), 20, "everything dead")

    @property
    def pid(self) -> int:
        """Of `markethall up`."""
        assert self._process is not None
        return self._process.pid

    def processes(self, service: str | None = None) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = json.loads((self.data / "processes.json").read_text())
        return [entry for entry in entries if service in (None, entry["service"])]

    def kill(self, service: str, replica: int = 0) -> None:
        """kill -9 of one process; returns once the supervisor runs another in its place."""
        victim = self.processes(service)[replica]
        os.kill(victim["pid"], signal.SIGKILL)
        self.wait(
            lambda: any(
                entry["replica"] == victim["replica"] and entry["pid"] != victim["pid"] and alive(entry["pid"])
                for entry in self.processes(service)
            ),
            30,
            f"{service} restarted",
        )

    def audit(self) -> subprocess.CompletedProcess[str]:
        return self.run("audit", "--data", str(self.data))

    def run(self, *arguments: str, seconds: float = 300) -> subprocess.CompletedProcess[str]:
        """A `markethall` command, whole."""
        return subprocess.run(
            [*MARKETHALL, *arguments],
            capture_output=True,
            text=True,
            timeout=seconds,
            stdin=subprocess.DEVNULL,
            check=False,
        )

    def tail(self) -> str:
        return self.output.read_text(errors="replace")[-3000:] if self.output.exists() else ""

    def wait(self, condition: Callable[[], bool], seconds: float, what: str) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"not {what} within {seconds} s: {self.tail()}")
            time.sleep(0.05)


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


@contextmanager
def running_shop(data: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> Iterator[Shop]:
    """A shop that is gone at the end, however the test ends."""
    shop = Shop(data, *arguments, environment=environment)
    try:
        shop.start()
        yield shop
    finally:
        shop.end()
