"""When this front may be sent buyers: once it has seen the bus and each service alive.

Afterwards it stays ready: what still works without a part is served, and health says what is missing.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from markethall.front.routes import SERVICES
from markethall.kit.balancing import Balancer, ServiceUnavailable
from markethall.kit.bus import Bus, BusUnavailable

Check = Callable[[], Awaitable[str]]


class Readiness:
    """The health checks of a front."""

    def __init__(self, bus: Bus, balancer: Balancer) -> None:
        self._bus = bus
        self._balancer = balancer
        self._missing = {"bus", *SERVICES}

    @property
    def required(self) -> Mapping[str, Check]:
        return {"start": self._started}

    @property
    def observed(self) -> Mapping[str, Check]:
        return {"bus": self._bus.check, **{service: partial(self._service, service) for service in SERVICES}}

    async def _started(self) -> str:
        if self._bus.connected:
            self._missing.discard("bus")
        self._missing -= {service for service in SERVICES if self._balancer.replicas(service)}
        if self._missing:
            raise BusUnavailable(f"not seen yet: {', '.join(sorted(self._missing))}")
        return "up"

    async def _service(self, service: str) -> str:
        if count := len(self._balancer.replicas(service)):
            return f"up ({count})"
        raise ServiceUnavailable("no live replica")
