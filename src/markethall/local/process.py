"""A child process that ends with its parent, however the parent ends.

Each child leads its own session, so that Ctrl-C in a terminal reaches the supervisor alone and the
supervisor decides the order of ending. The kernel's parent-death signal covers a supervisor that
was killed with SIGKILL.
"""

import asyncio
import contextlib
import ctypes
import errno
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from markethall.local import scheduling
from markethall.local.errors import StartFailed
from markethall.local.logs import JsonLog

StopSteps = Sequence[tuple[signal.Signals, float]]
"""Signals to end a process with, each with the seconds it is given."""

PORT_ATTEMPTS = 5
_PORT_TAKEN = os.strerror(errno.EADDRINUSE).lower()
POLL_SECONDS = 0.02
LAST_OUTPUT_SECONDS = 1.0
_MORE_ENVIRONMENT: ContextVar[Mapping[str, str] | None] = ContextVar("more_environment", default=None)
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Account:
    """A user of this machine that a child runs as, in place of our own."""

    uid: int
    gid: int


@contextlib.contextmanager
def more_environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Variables for what this task starts inside the block, whatever program it is: for injecting faults."""
    token = _MORE_ENVIRONMENT.set(variables)
    try:
        yield
    finally:
        _MORE_ENVIRONMENT.reset(token)


@dataclass(frozen=True)
class Command:
    """How to start one process. `death_signal` is what it gets when its parent is killed.

    `sockets` are those of ours that it inherits, under the same numbers.
    """

    args: Sequence[str]
    env: Mapping[str, str]
    folder: Path | None = None
    account: Account | None = None
    death_signal: signal.Signals = signal.SIGKILL
    sockets: Sequence[int] = ()


class Child:
    """A started process whose output goes to a log. Made by `start`."""

    def __init__(self, transport: asyncio.SubprocessTransport, output: "_Output") -> None:
        self._transport = transport
        self._output = output
        self.pid = transport.get_pid()

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative: the signal that ended it."""
        return self._transport.get_returncode()

    async def wait(self) -> int:
        """Waits as long as it runs; the exit code."""
        await asyncio.shield(self._output.ended)
        return cast(int, self.exit_code)

    def send(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._transport.send_signal(number)

    async def stop(self, steps: StopSteps) -> int:
        """Sends each signal in turn and waits its number of seconds; at last SIGKILL to the whole session."""
        for number, seconds in steps:
            if self.exit_code is None:
                self.send(number)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.wait(), seconds)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        code = await self.wait()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._output.closed), LAST_OUTPUT_SECONDS)
        self._transport.close()
        return code


async def start_ready(
    name: str,
    command: Callable[[int], Command],
    open_log: Callable[[], JsonLog],
    is_ready: Callable[[Child], Awaitable[bool]],
    on_spawn: Callable[[Child], None],
    *,
    seconds: float,
    stop_steps: StopSteps,
) -> Child:
    """Starts `command(attempt)` and returns when it is ready; `on_spawn` is told of it before.

    If it ends because its port was taken, the next attempt may choose another: ours was free when it
    was chosen, but not reserved. Raises StartFailed, with nothing left running.
    """
    for attempt in range(PORT_ATTEMPTS):
        log = open_log()
        child = await start(command(attempt), log)
        on_spawn(child)
        try:
            async with asyncio.timeout(seconds):
                while child.exit_code is None:
                    if await is_ready(child):
                        return child
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            await child.stop(stop_steps)
            raise StartFailed(f"{name} was not ready within {seconds:.0f} s (see {log.path})") from None
        except BaseException:
            await child.stop(stop_steps)
            raise
        await child.stop(())
        if _PORT_TAKEN not in log.last_words(20).lower():
            break
    raise StartFailed(f"{name} does not start: {log.last_words()} (see {log.path})")


async def start(command: Command, log: JsonLog) -> Child:
    """Starts it and returns at once; the log is closed when it has ended.

    The caller's thread must outlive the child: the kernel counts the thread that forked, not the
    process, as the parent whose death is signalled.
    """
    loop = asyncio.get_running_loop()
    transport, output = await loop.subprocess_exec(
        lambda: _Output(log),
        *command.args,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=command.folder,
        env={**command.env, **(_MORE_ENVIRONMENT.get() or {})},
        start_new_session=True,
        pass_fds=tuple(command.sockets),
        preexec_fn=prepared(command.death_signal),
        **as_account(command.account),
    )
    return Child(transport, output)


def as_account(account: Account | None) -> dict[str, Any]:
    """Arguments of `subprocess` that change the user."""
    return {"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}


def dying_with_parent(death_signal: signal.Signals) -> Callable[[], None] | None:
    """For `preexec_fn`. It runs after the change of user, which would clear the setting."""
    if _libc is None:
        return None
    prctl, parent = _libc.prctl, os.getpid()

    def prepare() -> None:
        prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:  # it died between the fork and the line above
            os._exit(1)

    return prepare


def prepared(death_signal: signal.Signals) -> Callable[[], None] | None:
    """For `preexec_fn` of what belongs to the shop."""
    die_with_parent = dying_with_parent(death_signal)
    if not scheduling.IS_POSSIBLE:
        return die_with_parent

    def prepare() -> None:
        if die_with_parent is not None:
            die_with_parent()
        scheduling.keep_core_longer()

    return prepare


class _Output(asyncio.SubprocessProtocol):
    def __init__(self, log: JsonLog) -> None:
        self._log = log
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self._log.feed(data)

    def process_exited(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        self._log.close()
        if not self.closed.done():
            self.closed.set_result(None)
