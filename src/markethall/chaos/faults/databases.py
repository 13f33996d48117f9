"""The primary of replicated databases: killed, standing still, promoted away."""

import random
import signal

from markethall.chaos.faults.fault import Heal, NotHit, nothing_to_heal
from markethall.chaos.target import Target
from markethall.local.errors import NotRunning

STANDBYS = "`markethall up --read-replicas N`"


class PrimaryKilled:
    name = "primary-killed"
    sentence = "the database server that takes the writes is killed (SIGKILL); it recovers and goes on"
    needs = STANDBYS

    async def spots(self, target: Target) -> list[str]:
        return _databases(target)

    async def inject(self, target: Target, spot: str, dice: random.Random) -> Heal:
        target.signal(await _primary(target), signal.SIGKILL)
        return nothing_to_heal


class PrimaryFrozen:
    name = "primary-frozen"
    sentence = "the database server that takes the writes stands still (SIGSTOP)"
    needs = STANDBYS

    async def spots(self, target: Target) -> list[str]:
        return _databases(target)

    async def inject(self, target: Target, spot: str, dice: random.Random) -> Heal:
        frozen = target.freeze(await _primary(target))

        async def heal() -> None:
            target.thaw(frozen)

        return heal


class PromotedAway:
    name = "promote"
    sentence = "the most advanced standby takes over from the primary, which becomes a standby"
    needs = STANDBYS

    async def spots(self, target: Target) -> list[str]:
        return _databases(target) if "promote" in target.commands else []

    async def inject(self, target: Target, spot: str, dice: random.Random) -> Heal:
        await target.ask("promote")
        return nothing_to_heal


def _databases(target: Target) -> list[str]:
    return ["databases"] if len(target.names("postgres")) > 1 else []


async def _primary(target: Target) -> int:
    try:
        return target.entry(await target.primary()).pid
    except NotRunning as error:
        raise NotHit(str(error)) from None
