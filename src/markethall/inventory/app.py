"""The service `inventory`: what it stands on, wired in one place."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from markethall.contracts.internal import AVAILABILITY_PATH
from markethall.contracts.messages import Pulse
from markethall.contracts.topology import LIVE_PULSE
from markethall.inventory import replenishment
from markethall.inventory.availability import availability
from markethall.inventory.catalog_copy import CHECK_SECONDS, COPY_SECONDS, CatalogCopy
from markethall.inventory.consumers import OrderDecider
from markethall.inventory.endpoints import router
from markethall.inventory.receipts import Receiving
from markethall.inventory.stock_topic import StockTopic
from markethall.kit.app import Service
from markethall.kit.applied import AppliedNotices
from markethall.kit.bus import Bus
from markethall.kit.db import Database
from markethall.kit.identity import KeyRing
from markethall.kit.migrations import migrate
from markethall.kit.registry import Directory
from markethall.kit.relay import Relay
from markethall.kit.settings import Settings
from markethall.kit.tasks import Periodic

MIGRATIONS = Path(__file__).parent / "migrations"
PULSE_SECONDS = 0.1


def create(settings: Settings) -> Service:
    bus = Bus(settings, "inventory")
    database = Database(settings)
    directory = Directory(bus)
    notices = AppliedNotices(bus, directory, settings)
    keys = KeyRing(bus)
    relay = Relay(database, bus)
    copy = CatalogCopy(database, bus, relay)
    decider = OrderDecider(database, relay)

    async def replenish() -> None:
        await replenishment.replenish(database, relay)

    async def pulse() -> None:
        if bus.connected:
            beat = Pulse(settings.replica, time.time_ns() // 1000)
            await bus.publish_live(LIVE_PULSE, msgspec.msgpack.encode(beat))

    return Service(
        settings,
        "inventory",
        bus=bus,
        keys=keys,
        route_handlers=[router],
        dependencies={"database": database, "receiving": Receiving(database, relay, notices, bus)},
        hot={("POST", AVAILABILITY_PATH): availability(database)},
        resources=[
            migrated(settings),
            database,
            directory,
            keys,
            notices,
            relay,
            copy.consumer(),
            Periodic("catalog copy", copy.complete, CHECK_SECONDS, timeout_seconds=COPY_SECONDS),
            decider.consumer(bus),
            Periodic("replenishment", replenish, replenishment.LOOK_SECONDS),
            Periodic("pulse", pulse, PULSE_SECONDS),
            *([StockTopic(database, bus)] if settings.mqtt_url else []),
        ],
        required={"database": database.check},
        observed={"bus": bus.check, "keys": keys.check, "catalog_copy": copy.check},
    )


@asynccontextmanager
async def migrated(settings: Settings) -> AsyncIterator[None]:
    await migrate(settings, MIGRATIONS)
    yield
