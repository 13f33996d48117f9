"""Many calls at once, but never more than so many."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

Item = TypeVar("Item")


async def each(items: Iterable[Item], do: Callable[[Item], Awaitable[None]], workers: int) -> None:
    """In their order, `workers` at a time. After an error nothing more is begun, and the first is raised.

    What is under way then is finished, not broken off: of a call that was broken off nobody knows
    what it did.
    """
    waiting = iter(items)
    errors: list[Exception] = []

    async def work() -> None:
        for item in waiting:
            if errors:
                return
            try:
                await do(item)
            except Exception as error:
                errors.append(error)

    async with asyncio.TaskGroup() as group:
        for _ in range(workers):
            group.create_task(work())
    if errors:
        raise errors[0]
