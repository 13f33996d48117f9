"""Orders in a steady stream while the replica of `orders` that does the work is killed, again and again.

What is asked: do clients notice, and are all copies of the order log equal at the end, and true to what
clients were told?
"""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from time import monotonic

from markethall.chaos.failover.copies import LogCopy, copies_of
from markethall.chaos.failover.figures import Figures, figures_of
from markethall.chaos.failover.work import busiest
from markethall.chaos.history import FaultRecord, History
from markethall.chaos.judges.verdict import Verdict
from markethall.chaos.target import Target
from markethall.chaos.workload import Mix, Workload
from markethall.local.shop import LocalShop

SERVICE = "orders"
CALM_BEFORE_SECONDS = 5.0
WELL_SECONDS = 90.0
EQUAL_SECONDS = 60.0
STEADY = Mix(
    hot_share=0.0,
    cart_share=0.0,
    read_share=0.1,
    stream_share=0.0,
    cancel_share=0.0,
    fulfil_share=0.0,
    receipts_every=1_000_000,
    price_changes_every=1_000_000,
)
"""Orders that can all be served, and some looked up again: whatever else than success is noticed comes of the kills."""

Judge = Callable[[History, LocalShop], Awaitable[Verdict]]


@dataclass(frozen=True)
class Plan:
    """How many kills, how far apart, and how many orders per second meanwhile."""

    kills: int = 5
    every_seconds: float = 10.0
    rate: float = 50.0
    seed: int = 1

    @property
    def seconds(self) -> float:
        return CALM_BEFORE_SECONDS + self.kills * self.every_seconds


@dataclass(frozen=True)
class Result:
    """`began` is the moment of the monotonic clock that plots count from."""

    history: History
    began: float
    figures: Figures
    copies: list[LogCopy]
    verdict: Verdict

    @property
    def broken(self) -> list[str]:
        """The promises that were not kept, one line each."""
        found = [] if self.figures.orders else ["no order was placed"]
        if self.figures.errors:
            found.append(f"{self.figures.errors} calls failed after all their retries")
        if len({(copy.orders, copy.digest) for copy in self.copies}) > 1:
            found.append("the copies of the order log differ")
        return found + [f"{each.rule}: {each.said}" for each in self.verdict.violations]


async def evaluate(target: Target, plan: Plan, judge: Judge, second: Callable[[], None]) -> Result:
    """`second` is called once each second of `plan.seconds`. Raises LocalError, workload.CannotStart."""
    async with target.while_it_runs():
        return await _evaluate(target, plan, judge, second)


async def _evaluate(target: Target, plan: Plan, judge: Judge, second: Callable[[], None]) -> Result:
    await target.until_well(WELL_SECONDS)
    await target.look()
    admin = target.shop.admin
    history = History()
    async with (
        Workload(
            target.address, admin.email, admin.password, seed=plan.seed, rate=plan.rate, mix=STEADY, history=history
        ) as workload,
        _ticking(second),
    ):
        began = monotonic()
        for number in range(plan.kills):
            await asyncio.sleep(max(0.0, began + CALM_BEFORE_SECONDS + number * plan.every_seconds - monotonic()))
            await _kill(target, history)
        await asyncio.sleep(max(0.0, began + plan.seconds - monotonic()))
        await workload.stop()
    await target.until_well(WELL_SECONDS)
    verdict = await judge(history, target.shop)
    copies = await copies_of(target.shop, EQUAL_SECONDS)
    return Result(history, began, figures_of(history), copies, verdict)


async def _kill(target: Target, history: History) -> None:
    """kill -9 of the one that does the most work; returns when another process runs in its place, and is ready."""
    name = await busiest(target, SERVICE)
    entry = target.entry(name)
    record = FaultRecord("kill -9", name, monotonic())
    history.add(record)
    target.signal(entry.pid, signal.SIGKILL)
    while name not in target.names(SERVICE) or target.entry(name).pid == entry.pid:
        if monotonic() - record.injected_at > WELL_SECONDS:
            break  # `until_well` says what is missing
        await asyncio.sleep(0.05)
    await target.until_well(WELL_SECONDS)
    history.healed(record, monotonic())


@contextlib.asynccontextmanager
async def _ticking(second: Callable[[], None]) -> AsyncIterator[None]:
    async def tick() -> None:
        while True:
            await asyncio.sleep(1.0)
            second()

    ticking = asyncio.create_task(tick())
    try:
        yield
    finally:
        ticking.cancel()
        await asyncio.wait([ticking])
