"""Wiring of front: the one public address."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from markethall.front.admission import Admission
from markethall.front.announcements import Announcements
from markethall.front.at_once import AtOnce
from markethall.front.availability import Availability
from markethall.front.cache import Cache
from markethall.front.cart_lines import CartLines
from markethall.front.checkout import ORDERS, Checkout
from markethall.front.clients import ClientAddresses
from markethall.front.composition import Template
from markethall.front.entrance import Entrance
from markethall.front.event_streams import EventStreams
from markethall.front.freshness import Freshness
from markethall.front.imports import IMPORT_PATH, Imports, import_products
from markethall.front.imports import MAX_BYTES as IMPORT_BYTES
from markethall.front.media import Media
from markethall.front.products import Products
from markethall.front.rate_limits import RateLimits
from markethall.front.readiness import Readiness
from markethall.front.sold_out import SoldOut
from markethall.front.statuses import StatusEvent
from markethall.front.system import Overview, system
from markethall.front.system_live import LiveSystem, live_system, own_figures
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
    statuses = Waiters[StatusEvent](only_unheard=True)
    draining = asyncio.Event()
    readiness = Readiness(bus, balancer)
    clients = ClientAddresses(settings.trusted_proxies)
    admission = Admission(clients, RateLimits(settings.rate_limit))
    availability = Availability(balancer)
    cache = Cache[Template](settings.cache_entries)
    freshness = Freshness()
    sold_out = SoldOut(availability, keys)
    checkout = Checkout(balancer, statuses, settings, draining, sold_out)
    announcements = Announcements(bus, settings.replica, cache, availability, statuses, freshness)

    products = Products(cache, availability, balancer, settings.cache_entries, freshness)
    overview = Overview(
        bus,
        directory,
        balancer,
        cache,
        products,
        settings.replica,
        settings.cache_entries,
        settings.status_socket,
    )

    live = LiveSystem(overview, sold_out, directory, settings.replica, settings.status_socket)

    upstream = Upstream(balancer, settings, freshness)

    def entrance(own: ASGIApp) -> ASGIApp:
        return Entrance(
            own,
            admission=admission,
            clients=clients,
            checkout=checkout,
            cart_lines=CartLines(balancer, availability, settings),
            streams=EventStreams(balancer, draining),
            upstream=upstream,
            products=products,
            availability=availability,
            media=Media(balancer, upstream, keys),
            refresh_seconds=settings.refresh_token_seconds,
        )

    return Service(
        settings,
        "front",
        bus=bus,
        route_handlers=[system, live_system, own_figures, import_products],
        resources=[directory, balancer, keys, announcements, live, _once(draining, statuses.interrupt)],
        required=readiness.required,
        observed=readiness.observed,
        dependencies={"overview": overview, "live": live, "imports": Imports(balancer, settings.currency)},
        keys=keys,
        around=[entrance],
        at_once=AtOnce(admission, products, checkout),
        refuse_first={b"POST " + ORDERS: checkout.refusal},
        uploads={IMPORT_PATH: IMPORT_BYTES},
        draining=draining,
    )


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
