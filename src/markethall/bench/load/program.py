"""A program that makes load, run to its end, with what it said and the CPU that it took."""

import asyncio
import resource
import signal
from collections.abc import Mapping, Sequence

from markethall.bench.errors import CannotMeasure
from markethall.local.process import dying_with_parent


async def run_to_its_end(
    command: Sequence[str], seconds: float, *, environment: Mapping[str, str] | None = None, told: bytes = b""
) -> tuple[bytes, float]:
    """Standard output, and CPU seconds; `told` is its standard input. One at a time: the CPU is that of all children
    that ended meanwhile.

    Raises CannotMeasure: it did not end within `seconds`, or failed; with its last words.
    """
    name = command[0].rpartition("/")[2]
    before = _cpu_of_children()
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
        start_new_session=True,
        preexec_fn=dying_with_parent(signal.SIGKILL),
    )
    try:
        async with asyncio.timeout(seconds):
            output, errors = await process.communicate(told)
    except TimeoutError:
        raise CannotMeasure(f"{name} did not end within {seconds:.0f} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise CannotMeasure(f"{name} failed: {(errors or output).decode(errors='replace').strip()[-300:]}")
    return output, _cpu_of_children() - before


def _cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
