"""PostgreSQL's own programs that do one thing and end: initdb, pg_basebackup, pg_rewind."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from markethall.local.errors import StartFailed
from markethall.local.postgres_files import account_for, installed, runnable_by
from markethall.local.process import as_account, dying_with_parent

END_SECONDS = 5.0
"""For what was killed to be gone."""


async def run_program(
    program: str,
    args: list[str],
    folder: Path,
    environment: Mapping[str, str],
    *,
    seconds: float,
    stdin: IO[bytes] | int = asyncio.subprocess.DEVNULL,
) -> None:
    """Runs it in `folder`, as its owner, to its end. However this ends, nothing of it writes afterwards.

    Raises StartFailed with its last words.
    """
    account = account_for(folder)
    programs = await asyncio.to_thread(runnable_by, account, installed()) / "bin"
    process = await asyncio.create_subprocess_exec(
        str(programs / program),
        *args,
        stdin=stdin,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=folder,
        env=environment,
        start_new_session=True,
        preexec_fn=dying_with_parent(signal.SIGKILL),
        **as_account(account),
    )
    try:
        async with asyncio.timeout(seconds):
            output, _ = await process.communicate()
    except TimeoutError:
        raise StartFailed(f"{program} did not end within {seconds:.0f} s") from None
    finally:
        if process.returncode is None:
            await _end(process)
    if process.returncode:
        words = " ".join(output.decode(errors="replace").split())[-500:]
        raise StartFailed(f"{program} failed: {words}")


async def _end(process: asyncio.subprocess.Process) -> None:
    """It, and all that it has started: they share its output, which ends with the last of them."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
    assert process.stdout is not None
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(END_SECONDS):
            await process.stdout.read()
