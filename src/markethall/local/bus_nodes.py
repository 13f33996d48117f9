"""The bus of a local shop: the NATS servers it is made of, and how parts reach them."""

import asyncio
import functools
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from markethall.contracts.messages import Replica
from markethall.local import bus_report
from markethall.local.credentials import BUS_OPERATOR, DEVICE
from markethall.local.errors import StartFailed
from markethall.local.folder import DataFolder
from markethall.local.mqtt import MqttListener
from markethall.local.nats import CLUSTER, EmbeddedNats, Membership
from markethall.local.ports import LOOPBACK
from markethall.local.registry import registered
from markethall.local.supervisor import Supervisor
from markethall.local.unit import Unit

SIZES = (1, CLUSTER)
"""Of two servers none may die: both are needed for a majority."""
LEADER_SECONDS = 60.0
LOOK_SECONDS = 0.05
NOWHERE = f"{LOOPBACK}:1"


class Door:
    """Where a server takes routes from the others."""

    service = "nats"

    def __init__(self, node: EmbeddedNats) -> None:
        self._node = node
        self.replica = node.replica

    @property
    def url(self) -> str:
        return f"nats://{LOOPBACK}:{self._node.route_port}"


Reach = Callable[[str, Door], str]
"""`host:port` by which a server (`nats-1`) reaches the door of another one."""


class BusNodes:
    """One server, or three that keep copies of everything and go on while two of them live.

    The store of a single server and that of a cluster's member cannot stand in for each other, so
    each kind has folders of its own. What was under way in the other kind is sent again: the
    bus only carries.
    """

    def __init__(
        self,
        folder: DataFolder,
        passwords: dict[str, str],
        ports: Mapping[str, int],
        mqtt: Sequence[MqttListener] = (),
        *,
        count: int = 1,
        reach: Reach | None = None,
    ) -> None:
        """`mqtt`: a listener for each node, or none. `reach`: where routes go through something."""
        self._folder = folder
        self.mqtt = mqtt
        self._passwords = passwords
        self._reach = reach
        self._nodes: list[EmbeddedNats] = []
        for number in range(1, count + 1):
            name = str(number)
            self._nodes.append(
                EmbeddedNats(
                    folder.nats if count == 1 else folder.nats / f"node-{name}",
                    passwords,
                    folder.logs,
                    replica=name,
                    port=ports.get(f"nats-{name}", 0),
                    mqtt=mqtt[number - 1] if mqtt else None,
                    membership=None if count == 1 else self._membership(name),
                )
            )

    @property
    def units(self) -> list[Unit]:
        return list(self._nodes)

    @property
    def replicas(self) -> int:
        """How many copies of each stream there are to be."""
        return len(self._nodes)

    def url_for(self, user: str) -> str:
        """`nats://user:password@host:port`, every node's, separated by commas."""
        return ",".join(node.url_for(user) for node in self._nodes)

    @property
    def mqtt_url(self) -> str:
        """`mqtt://host:port`, every node's, separated by commas; empty where MQTT is off."""
        return ",".join(listener.url for listener in self.mqtt)

    async def devices(self) -> dict[str, Any]:
        """Control command `devices`: how they enter."""
        urls = [listener.url for listener in self.mqtt]
        return {"urls": urls, "user": DEVICE, "password": self._passwords[DEVICE]}

    async def open(self, supervisor: Supervisor) -> None:
        """Returns when the bus can be used. Raises StartFailed."""
        for node in self._nodes:
            node.choose_ports()
        await supervisor.start(self.units)
        if len(self._nodes) > 1:
            await self._led()

    async def close(self, supervisor: Supervisor) -> None:
        await supervisor.stop(self.units)

    async def describe(self) -> dict[str, Any]:
        """Nodes, streams and consumers as the servers see them (`markethall.local.bus_report`)."""
        return await bus_report.report(self._nodes)

    async def registered(self) -> list[Replica]:
        """Live replicas, wherever they run. Raises as `markethall.local.registry.registered`."""
        return await registered(self.url_for(BUS_OPERATOR))

    async def _led(self) -> None:
        """Returns when each server knows who leads."""
        deadline = time.monotonic() + LEADER_SECONDS
        for node in self._nodes:
            while not await bus_report.knows_leader(node):
                if time.monotonic() > deadline:
                    raise StartFailed(
                        f"the servers of the bus found no leader within {LEADER_SECONDS:.0f} s"
                        f" (see {self._folder.logs})"
                    )
                await asyncio.sleep(LOOK_SECONDS)

    def _membership(self, name: str) -> Membership:
        # Through something, servers must not find each other by themselves and go past it.
        advertised = None if self._reach is None else NOWHERE
        return Membership(functools.partial(self._routes_of, name), advertised)

    def _routes_of(self, name: str) -> Sequence[str]:
        reach = self._reach or _directly
        return [reach(f"nats-{name}", Door(node)) for node in self._nodes if node.replica != name]


def _directly(_source: str, door: Door) -> str:
    return urlsplit(door.url).netloc
