"""Each known bug: what provokes it, and which judge must find it."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic

import asyncpg

from markethall.chaos.history import FaultRecord, Kind
from markethall.chaos.judges import AUDIT, COMES_TO_REST, lost, oversell, sessions, steps, stock
from markethall.chaos.workload import Mix, Workload
from markethall.local.shop import LocalShop
from tests.support.machine import eventually
from tests.support.shop import Shop, alive

Provocation = Callable[[Shop, Workload], Awaitable[None]]
RESTART_SECONDS = 90.0
LOAD_SECONDS = 60.0


def load(kind: Kind, calls: int) -> Provocation:
    """Nothing but the buyers, until so many calls of a kind were answered: on a slow machine that takes longer."""

    async def provoke(shop: Shop, workload: Workload) -> None:
        await answered(workload, kind, calls)

    return provoke


async def answered(workload: Workload, kind: Kind, calls: int) -> None:
    """Returns when so many more calls were."""
    wanted = len(workload.history.of_kind(kind)) + calls
    await eventually(lambda: len(workload.history.of_kind(kind)) >= wanted, seconds=LOAD_SECONDS)


def stopped(service: str, seconds: float, *, after: int = 20) -> Provocation:
    """All replicas of a service, by SIGSTOP, once so many orders were answered."""

    async def provoke(shop: Shop, workload: Workload) -> None:
        await answered(workload, "place", after)
        fault = FaultRecord("stop", service, monotonic())
        workload.history.add(fault)
        pids = [entry["pid"] for entry in shop.processes(service)]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
            workload.history.healed(fault, monotonic())
        await asyncio.sleep(2.0)

    return provoke


def killed(service: str) -> Provocation:
    """One replica, by SIGKILL, under load; the supervisor starts another."""

    async def provoke(shop: Shop, workload: Workload) -> None:
        await answered(workload, "place", 40)
        (victim,) = shop.processes(service)
        fault = FaultRecord("kill", service, monotonic())
        workload.history.add(fault)
        os.kill(victim["pid"], signal.SIGKILL)
        await eventually(
            lambda: any(alive(entry["pid"]) for entry in shop.processes(service) if entry["pid"] != victim["pid"]),
            seconds=RESTART_SECONDS,
        )
        workload.history.healed(fault, monotonic())
        await asyncio.sleep(1.0)

    return provoke


async def standby_held_up(shop: Shop, workload: Workload) -> None:
    """The replay of the databases' standby; it goes on afterwards."""
    await asyncio.sleep(1.0)
    local = LocalShop(shop.data)
    (dsn,) = [dsn for number, dsn in local.node_dsns("inventory").items() if number != local.primary]
    standby = await asyncpg.connect(dsn, timeout=10)
    try:
        fault = FaultRecord("hold up", "the standby's replay", monotonic())
        workload.history.add(fault)
        await standby.execute("SELECT pg_wal_replay_pause()")
        await answered(workload, "place", 80)
        await answered(workload, "read_stock", 40)
        await standby.execute("SELECT pg_wal_replay_resume()")
        workload.history.healed(fault, monotonic())
    finally:
        await standby.close()
    await asyncio.sleep(1.0)


@dataclass(frozen=True)
class Scenario:
    """`bug` is a module of `bugs`. Any of `rules` must be among those that are found broken."""

    bug: str
    provoke: Provocation
    rules: frozenset[str]
    mix: Mix = field(default_factory=Mix)
    rate: float = 40.0
    quiet_seconds: float = 45.0
    arguments: tuple[str, ...] = ()
    """Of `markethall up`, beside those of all."""


STANDBY = ("--read-replicas", "1")
OVERSOLD = frozenset({oversell.RULE, lost.STOCK})
SCARCE = Mix(
    hot_share=1.0, async_share=0.0, hot_stock=10, hot_receipt=2, receipts_every=10, cancel_share=0.0, fulfil_share=0.0
)

SCENARIOS = (
    Scenario(
        "acknowledge_before_commit",
        killed("orders"),
        frozenset({lost.LOST}),
        Mix(async_share=1.0, hot_share=0.1),
    ),
    Scenario("check_then_decrement", load("place", 300), OVERSOLD, SCARCE, rate=60.0),
    Scenario(
        "status_overwritten",
        stopped("inventory", 1.5),
        frozenset({lost.LOST, steps.RULE}),
        Mix(async_share=1.0, cancel_share=0.5),
    ),
    Scenario(
        "publish_without_outbox",
        killed("orders"),
        frozenset({COMES_TO_REST}),
        Mix(hot_share=0.1),
        quiet_seconds=15.0,
    ),
    Scenario(
        "cache_filled_after_invalidation",
        load("change_product", 14),
        frozenset({sessions.RULE}),
        Mix(product_reads_every=1, price_changes_every=10),
    ),
    Scenario(
        "stock_read_from_a_replica",
        standby_held_up,
        frozenset({stock.RULE}),
        Mix(stock_reads_every=2, hot_share=0.8, hot_stock=5_000),
        arguments=STANDBY,
    ),
    # At once, while all of the stock is left. What gathers at front meanwhile becomes one message.
    Scenario("allocation_forgets_its_batch", stopped("orders", 1.2, after=0), OVERSOLD, SCARCE, rate=80.0),
    Scenario(
        "dedupe_by_the_brokers_window",
        stopped("inventory", 9.0),
        frozenset({lost.STOCK, AUDIT}),
        rate=15.0,
    ),
)
