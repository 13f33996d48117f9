"""One run: buyers, faults among them, healing, quiet, judgement."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Protocol

from markethall.chaos.fares import Fares, fares_of
from markethall.chaos.faults import FAULTS, NotHealed, NotHit
from markethall.chaos.history import History
from markethall.chaos.injection import injected
from markethall.chaos.judges.verdict import Verdict, violation
from markethall.chaos.schedule import Hit, schedule
from markethall.chaos.target import NotWell, Target
from markethall.chaos.workload import Workload
from markethall.local.errors import LocalError
from markethall.local.shop import LocalShop

WARM_UP_SECONDS = 3.0
SAMPLE_SECONDS = 1.0
WELL_SECONDS = 90.0
"""For all to be as it was, after a fault is over."""

Judge = Callable[[History, LocalShop], Awaitable[Verdict]]


@dataclass(frozen=True)
class Plan:
    """What `markethall chaos` was asked for. `faults` None: all that this shop can bear."""

    seed: int
    seconds: float
    rate: float
    every_seconds: float = 5.0
    faults: Collection[str] | None = None


class Watcher(Protocol):
    """Is told of a run as it goes."""

    def offered(self, offers: Mapping[str, int], lacking: Mapping[str, str]) -> None:
        """How many places each fault can hit; what the shop would need for those that are not offered."""

    def injected(self, hit: Hit, sentence: str) -> None: ...

    def missed(self, hit: Hit, reason: str) -> None: ...

    def well_again(self, hit: Hit, seconds: float) -> None:
        """`seconds` since the fault was healed."""

    def fared(self, fares: Fares) -> None: ...

    def said(self, text: str) -> None: ...


@dataclass(frozen=True)
class Result:
    """`hits` are those that were injected."""

    history: History
    verdict: Verdict
    began: float
    hits: int
    held_back: int


async def offers_of(target: Target, wanted: Collection[str] | None = None) -> dict[str, list[str]]:
    """Each fault with the places that it can hit in this shop; none for one that is not offered."""
    return {
        name: await fault.spots(target) if wanted is None or name in wanted else [] for name, fault in FAULTS.items()
    }


async def run(target: Target, plan: Plan, judge: Judge, watch: Watcher, history: History | None = None) -> Result:
    """Ends with the shop healed, whatever happens.

    Raises LocalError, workload.CannotStart; ShopGone: there is nothing to be healed any more; NotHealed: it is not.
    """
    async with target.while_it_runs():
        return await _run(target, plan, judge, watch, history)


async def _run(target: Target, plan: Plan, judge: Judge, watch: Watcher, history: History | None) -> Result:
    await target.until_well(WELL_SECONDS)
    await target.look()
    offers = await offers_of(target, plan.faults)
    asked = FAULTS if plan.faults is None else plan.faults
    watch.offered(
        {name: len(spots) for name, spots in offers.items() if spots},
        {name: FAULTS[name].needs for name in asked if not offers[name]},
    )
    admin = target.shop.admin
    workload = Workload(target.address, admin.email, admin.password, seed=plan.seed, rate=plan.rate, history=history)
    broken = []
    async with workload:
        async with _sampled(workload.history, watch):
            began = monotonic()
            await asyncio.sleep(WARM_UP_SECONDS)
            try:
                await _inject_all(target, plan, offers, workload.history, began, watch)
            except NotWell as error:
                broken.append(violation("recovery", str(error), workload.history.faults[-1:]))
            watch.said("healed; waiting until all is quiet")
            await workload.stop()
        try:
            await target.until_well(WELL_SECONDS)
        except NotWell as error:
            broken.append(violation("recovery", str(error), workload.history.faults[-1:]))
    watch.said(f"judging {len(workload.history):,} records")
    verdict = await judge(workload.history, target.shop)
    verdict = Verdict((*broken, *verdict.violations), verdict.figures)
    return Result(workload.history, verdict, began, len(workload.history.faults), workload.held_back)


async def _inject_all(
    target: Target, plan: Plan, offers: Mapping[str, list[str]], history: History, began: float, watch: Watcher
) -> None:
    """One after the other; the next waits until the last one's traces are gone."""
    for hit in schedule(plan.seed, offers, plan.seconds, plan.every_seconds):
        await asyncio.sleep(max(0.0, began + hit.at - monotonic()))
        if monotonic() - began > plan.seconds:
            break
        try:
            async with injected(target, FAULTS[hit.fault], hit, history):
                watch.injected(hit, FAULTS[hit.fault].sentence)
                await asyncio.sleep(hit.hold_seconds)
        except NotHealed:
            raise
        except (NotHit, LocalError) as error:
            watch.missed(hit, str(error))
        healed = monotonic()
        await target.until_well(WELL_SECONDS)
        history.well_again(monotonic())
        watch.well_again(hit, monotonic() - healed)
    await asyncio.sleep(max(0.0, began + plan.seconds - monotonic()))


@contextlib.asynccontextmanager
async def _sampled(history: History, watch: Watcher) -> AsyncIterator[None]:
    async def sample() -> None:
        seen = 0
        while True:
            await asyncio.sleep(SAMPLE_SECONDS)
            fresh, seen = history.calls[seen:], len(history.calls)
            watch.fared(fares_of(fresh, SAMPLE_SECONDS))

    sampling = asyncio.create_task(sample())
    try:
        yield
    finally:
        sampling.cancel()
        await asyncio.wait([sampling])
