"""Those who are turned away, a few at a time."""

import asyncio

from markethall.front.turning_away import MOST_AT_ONCE, TurningAway
from tests.support.machine import eventually


async def test_all_get_their_turn_in_the_order_in_which_they_came_and_others_between_them() -> None:
    turning_away, told, turns = TurningAway(), list[int](), 0

    async def come(number: int) -> None:
        await turning_away.turn()
        told.append(number)

    crowd = [asyncio.create_task(come(number)) for number in range(5 * MOST_AT_ONCE)]
    while len(told) < len(crowd):
        before = len(told)
        await asyncio.sleep(0)
        turns += 1
        assert len(told) - before <= 2 * MOST_AT_ONCE
    assert turns > 4
    assert told == sorted(told)


async def test_who_has_gone_away_takes_nobodys_turn() -> None:
    turning_away = TurningAway()
    crowd = [asyncio.create_task(turning_away.turn()) for _ in range(3 * MOST_AT_ONCE)]
    await asyncio.sleep(0)
    for each in crowd[::2]:
        each.cancel()
    await eventually(lambda: all(each.done() for each in crowd))
    assert not any(each.cancelled() for each in crowd[1::2])
