"""Catalog as a process: what it stands on, in order."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from markethall.catalog import back_office_endpoints, category_endpoints, product_endpoints
from markethall.catalog.categories import Categories
from markethall.catalog.changes import Changes
from markethall.catalog.inner_lists import InnerLists
from markethall.catalog.internal import InnerProducts
from markethall.catalog.media import endpoints as media_endpoints
from markethall.catalog.media.pictures import Pictures
from markethall.catalog.media.storage import storage_of
from markethall.catalog.media.workshop import Workshop
from markethall.catalog.products import Products
from markethall.catalog.snapshot import SnapshotResponder
from markethall.contracts.internal import (
    MAX_PICTURE_BYTES,
    MEDIA_PATH,
    PRODUCT_LISTS_PATH,
    PRODUCTS_BY_SLUG_PATH,
    PRODUCTS_PATH,
)
from markethall.kit.app import Service
from markethall.kit.applied import AppliedNotices
from markethall.kit.bus import Bus
from markethall.kit.db import Database
from markethall.kit.db_reads import Reads
from markethall.kit.freshness import CarriesFreshness
from markethall.kit.identity import KeyRing
from markethall.kit.migrations import migrate
from markethall.kit.registry import Directory
from markethall.kit.relay import Relay
from markethall.kit.settings import Settings
from markethall.kit.tasks import Periodic

MIGRATIONS = Path(__file__).parent / "migrations"
CLEAR_AWAY_SECONDS = 3600.0


def create(settings: Settings) -> Service:
    """One replica of catalog."""
    bus = Bus(settings, "catalog")
    database = Database(settings)
    directory = Directory(bus)
    keys = KeyRing(bus)
    notices = AppliedNotices(bus, directory, settings)
    relay = Relay(database, bus, says_position=bool(settings.database_read_url))
    reads = Reads(database, settings)
    lists = InnerLists(reads, settings.currency)
    changes = Changes(database, relay, notices, reads)
    pictures = Pictures(database, storage_of(settings.media), Workshop(), settings.media_keep_seconds)
    return Service(
        settings,
        "catalog",
        bus=bus,
        route_handlers=[
            *product_endpoints.HANDLERS,
            *category_endpoints.HANDLERS,
            *media_endpoints.HANDLERS,
            *back_office_endpoints.HANDLERS,
        ],
        resources=[
            _migrated(settings),
            database,
            reads,
            directory,
            keys,
            notices,
            relay,
            SnapshotResponder(database, bus),
            Periodic("clearing away pictures", pictures.clear_away, CLEAR_AWAY_SECONDS, timeout_seconds=300.0),
        ],
        required={"database": reads.check},
        observed={"bus": bus.check, "token keys": keys.check},
        dependencies={
            "database": database,
            "reads": reads,
            "products": Products(reads, changes),
            "categories": Categories(reads, changes),
            "pictures": pictures,
            "keys": keys,
            "currency": settings.currency,
        },
        keys=keys,
        hot={
            ("POST", PRODUCTS_BY_SLUG_PATH): InnerProducts(reads, settings.currency).handler(),
            ("GET", PRODUCTS_PATH): lists.one(),
            ("POST", PRODUCT_LISTS_PATH): lists.many(),
        },
        around=[CarriesFreshness],
        uploads={MEDIA_PATH: MAX_PICTURE_BYTES},
    )


@asynccontextmanager
async def _migrated(settings: Settings) -> AsyncIterator[None]:
    await migrate(settings, MIGRATIONS)
    yield
