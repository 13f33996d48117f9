"""The bus: its leader, its majority, its storage."""

import random
import shutil
import signal
from pathlib import Path

from markethall.chaos.faults.fault import Heal, NotHit, nothing_to_heal
from markethall.chaos.target import Target
from markethall.local.errors import NotRunning

CLUSTER = "`markethall up --bus-nodes 3`"


class BusLeaderKilled:
    name = "bus-leader"
    sentence = "the server that leads the stream of orders is killed (SIGKILL)"
    needs = CLUSTER

    async def spots(self, target: Target) -> list[str]:
        return ["bus"] if len(target.names("nats")) > 1 else []

    async def inject(self, target: Target, spot: str, dice: random.Random) -> Heal:
        try:
            leader = await target.bus_leader()
            target.signal(target.entry(leader).pid, signal.SIGKILL)
        except NotRunning as error:
            raise NotHit(str(error)) from None
        return nothing_to_heal


class BusMajorityAway:
    name = "bus-majority"
    sentence = "two of the three servers of the bus stand still: it takes nothing until they go on"
    needs = CLUSTER

    async def spots(self, target: Target) -> list[str]:
        return ["bus"] if len(target.names("nats")) > 2 else []

    async def inject(self, target: Target, spot: str, dice: random.Random) -> Heal:
        running = [entry for entry in target.processes() if entry.service == "nats"]
        frozen = [pid for entry in dice.sample(running, min(2, len(running))) for pid in target.freeze(entry.pid)]

        async def heal() -> None:
            target.thaw(frozen)

        return heal


class BusWiped:
    name = "bus-wiped"
    sentence = "the servers of the bus are killed and all of its storage is deleted"
    needs = "a bus"

    async def spots(self, target: Target) -> list[str]:
        return ["bus"] if stores(target.data / "nats") else []

    async def inject(self, target: Target, spot: str, dice: random.Random) -> Heal:
        pids = [entry.pid for entry in target.processes() if entry.service == "nats"]
        # Frozen first: a server that is still running would write down again what it has in memory.
        for pid in pids:
            target.signal(pid, signal.SIGSTOP)
        for store in stores(target.data / "nats"):
            shutil.rmtree(store, ignore_errors=True)
        for pid in pids:
            target.signal(pid, signal.SIGKILL)
        return nothing_to_heal


def stores(folder: Path) -> list[Path]:
    """Of one server, and of each of several."""
    return [found for found in (folder / "store", *folder.glob("*/store")) if found.is_dir()]
