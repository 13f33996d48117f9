"""What the processes that make load have in common: nothing of Python's own may come between two requests."""

import asyncio
import gc
import resource
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


def run_undisturbed(work: Callable[[], Coroutine[None, None, T]]) -> T:
    """With as many connections as the system allows, no garbage collection, and the faster loop where it is there."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    gc.collect()
    gc.freeze()
    gc.disable()
    with asyncio.Runner(loop_factory=_loop) as runner:
        return runner.run(work())


def _loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
