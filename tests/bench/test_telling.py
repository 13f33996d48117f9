"""How far a bench is, while its rounds are under way."""

import asyncio
from time import monotonic

import pytest

from markethall.bench import telling
from markethall.bench.telling import AUDITING, OF_LOAD


async def test_the_way_moves_within_a_round_and_is_told_at_its_pace_whatever_happens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(telling, "EVERY_SECONDS", 0.02)
    told: list[tuple[str, float]] = []
    loaded = asyncio.Event()

    def hear(what: str, rounds: float) -> None:
        told.append((what, rounds))
        if rounds >= 3 + OF_LOAD:
            loaded.set()

    began = monotonic()
    async with telling.telling(hear) as way:
        way.rounds_done = 3
        way.now("orders", until=OF_LOAD, seconds=0.2)
        await loaded.wait()
        for _ in range(1000):
            way.now("orders: audit", AUDITING)
        way.rounds_done = 4
        way.now("done")
    assert len({share for what, share in told if what == "orders" and 3 < share < 3 + OF_LOAD}) >= 3
    assert [share for _, share in told[1:]] == sorted(share for _, share in told[1:])
    assert told[-1] == ("done", 4.0)
    assert len(told) <= 2 + (monotonic() - began) / 0.02


async def test_nothing_ticks_where_nobody_listens() -> None:
    before = asyncio.all_tasks()
    async with telling.telling(None) as way:
        way.now("orders", until=OF_LOAD, seconds=1.0)
        assert asyncio.all_tasks() == before
