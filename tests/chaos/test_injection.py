"""A fault is over after its block, whenever the run is broken off; and what could not be healed is said."""

import asyncio
import random
from typing import cast

import pytest

from markethall.chaos.faults import Heal, NotHealed, NotHit
from markethall.chaos.faults.fault import or_healed
from markethall.chaos.history import History
from markethall.chaos.injection import injected
from markethall.chaos.schedule import Hit
from markethall.chaos.target import Target
from markethall.local.errors import LocalError

HIT = Hit(1, 0.0, "slow", "here", 1.0, "seed")
NOWHERE = cast(Target, None)


class Slow:
    """Begins and heals when it is let, and says what is on."""

    name, sentence, needs = "slow", "something takes its time", "nothing"

    def __init__(self, refusal: LocalError | None = None, ill: bool = False) -> None:
        self.refusal = refusal
        self.ill = ill
        self.is_on = False
        self.begun, self.go_on = asyncio.Event(), asyncio.Event()
        self.healing, self.heal_on = asyncio.Event(), asyncio.Event()

    async def spots(self, target: Target) -> list[str]:
        return ["here"]

    async def inject(self, target: Target, spot: str, dice: random.Random) -> Heal:
        self.begun.set()
        await self.go_on.wait()
        if self.refusal is not None:
            raise self.refusal
        self.is_on = True
        return self.heal

    async def heal(self) -> None:
        self.healing.set()
        await self.heal_on.wait()
        if self.ill:
            raise LocalError("nobody listens")
        self.is_on = False


async def hit(fault: Slow, history: History) -> None:
    async with injected(NOWHERE, fault, HIT, history):
        await asyncio.Event().wait()


async def test_a_run_that_is_broken_off_while_a_fault_begins_heals_it() -> None:
    fault, history = Slow(), History()
    running = asyncio.create_task(hit(fault, history))
    await fault.begun.wait()
    running.cancel()
    fault.go_on.set()
    await fault.healing.wait()
    running.cancel()  # impatient
    fault.heal_on.set()
    await asyncio.wait([running])
    assert running.cancelled()
    assert not fault.is_on
    assert history.faults[0].healed_at is not None


async def test_what_could_not_be_healed_is_said_in_place_of_the_breaking_off() -> None:
    fault, history = Slow(ill=True), History()
    fault.go_on.set()
    fault.heal_on.set()
    running = asyncio.create_task(hit(fault, history))
    await fault.begun.wait()
    running.cancel()
    with pytest.raises(NotHealed, match="slow at here may still be on: nobody listens"):
        await running
    assert history.faults[0].healed_at is None


@pytest.mark.parametrize("refusal", [NotHit("nothing there"), LocalError("refused")])
async def test_what_was_not_injected_is_nothing_to_be_healed(refusal: LocalError) -> None:
    fault, history = Slow(refusal), History()
    fault.go_on.set()
    with pytest.raises(type(refusal)):
        await hit(fault, history)
    assert [record.healed_at is not None for record in history.faults] == [True] * isinstance(refusal, LocalError)
    fault.go_on.clear()
    fault.begun.clear()
    running = asyncio.create_task(hit(fault, history))
    await fault.begun.wait()
    running.cancel()
    fault.go_on.set()
    await asyncio.wait([running])
    assert running.cancelled()


async def test_a_beginning_that_fails_is_healed_at_once_for_it_may_have_begun() -> None:
    async def fails() -> None:
        raise LocalError("no answer in time")

    healed = asyncio.Event()

    async def heal() -> None:
        healed.set()

    with pytest.raises(LocalError, match="no answer in time"):
        await or_healed(fails(), heal)
    assert healed.is_set()
    with pytest.raises(NotHealed):
        await or_healed(fails(), fails)
