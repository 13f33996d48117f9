"""What the processes that make load have in common: nothing of Python's own may come between two requests."""

import asyncio
import gc
from collections.abc import Callable, Coroutine
from typing import TypeVar

from markethall.kit.open_files import allow_as_many_as_possible

T = TypeVar("T")


def be_undisturbed() -> None:
    """As many connections as the system allows, and no garbage collection."""
    allow_as_many_as_possible()
    gc.collect()
    gc.freeze()
    gc.disable()


def run_undisturbed(work: Callable[[], Coroutine[None, None, T]]) -> T:
    """In the faster event loop, where it is there."""
    be_undisturbed()
    with asyncio.Runner(loop_factory=_loop) as runner:
        return runner.run(work())


def _loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
