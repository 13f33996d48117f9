"""Processes that die, stand still, or are restarted."""

import random
import signal

from markethall.chaos.faults.fault import Heal, NotHit, nothing_to_heal
from markethall.chaos.target import Target
from markethall.local.errors import NotRunning

ENDED_BY = {"postgres": signal.SIGINT}
"""What asks a server to end in good order, where it is not SIGTERM."""


class Kill:
    name = "kill"
    sentence = "a process is killed (SIGKILL); the supervisor starts another"
    needs = "processes"

    async def spots(self, target: Target) -> list[str]:
        return target.names()

    async def inject(self, target: Target, spot: str, dice: random.Random) -> Heal:
        target.signal(_pid(target, spot), signal.SIGKILL)
        return nothing_to_heal


class Freeze:
    name = "freeze"
    sentence = "a process stands still (SIGSTOP) and goes on later (SIGCONT)"
    needs = "processes"

    async def spots(self, target: Target) -> list[str]:
        return target.names()

    async def inject(self, target: Target, spot: str, dice: random.Random) -> Heal:
        frozen = target.freeze(_pid(target, spot))

        async def heal() -> None:
            target.thaw(frozen)

        return heal


class Restart:
    name = "restart"
    sentence = "a process is asked to end (SIGTERM), drains, and is started again"
    needs = "processes"

    async def spots(self, target: Target) -> list[str]:
        return target.names()

    async def inject(self, target: Target, spot: str, dice: random.Random) -> Heal:
        service = spot.rpartition("-")[0]
        target.signal(_pid(target, spot), ENDED_BY.get(service, signal.SIGTERM))
        return nothing_to_heal


def _pid(target: Target, spot: str) -> int:
    try:
        return target.entry(spot).pid
    except NotRunning as error:
        raise NotHit(str(error)) from None
