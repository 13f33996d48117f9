"""Group commit: whatever waits when a transaction ends goes into the next one together."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, Protocol, TypeVar, cast

from markethall.kit.errors import Unavailable

Item = TypeVar("Item")
Result = TypeVar("Result")
Awaited = TypeVar("Awaited", contravariant=True)


class Submitter(Protocol[Awaited]):
    """Whoever is told a result, as a future is. Nothing is raised from these."""

    def done(self) -> bool:
        """It wants nothing any more."""
        ...

    def set_result(self, result: Awaited, /) -> None: ...

    def set_exception(self, error: Exception, /) -> None: ...


class GroupCommit(Generic[Item, Result]):
    """Gathers items while a batch is under way; one batch at a time, unless told otherwise.

    Two transactions in flight were measured slower than one: they wait for each other's row locks
    and halve the batch. Reads lock nothing (`at_once`).

    `commit` gets at most `max_batch` items and answers one result per item, in order; a result
    that is an exception is raised to that item's submitter alone. If `commit` itself raises, all
    of the batch get that error.

    Raises (from `submit`, `submit_all` and `put`):
        Unavailable: `max_waiting` items wait already, or the group is closed.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[Item]], Awaitable[Sequence[Result | Exception]]],
        *,
        max_batch: int = 500,
        max_waiting: int = 10_000,
        at_once: int = 1,
        gather_seconds: float = 0.0,
        enough: Callable[[int], bool] | None = None,
        most: Callable[[], int] | None = None,
    ) -> None:
        """
        Args:
            at_once: so many batches may be under way.
            enough: asked with how many wait: whether more are not worth waiting for, `gather_seconds` at most.
            most: asked for how many a batch takes, in place of `max_batch`.
        """
        self._commit = commit
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        self._at_once = at_once
        self._gather_seconds = gather_seconds
        self._enough = enough
        self._most = most
        self._gathering: asyncio.Future[None] | None = None
        self._waiting: deque[tuple[Item, Submitter[Result]]] = deque()
        self._workers: set[asyncio.Task[None]] = set()
        self._working = 0
        self._closed = False

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def is_full(self) -> bool:
        """Whether one more would be refused."""
        return self._closed or len(self._waiting) >= self._max_waiting

    async def submit(self, item: Item) -> Result:
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self.put(item, future)
        return await future

    async def submit_all(self, items: Sequence[Item]) -> list[Result | Exception]:
        """Each with its result, or with what `submit` would raise. They need not be in one batch."""
        together = _Together[Result](len(items))
        for index, item in enumerate(items):
            try:
                self.put(item, _Share(together, index))
            except Unavailable as error:
                together.put(index, error)
        return await together.results if items else []

    def put(self, item: Item, submitter: Submitter[Result]) -> None:
        """As `submit`, for who is told without being awaited."""
        if self.is_full:
            raise Unavailable("Too much is waiting already; try again shortly.")
        self._waiting.append((item, submitter))
        if self._gathering is not None and self._is_enough():
            self._gathered()
        self._start()

    async def close(self) -> None:
        """Refuse new items, and finish those that wait."""
        self._closed = True
        self._gathered()
        while self._workers:
            await asyncio.wait(self._workers)

    def _start(self) -> None:
        """Another worker, if there is work for it. Whoever gathers already takes what comes."""
        if self._waiting and self._gathering is None and self._working < self._at_once:
            self._working += 1
            worker = asyncio.create_task(self._work())
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)

    async def _work(self) -> None:
        try:
            while self._waiting and self._gathering is None:
                if not self._is_enough():
                    await self._gather()
                count = min(len(self._waiting), self._most() if self._most is not None else self._max_batch)
                batch = [self._waiting.popleft() for _ in range(count)]
                self._start()
                # Whoever has gone away in the meantime (a broken connection) wants nothing done.
                batch = [entry for entry in batch if not entry[1].done()]
                if batch:
                    await self._run(batch)
        finally:
            self._working -= 1

    def _is_enough(self) -> bool:
        count = len(self._waiting)
        return self._enough is None or self._closed or count >= self._max_batch or self._enough(count)

    async def _gather(self) -> None:
        loop = asyncio.get_running_loop()
        self._gathering = loop.create_future()
        timer = loop.call_later(self._gather_seconds, self._gathered)
        try:
            await self._gathering
        finally:
            timer.cancel()
            self._gathering = None

    def _gathered(self) -> None:
        if self._gathering is not None and not self._gathering.done():
            self._gathering.set_result(None)

    async def _run(self, batch: list[tuple[Item, Submitter[Result]]]) -> None:
        try:
            results = await self._commit([item for item, _ in batch])
            if len(results) != len(batch):
                raise RuntimeError(f"{len(results)} results for a batch of {len(batch)}")
        except Exception as error:
            results = [error] * len(batch)
        for (_, submitter), result in zip(batch, results, strict=True):
            if submitter.done():
                continue
            if isinstance(result, Exception):
                submitter.set_exception(result)
            else:
                submitter.set_result(result)


class _Together(Generic[Result]):
    """One future for many results, which would cost a turn of the loop each."""

    __slots__ = ("_found", "_missing", "results")

    def __init__(self, count: int) -> None:
        self._found: list[Result | Exception | None] = [None] * count
        self._missing = count
        self.results: asyncio.Future[list[Result | Exception]] = asyncio.get_running_loop().create_future()

    def put(self, index: int, result: Result | Exception) -> None:
        self._found[index] = result
        self._missing -= 1
        if not self._missing and not self.results.done():
            self.results.set_result(cast(list[Result | Exception], self._found))


class _Share(Generic[Result]):
    """Submits one of them."""

    __slots__ = ("_index", "_together")

    def __init__(self, together: _Together[Result], index: int) -> None:
        self._together = together
        self._index = index

    def done(self) -> bool:
        return self._together.results.done()

    def set_result(self, result: Result) -> None:
        self._together.put(self._index, result)

    def set_exception(self, error: Exception) -> None:
        self._together.put(self._index, error)
