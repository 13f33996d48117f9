"""The accounts service, wired."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from markethall.accounts import attempts, repository
from markethall.accounts.admin import ensure_admin
from markethall.accounts.endpoints import ROUTES
from markethall.accounts.erasures import Erasures
from markethall.accounts.guard import Guard
from markethall.accounts.keys import Schedule
from markethall.accounts.passwords import Passwords
from markethall.accounts.service import Accounts
from markethall.accounts.sessions import Sessions
from markethall.accounts.signing_keys import SigningKeys
from markethall.kit.app import Service
from markethall.kit.bus import Bus
from markethall.kit.db import Database
from markethall.kit.identity import KeyRing
from markethall.kit.migrations import migrate
from markethall.kit.relay import Relay
from markethall.kit.settings import Settings
from markethall.kit.tasks import Periodic

NAME = "accounts"
MIGRATIONS = Path(__file__).parent / "migrations"
SWEEP_SECONDS = 600.0


def create(settings: Settings) -> Service:
    bus = Bus(settings, NAME)
    database = Database(settings)
    ring = KeyRing(bus)
    schedule = Schedule(
        rotation=timedelta(seconds=settings.key_rotation_seconds),
        token_life=timedelta(seconds=settings.access_token_seconds),
    )
    signing_keys = SigningKeys(database, bus, ring, schedule)
    relay = Relay(database, bus)
    passwords = Passwords(threads=settings.password_threads, max_waiting=settings.password_queue)
    guard = Guard(database, passwords, settings)

    @asynccontextmanager
    async def prepared() -> AsyncIterator[None]:
        await migrate(settings, MIGRATIONS)
        await ensure_admin(database, passwords, settings)
        yield

    async def sweep() -> None:
        async with database.begin() as connection:
            await repository.delete_expired_sessions(connection)
            await attempts.delete_forgotten(connection)

    return Service(
        settings,
        NAME,
        bus=bus,
        route_handlers=[ROUTES],
        resources=[
            database,
            passwords,
            prepared(),
            signing_keys,
            ring,
            relay,
            Erasures(database, bus, relay),
            Periodic("sweep of what is over", sweep, SWEEP_SECONDS),
        ],
        required={"database": database.check},
        observed={"bus": bus.check},
        dependencies={
            "accounts": Accounts(database, passwords, guard, relay),
            "sessions": Sessions(database, passwords, guard, signing_keys, settings),
        },
        keys=ring,
    )
