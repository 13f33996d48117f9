"""Who joined, left and lapsed, as the registry shows it: what this front has seen since it began."""

import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Self

import msgspec

from markethall.contracts.messages import Replica
from markethall.kit.registry import Directory
from markethall.kit.tasks import Periodic

LOOK_SECONDS = 0.5
KEPT = 200
GONE_SECONDS = 60.0
"""A replica that is gone is shown for so long."""


class Incident(msgspec.Struct, frozen=True):
    """`at` is Unix seconds. `kind`: joined, left, lapsed; or as `markethall up` tells it: started, died, frozen,
    restarted, failed, stopped, removed, scaled, promoted."""

    at: float
    kind: str
    service: str
    replica: str
    detail: str = ""


class Gone(msgspec.Struct, frozen=True):
    """A replica that was there."""

    replica: Replica
    at: float
    kind: str


class RegistryWatch:
    """Compares the registry with itself, twice a second."""

    def __init__(self, directory: Directory, clock: Callable[[], float] = time.time) -> None:
        self._directory = directory
        self._clock = clock
        self._known: dict[tuple[str, str], Replica] | None = None
        self._incidents: deque[Incident] = deque(maxlen=KEPT)
        self._gone: dict[tuple[str, str], Gone] = {}
        self._periodic = Periodic("registry watch", self.look, LOOK_SECONDS)

    async def __aenter__(self) -> Self:
        await self._periodic.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._periodic.__aexit__(kind, error, trace)

    def incidents(self) -> list[Incident]:
        """Newest first."""
        return list(self._incidents)[::-1]

    def gone(self) -> list[Gone]:
        """Lately."""
        return list(self._gone.values())

    async def look(self) -> None:
        now = self._clock()
        there = {(replica.service, replica.id): replica for replica in self._directory.all()}
        known = self._known
        self._known = there
        if known is None:
            return  # who is there when a front begins has not joined
        for key, replica in there.items():
            if known.get(key) != replica:
                self._incidents.append(Incident(now, "joined", *key, replica.address))
            self._gone.pop(key, None)
        for key, replica in known.items():
            if key not in there:
                kind = "left" if self._directory.has_left(replica) else "lapsed"
                self._incidents.append(Incident(now, kind, *key, replica.address))
                self._gone[key] = Gone(replica, now, kind)
        self._gone = {key: gone for key, gone in self._gone.items() if now - gone.at < GONE_SECONDS}
