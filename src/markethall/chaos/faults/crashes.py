"""Crash points: a replica dies at a named moment of its work (`markethall.kit.crash_points`)."""

import random
import signal

from markethall.chaos.faults.fault import Heal, nothing_to_heal, or_healed
from markethall.chaos.target import Target
from markethall.kit.crash_points import CRASH_POINTS
from markethall.local.errors import NotRunning

PASSINGS = (1, 2, 5, 20)


class CrashPoint:
    name = "crash-point"
    sentence = "a replica kills itself in the middle of its work, at a point that is named in the code"
    needs = "a shop that can restart one replica"

    async def spots(self, target: Target) -> list[str]:
        if "restart" not in target.commands:
            return []
        return [
            f"{replica}:{point}"
            for point, services in CRASH_POINTS.items()
            for service in services
            for replica in target.names(service)
        ]

    async def inject(self, target: Target, spot: str, dice: random.Random) -> Heal:
        name, _, point = spot.partition(":")
        service, _, replica = name.rpartition("-")
        settings = {"MARKETHALL_CRASH_POINTS": f"{point}:{dice.choice(PASSINGS)}"}

        async def restart() -> None:
            await target.ask("restart", service=service, replica=replica)

        await or_healed(target.ask("restart", service=service, replica=replica, settings=settings), restart)
        try:
            armed = target.entry(name).pid
        except NotRunning:
            return nothing_to_heal  # it has passed the point already

        async def heal() -> None:
            """What was not passed by now is disarmed, by the same death at another moment."""
            try:
                if target.entry(name).pid == armed:
                    target.signal(armed, signal.SIGKILL)
            except NotRunning:
                pass

        return heal
