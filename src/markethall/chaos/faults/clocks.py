"""A replica whose clock is seconds ahead or behind. Its monotonic clock is right, as on a real machine."""

import random
from pathlib import Path

from markethall.chaos.faults.fault import Heal, or_healed
from markethall.chaos.target import Target

LIBRARY = "libfaketime.so.1"
PLACES = ("/usr/lib/*/faketime", "/usr/lib/faketime", "/usr/lib64/faketime", "/usr/local/lib/faketime")
SHIFTS_SECONDS = (-5, 5)


class ClockWrong:
    name = "clock"
    sentence = "a replica runs for a while with a clock that is 5 s ahead or behind"
    needs = "libfaketime (Debian: faketime), and a shop that can restart one replica"

    async def spots(self, target: Target) -> list[str]:
        if "restart" not in target.commands or library() is None:
            return []
        return target.names("front", "catalog", "inventory", "orders", "accounts")

    async def inject(self, target: Target, spot: str, dice: random.Random) -> Heal:
        service, _, replica = spot.rpartition("-")
        settings = faked(dice.choice(SHIFTS_SECONDS))

        async def heal() -> None:
            await target.ask("restart", service=service, replica=replica)

        await or_healed(target.ask("restart", service=service, replica=replica, settings=settings), heal)
        return heal


def faked(shift_seconds: int) -> dict[str, str]:
    """The environment of a process whose clock is so much ahead."""
    return {
        "LD_PRELOAD": str(library()),
        "FAKETIME": f"{shift_seconds:+d}s",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }


def library() -> Path | None:
    """Where it is on this machine; None: not installed."""
    for place in PLACES:
        for found in Path("/").glob(f"{place.lstrip('/')}/{LIBRARY}"):
            return found
    return None
