"""The services of a local shop: their replicas, how many of each, and who of them stands behind the door."""

from collections.abc import Callable, Mapping, Sequence

from markethall.local.credentials import SERVICES
from markethall.local.door import Door
from markethall.local.edge import Edge
from markethall.local.errors import LocalError
from markethall.local.folder import DataFolder
from markethall.local.service import MAX_REPLICAS, ServiceProcess
from markethall.local.supervisor import Supervisor
from markethall.local.unit import Unit

Settings = Callable[[ServiceProcess], Mapping[str, str]]
"""Of a replica, asked at each of its starts. A front that does not have the door is behind the edge."""


class Replicas:
    """Services and edge. One front has the door itself; of several none has, but the edge in front of them.

    An edge that is there stays, also for one front: when Caddy ends, connections are lost.
    """

    def __init__(
        self,
        folder: DataFolder,
        door: Door,
        ports: Mapping[str, int],
        numbers: Mapping[str, int],
        settings: Settings,
    ) -> None:
        self._folder = folder
        self._door = door
        self._ports = ports
        self._settings = settings
        self._services = {
            name: [self._new(name, number) for number in range(1, numbers.get(name, 1) + 1)] for name in SERVICES
        }
        self.edge: Edge | None = None
        if len(self._fronts) > 1:
            self.edge = self._new_edge()
        else:
            self._fronts[0].door = door

    @property
    def services(self) -> list[ServiceProcess]:
        return [replica for replicas in self._services.values() for replica in replicas]

    @property
    def units(self) -> list[Unit]:
        return [*self.services, *self._edges]

    @property
    def numbers(self) -> dict[str, int]:
        """How many of each service there are."""
        return {name: len(replicas) for name, replicas in self._services.items()}

    async def open(self, supervisor: Supervisor) -> None:
        """Returns when the public address is ready. Raises StartFailed."""
        await supervisor.start(self.services)
        await supervisor.start(self._edges)

    async def close(self, supervisor: Supervisor) -> None:
        """Each stage ends before the one that it stands on."""
        self._door.close()
        await supervisor.stop(self._edges)
        await supervisor.stop(self._fronts)
        await supervisor.stop([replica for replica in self.services if replica.service != "front"])

    async def scale(self, supervisor: Supervisor, service: str, number: int) -> None:
        """Starts what is missing, or drains what is surplus. Raises LocalError; what did not start is gone."""
        before = self._services[service]
        surplus = before[number:]
        more = [self._new(service, count) for count in range(len(before) + 1, number + 1)]
        await _start(supervisor, more)
        if service == "front" and more and self.edge is None:
            await self._take_in_the_edge(supervisor, more)
        self._services[service] = [*before[:number], *more]
        await supervisor.remove(surplus)

    async def _take_in_the_edge(self, supervisor: Supervisor, more: Sequence[ServiceProcess]) -> None:
        """Both have the door until the front has left it; connections that wait at it are taken by either."""
        [first] = self._fronts
        edge = self._new_edge()
        try:
            await _start(supervisor, [edge])
        except LocalError:
            await supervisor.remove(more)
            raise
        self.edge = edge
        first.door = None
        await supervisor.restart(first)

    async def replace_edge(self, supervisor: Supervisor) -> Edge:
        """The next one serves before the last leaves the door, which may wait long for what it has under way.

        Raises StartFailed; then the last one stays.
        """
        assert self.edge is not None
        last, self.edge = self.edge, self._new_edge()
        try:
            await supervisor.replace(last, self.edge)
        except LocalError:
            self.edge = last
            raise
        return self.edge

    @property
    def _fronts(self) -> list[ServiceProcess]:
        return self._services["front"]

    @property
    def _edges(self) -> Sequence[Edge]:
        return [self.edge] if self.edge else []

    def _new_edge(self) -> Edge:
        return Edge(self._folder.edge, self._folder.logs, self._door)

    def _new(self, name: str, number: int) -> ServiceProcess:
        port = self._ports.get(f"{name}-{number}", 0)
        replica = ServiceProcess(name, str(number), lambda: self._settings(replica), self._folder.logs, port=port)
        return replica


async def _start(supervisor: Supervisor, units: Sequence[Unit]) -> None:
    """All of them, or none is left."""
    try:
        await supervisor.start(units)
    except LocalError:
        await supervisor.remove(units)
        raise


def checked(service: str, number: int) -> int:
    """Raises LocalError: no such service, or a number out of bounds."""
    if service not in SERVICES:
        raise LocalError(f"there is no service {service!r}: they are {', '.join(SERVICES)}")
    if not 1 <= number <= MAX_REPLICAS:
        raise LocalError(f"{service} can have 1 to {MAX_REPLICAS} replicas, not {number}")
    return number
