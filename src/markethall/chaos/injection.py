"""One fault, on for a while: whatever happens meanwhile, it is healed, or it is said that it is not."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable
from time import monotonic
from typing import TypeVar

from markethall.chaos.faults import Fault, Heal, NotHealed
from markethall.chaos.history import FaultRecord, History
from markethall.chaos.schedule import Hit
from markethall.chaos.target import Target
from markethall.local.errors import LocalError

INJECT_SECONDS = 240.0
"""More than two requests to the shop (`Target.ask`), which a fault that fails half way may take."""
HEAL_SECONDS = 100.0
"""More than one."""
T = TypeVar("T")


@contextlib.asynccontextmanager
async def injected(target: Target, fault: Fault, hit: Hit, history: History) -> AsyncIterator[None]:
    """The fault is on inside the block, and over after it, also when this task is cancelled at any moment.

    A cancellation waits until what has begun is whole, so that it can be healed whole: bounded by both times above.
    Raises NotHit, LocalError: it was not injected. NotHealed, also in place of a cancellation.
    """
    injected_at = monotonic()
    name = f"{hit.fault} at {hit.spot}"
    beginning = asyncio.create_task(_bounded(fault.inject(target, hit.spot, hit.dice()), INJECT_SECONDS))
    cancelled = await _ended(beginning)
    try:
        heal: Heal = beginning.result()
    except NotHealed as error:
        raise NotHealed(f"{name} may still be on: {error}") from error
    except Exception as error:
        if isinstance(error, LocalError):
            # Something was begun, and undone: judges must know that the shop was disturbed.
            history.add(FaultRecord(hit.fault, hit.spot, injected_at, monotonic()))
        if cancelled:
            raise asyncio.CancelledError from error
        raise
    record = FaultRecord(hit.fault, hit.spot, injected_at)
    try:
        history.add(record)
        if cancelled:
            raise asyncio.CancelledError
        yield
    finally:
        healing = asyncio.create_task(_bounded(heal(), HEAL_SECONDS))
        cancelled = await _ended(healing)
        try:
            healing.result()
        except (LocalError, OSError) as error:
            raise NotHealed(f"{name} may still be on: {error}") from error
        if record in history.faults:
            history.healed(record, monotonic())
        if cancelled:
            raise asyncio.CancelledError


async def _ended(task: asyncio.Task[T]) -> bool:
    """Waits for its end; whether this task was asked to end meanwhile."""
    cancelled = False
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            cancelled = True
    return cancelled


async def _bounded(work: Awaitable[T], seconds: float) -> T:
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError:
        raise NotHealed(f"it did not end within {seconds:.0f} s") from None
