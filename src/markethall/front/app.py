"""Wiring of front: the one public address."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from nats.aio.msg import Msg

from markethall.contracts.topology import LIVE_ORDERS_STATUS
from markethall.front.checkout import Checkout
from markethall.front.clients import ClientAddresses
from markethall.front.entrance import Entrance
from markethall.front.event_streams import EventStreams
from markethall.front.rate_limits import RateLimits
from markethall.front.readiness import Readiness
from markethall.front.statuses import StatusEvent, hear_statuses
from markethall.front.upstream import Upstream
from markethall.kit.app import Service
from markethall.kit.asgi import ASGIApp
from markethall.kit.balancing import Balancer
from markethall.kit.bus import Bus
from markethall.kit.identity import KeyRing
from markethall.kit.registry import Directory
from markethall.kit.settings import Settings
from markethall.kit.tasks import cancel
from markethall.kit.waiters import Waiters


def create(settings: Settings) -> Service:
    """One front. It keeps nothing that matters: any number of them may stand side by side."""
    bus = Bus(settings, "front")
    directory = Directory(bus)
    balancer = Balancer(directory, settings.upstreams)
    keys = KeyRing(bus)
    statuses = Waiters[StatusEvent]()
    draining = asyncio.Event()
    readiness = Readiness(bus, balancer)
    clients = ClientAddresses(settings.trusted_proxies)
    checkout = Checkout(balancer, statuses, settings, draining, lambda call: None)

    def entrance(own: ASGIApp) -> ASGIApp:
        return Entrance(
            own,
            clients=clients,
            limits=RateLimits(settings.rate_limit),
            checkout=checkout,
            streams=EventStreams(balancer, draining),
            upstream=Upstream(balancer, settings),
        )

    async def hear(message: Msg) -> None:
        hear_statuses(statuses, message)

    return Service(
        settings,
        "front",
        bus=bus,
        route_handlers=[],
        resources=[
            directory,
            balancer,
            keys,
            _listening(bus, LIVE_ORDERS_STATUS, hear),
            _once(draining, statuses.interrupt),
        ],
        required=readiness.required,
        observed=readiness.observed,
        keys=keys,
        around=[entrance],
        draining=draining,
    )


@asynccontextmanager
async def _listening(bus: Bus, subject: str, hear: Callable[[Msg], Awaitable[None]]) -> AsyncIterator[None]:
    """Hears the subject as soon as the bus is there; the start does not wait for it long."""
    listening = asyncio.create_task(bus.listen(subject, hear), name=f"listening to {subject}")
    await asyncio.wait([listening], timeout=2.0)
    try:
        yield
    finally:
        await cancel(listening)


@asynccontextmanager
async def _once(event: asyncio.Event, call: Callable[[], None]) -> AsyncIterator[None]:
    """Calls when the event is set."""

    async def wait() -> None:
        await event.wait()
        call()

    waiting = asyncio.create_task(wait(), name="waiting for the drain")
    try:
        yield
    finally:
        await cancel(waiting)
