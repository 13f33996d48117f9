"""Group commit: whatever waits when a transaction ends goes into the next one together."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from markethall.kit.errors import Unavailable

Item = TypeVar("Item")
Result = TypeVar("Result")


class GroupCommit(Generic[Item, Result]):
    """Gathers items while one batch is under way; one batch at a time.

    Two in flight were measured slower than one: they wait for each other's row locks and
    halve the batch. `commit` gets at most `max_batch` items and answers one result per item,
    in order; a result that is an exception is raised to that item's submitter alone. If
    `commit` itself raises, all of the batch get that error.

    Raises (from `submit` and `enqueue`):
        Unavailable: `max_waiting` items wait already, or the group is closed.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[Item]], Awaitable[Sequence[Result | Exception]]],
        *,
        max_batch: int = 500,
        max_waiting: int = 10_000,
        gather_seconds: float = 0.0,
        gather_below: int = 0,
    ) -> None:
        self._commit = commit
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        self._gather_seconds = gather_seconds
        self._gather_below = gather_below
        self._waiting: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    async def submit(self, item: Item) -> Result:
        return await self.enqueue(item)

    def enqueue(self, item: Item) -> "asyncio.Future[Result]":
        """As `submit`, for a caller that has many items and awaits them together."""
        if self._closed or len(self._waiting) >= self._max_waiting:
            raise Unavailable("Too much is waiting already; try again shortly.")
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        return future

    async def close(self) -> None:
        """Refuse new items, and finish those that wait."""
        self._closed = True
        if self._worker is not None:
            await asyncio.wait([self._worker])

    async def _work(self) -> None:
        while self._waiting:
            if self._gather_seconds and len(self._waiting) < self._gather_below:
                await asyncio.sleep(self._gather_seconds)
            count = min(len(self._waiting), self._max_batch)
            batch = [self._waiting.popleft() for _ in range(count)]
            # Whoever has gone away in the meantime (a broken connection) wants nothing done.
            batch = [entry for entry in batch if not entry[1].done()]
            if batch:
                await self._run(batch)

    async def _run(self, batch: list[tuple[Item, "asyncio.Future[Result]"]]) -> None:
        try:
            results = await self._commit([item for item, _ in batch])
            if len(results) != len(batch):
                raise RuntimeError(f"{len(results)} results for a batch of {len(batch)}")
        except Exception as error:
            results = [error] * len(batch)
        for (_, future), result in zip(batch, results, strict=True):
            if future.done():
                continue
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)
