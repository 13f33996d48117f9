"""What every fault is."""

import random
from collections.abc import Awaitable, Callable
from typing import Protocol

from markethall.chaos.target import Target
from markethall.local.errors import LocalError

Heal = Callable[[], Awaitable[None]]
"""Ends the fault; harmless where it has ended by itself. What the fault broke may need time to recover."""


class NotHit(Exception):
    """There was nothing to be hit at the moment; the message says what was missing. Nothing has changed."""


class NotHealed(LocalError):
    """What a fault did may still be on."""


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
        """Ends within minutes, and is not cancelled. Raises NotHit, LocalError: nothing of it is on; NotHealed."""


async def or_healed(beginning: Awaitable[object], heal: Heal) -> None:
    """What fails may have begun, its answer being late or lost: it is healed at once. Raises LocalError, NotHealed."""
    try:
        await beginning
    except LocalError:
        try:
            await heal()
        except LocalError as error:
            raise NotHealed(f"it may have begun: {error}") from error
        raise


async def nothing_to_heal() -> None:
    """The supervisor does what is to be done."""
