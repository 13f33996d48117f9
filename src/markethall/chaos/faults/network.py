"""The network between two parts: slow, cut, silent, or heard one way only."""

import random
from typing import Any

from markethall.chaos.faults.fault import Heal, or_healed
from markethall.chaos.target import Target

LINKS = "`markethall up --links`"
DELAYS_MS = (20, 100, 400)


class LinkSlow:
    name = "link-slow"
    sentence = "what two parts say to each other arrives late, by an uneven time"
    needs = LINKS

    async def spots(self, target: Target) -> list[str]:
        return list(target.links)

    async def inject(self, target: Target, spot: str, dice: random.Random) -> Heal:
        delay = dice.choice(DELAYS_MS)
        return await _set(target, spot, mode="delay", delay_ms=delay, jitter_ms=delay / 2)


class LinkCut:
    name = "link-cut"
    sentence = "connections between two parts are reset, and new ones, too"
    needs = LINKS

    async def spots(self, target: Target) -> list[str]:
        return list(target.links)

    async def inject(self, target: Target, spot: str, dice: random.Random) -> Heal:
        return await _set(target, spot, mode="cut")


class LinkSilent:
    name = "link-silent"
    sentence = "two parts are connected and hear nothing of each other"
    needs = LINKS

    async def spots(self, target: Target) -> list[str]:
        return list(target.links)

    async def inject(self, target: Target, spot: str, dice: random.Random) -> Heal:
        return await _set(target, spot, mode="silent")


class LinkHalfOpen:
    name = "link-half-open"
    sentence = "of two parts one hears the other, and is not heard"
    needs = LINKS

    async def spots(self, target: Target) -> list[str]:
        return list(target.links)

    async def inject(self, target: Target, spot: str, dice: random.Random) -> Heal:
        return await _set(target, spot, mode="silent", direction=dice.choice(("there", "back")))


async def _set(target: Target, link: str, **behaviour: Any) -> Heal:
    async def heal() -> None:
        await target.ask("link", name=link, mode="open")

    await or_healed(target.ask("link", name=link, **behaviour), heal)
    return heal
