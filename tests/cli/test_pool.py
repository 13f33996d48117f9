"""Bounded concurrency: what is begun is finished, and an error ends the rest."""

import asyncio

import pytest

from markethall.listings.pool import each


async def test_never_more_than_so_many_at_once() -> None:
    running = most = done = 0

    async def do(_: int) -> None:
        nonlocal running, most, done
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        done += 1

    await each(range(50), do, workers=7)
    assert (most, done) == (7, 50)


async def test_after_an_error_what_is_under_way_is_finished_and_nothing_more_begun() -> None:
    begun: list[int] = []
    finished: list[int] = []
    failed = asyncio.Event()

    async def do(item: int) -> None:
        begun.append(item)
        if item == 3:
            failed.set()
            raise ValueError("the fourth")
        await failed.wait()
        finished.append(item)

    with pytest.raises(ValueError, match="the fourth"):
        await each(range(100), do, workers=4)
    assert begun == [0, 1, 2, 3]
    assert sorted(finished) == [0, 1, 2]
