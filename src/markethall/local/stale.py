"""PostgreSQL processes that outlived a supervisor, or their postmaster, killed with SIGKILL."""

import contextlib
import os
import signal
import time
from pathlib import Path

import psutil

from markethall.local.errors import StartFailed

# Fast, then immediate shutdown for a postmaster; plain backends take both as "end yourself".
_STEPS = ((signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))


def end_processes_in(data: Path) -> None:
    """Ends every PostgreSQL process that works in `data`, and removes a `postmaster.pid` that would be misread.

    To be called by whoever holds the shop's lock: then none of them can be wanted. Two servers on one
    folder would destroy it, hence StartFailed if one will not go.
    """
    pid_file = data / "postmaster.pid"
    if not pid_file.exists():
        return
    for number, seconds in _STEPS:
        left = _processes_in(data)
        if not left:
            break
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)
        psutil.wait_procs(left, timeout=seconds)
    if left := _processes_in(data):
        raise StartFailed(f"PostgreSQL of an earlier run does not end: process {left[0].pid}")
    _forget_reused_pid(pid_file)


def _processes_in(data: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.name().startswith("postgres") and os.path.samefile(process.cwd(), data):
                found.append(process)
    return found


def _forget_reused_pid(pid_file: Path) -> None:
    """PostgreSQL will not start while a process with the number in the file lives, though it be another
    program: usual in containers, where numbers begin anew. Otherwise the file is left to it, because it
    frees what the dead server held."""
    with contextlib.suppress(FileNotFoundError, ValueError, IndexError):
        pid = int(pid_file.read_text().splitlines()[0])
        deadline = time.monotonic() + 1.0
        while psutil.pid_exists(pid) and time.monotonic() < deadline:
            time.sleep(0.05)  # it may be dead and not yet reaped
        if psutil.pid_exists(pid):
            pid_file.unlink()
