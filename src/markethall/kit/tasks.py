"""Background tasks with an end."""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

import structlog

log = structlog.get_logger(__name__)


async def cancel(task: "asyncio.Task[None] | None", timeout_seconds: float = 10.0) -> None:
    """Cancel a task and wait for it; its own error, if any, is logged, not raised."""
    if task is None:
        return
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=timeout_seconds)
    for finished in done:
        if not finished.cancelled() and (error := finished.exception()) is not None:
            log.error("background task ended with an error", task=task.get_name(), reason=repr(error))


class Periodic:
    """Calls `work` every `interval_seconds`, counted from the end of the last call; errors are logged."""

    def __init__(
        self,
        name: str,
        work: Callable[[], Awaitable[None]],
        interval_seconds: float,
        *,
        timeout_seconds: float = 30.0,
    ) -> None:
        self._name = name
        self._work = work
        self._interval = interval_seconds
        self._timeout = timeout_seconds
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name=self._name)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await cancel(self._task)

    async def _run(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self._timeout):
                    await self._work()
            except Exception as error:
                log.warning("periodic work failed", work=self._name, reason=str(error) or type(error).__name__)
            await asyncio.sleep(self._interval)
