"""PostgreSQL processes that outlived a supervisor, or their postmaster, killed with SIGKILL."""

import contextlib
import os
import signal
import time
from pathlib import Path

import psutil

from markethall.local.errors import StartFailed
from markethall.local.process import StopSteps

# The postmaster ends its own children: fast shutdown, then immediate.
_POSTMASTER: StopSteps = ((signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))
# Without it they have nothing left to do, and most notice by themselves.
_OTHERS: StopSteps = ((signal.SIGQUIT, 1.0), (signal.SIGKILL, 5.0))


def end_processes_in(data: Path) -> None:
    """Ends every PostgreSQL process that works in `data`, and removes a `postmaster.pid` that would be misread.

    To be called by whoever holds the shop's lock: then none of them can be wanted. Two servers on one
    folder would destroy it, hence StartFailed if one will not go.
    """
    pid_file = data / "postmaster.pid"
    if not pid_file.exists():
        return
    postmaster = _pid_in(pid_file)
    _end([process for process in _processes_in(data) if process.pid == postmaster], _POSTMASTER)
    _end(_processes_in(data), _OTHERS)
    if left := _processes_in(data):
        raise StartFailed(f"PostgreSQL of an earlier run does not end: process {left[0].pid}")
    if postmaster is None:
        pid_file.unlink()  # torn by a power cut; PostgreSQL would not start with it
    elif pid_file.exists():
        _forget_if_reused(pid_file, postmaster)


def family_of(pid: int) -> list[psutil.Process]:
    """What the process has started, its own descendants included; they are in sessions of their own."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def end_at_once(processes: list[psutil.Process]) -> None:
    """Raises StartFailed if one will not go."""
    _end(processes, ((signal.SIGKILL, 5.0),))
    if left := [process for process in processes if _is_alive(process)]:
        raise StartFailed(f"PostgreSQL does not end: process {left[0].pid}")


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _end(processes: list[psutil.Process], steps: StopSteps) -> None:
    for number, seconds in steps:
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)
        _, processes = psutil.wait_procs(processes, timeout=seconds)
        if not processes:
            return


def _processes_in(data: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.name().startswith("postgres") and os.path.samefile(process.cwd(), data):
                found.append(process)
    return found


def _pid_in(pid_file: Path) -> int | None:
    try:
        return int(pid_file.read_text().splitlines()[0])
    except (ValueError, IndexError):
        return None


def _forget_if_reused(pid_file: Path, pid: int) -> None:
    """PostgreSQL will not start while a process with the number in the file lives, though it be another
    program: usual in containers, where numbers begin anew. Otherwise the file is left to it, because it
    frees what the dead server held."""
    deadline = time.monotonic() + 1.0
    while psutil.pid_exists(pid):  # it may be dead and not yet reaped
        if time.monotonic() > deadline:
            pid_file.unlink(missing_ok=True)
            return
        time.sleep(0.05)
