"""What every fault is."""

import random
from collections.abc import Awaitable, Callable
from typing import Protocol

from markethall.chaos.target import Target

Heal = Callable[[], Awaitable[None]]
"""Ends the fault; harmless where it has ended by itself. What the fault broke may need time to recover."""


class NotHit(Exception):
    """There was nothing to be hit at the moment; the message says what was missing. Nothing has changed."""


class Fault(Protocol):
    """One thing that can go wrong, with the places where it can."""

    name: str
    sentence: str
    """What it does, for whoever watches."""
    needs: str
    """What a shop must have for it to be offered at all."""

    async def spots(self, target: Target) -> list[str]:
        """Where it can hit this shop; none: it is not offered."""

    async def inject(self, target: Target, spot: str, dice: random.Random) -> Heal:
        """Raises NotHit, LocalError."""


async def nothing_to_heal() -> None:
    """The supervisor does what is to be done."""
