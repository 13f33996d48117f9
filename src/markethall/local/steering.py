"""What people may ask of a running shop's processes: how they are, to start again, to be more or fewer."""

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

import msgspec

from markethall.local.bus_nodes import BusNodes
from markethall.local.control import Handler
from markethall.local.database_nodes import DatabaseNodes
from markethall.local.errors import LocalError
from markethall.local.folder import DataFolder
from markethall.local.incidents import Incidents
from markethall.local.replicas import Replicas, checked
from markethall.local.report import described, report
from markethall.local.supervisor import Supervisor
from markethall.local.unit import Unit

T = TypeVar("T")

INCIDENTS_SHOWN = 100


class Steering:
    """Control commands `status`, `restart` and `scale`. Changes are made one after the other."""

    def __init__(
        self,
        folder: DataFolder,
        supervisor: Supervisor,
        replicas: Replicas,
        bus: BusNodes,
        databases: DatabaseNodes,
    ) -> None:
        self._folder = folder
        self._supervisor = supervisor
        self._replicas = replicas
        self._bus = bus
        self._databases = databases
        self._incidents = Incidents(folder)
        supervisor.changed, supervisor.note = self._incidents.changed, self._incidents.note
        self._one_at_a_time = asyncio.Lock()
        self._changing: asyncio.Task[Any] | None = None
        self._closed = False

    @property
    def commands(self) -> Mapping[str, Handler]:
        return {"status": self.status, "restart": self.restart, "scale": self.scale}

    async def close(self) -> None:
        """Breaks off the change that is under way, and refuses more: nothing is started any longer."""
        self._closed = True
        if self._changing is not None:
            self._changing.cancel()
            await asyncio.wait([self._changing])

    async def status(self) -> dict[str, Any]:
        """All of the shop; what cannot be known just now is null (`markethall.local.report`)."""
        found = await report(self._supervisor, self._replicas, self._bus, self._databases)
        return found | {"incidents": msgspec.to_builtins(self._incidents.latest(INCIDENTS_SHOWN))}

    async def restart(
        self, service: str, replica: str | None = None, settings: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """Drains and starts again: one replica, or one after the other, each ready before the next.

        `settings` are environment variables for this one start. Raises LocalError.
        """
        units = await self._one_by_one(self._restart(service, replica, settings))
        return {"units": [described(self._supervisor, unit) for unit in units]}

    async def scale(self, service: str, replicas: int) -> dict[str, Any]:
        """Returns when new replicas are ready and surplus ones have ended. Raises LocalError.

        The number holds for the next starts of the shop, too.
        """
        checked(service, replicas)
        await self._one_by_one(self._scale(service, replicas))
        return {"service": service, "replicas": replicas}

    async def _restart(self, service: str, replica: str | None, settings: Mapping[str, str] | None) -> list[Unit]:
        chosen = self._chosen(service, replica)
        for unit in chosen:
            if unit.service == "edge":
                return [await self._replicas.replace_edge(self._supervisor)]
            if unit.service == "postgres":
                async with self._databases.turning:
                    await self._supervisor.restart(unit, settings)
            else:
                await self._supervisor.restart(unit, settings)
        return chosen

    async def _scale(self, service: str, replicas: int) -> None:
        before = sum(unit.service == service for unit in self._supervisor.rows)
        await self._replicas.scale(self._supervisor, service, replicas)
        if before != replicas:
            self._supervisor.note("scaled", service, "", f"from {before} to {replicas}")
        self._folder.write_replicas(self._folder.read_replicas() | {service: replicas})

    async def _one_by_one(self, change: Coroutine[Any, Any, T]) -> T:
        """Carries it out once those asked for before are done. Raises LocalError, also where the shop closes."""
        async with self._one_at_a_time:
            self._changing = task = asyncio.create_task(change)
            if self._closed:
                task.cancel()
            try:
                return await task
            except asyncio.CancelledError:
                if not self._closed:
                    raise
                raise LocalError("the shop is closing") from None
            finally:
                self._changing = None

    def _chosen(self, service: str, replica: str | None) -> list[Unit]:
        units = [unit for unit in self._supervisor.rows if unit.service == service]
        chosen = [unit for unit in units if replica in (None, unit.replica)]
        if not units:
            parts = sorted({unit.service for unit in self._supervisor.rows})
            raise LocalError(f"there is no part {service!r}: they are {', '.join(parts)}")
        if not chosen:
            numbers = ", ".join(unit.replica for unit in units)
            raise LocalError(f"{service} has no replica {replica!r}: they are {numbers}")
        return chosen
