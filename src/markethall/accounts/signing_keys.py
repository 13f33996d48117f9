"""Keeps the signing keys: in the database for the replicas of accounts, on the bus for all who verify."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import msgspec
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import delete, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from markethall.accounts import keys
from markethall.accounts.keys import Schedule, SigningKey
from markethall.accounts.tables import signing_keys
from markethall.contracts.topology import KEYS_BUCKET
from markethall.kit.bus import Bus
from markethall.kit.db import Database
from markethall.kit.identity import KeyRing
from markethall.kit.tasks import cancel

log = structlog.get_logger(__name__)

RENEW_SECONDS = 10.0
PUBLISH_SECONDS = 2.0


class SigningKeys:
    """The keys as the database has them, read again every 10 s and written to the bus each time.

    So a bus that was wiped has them back within that time, and as soon as it is connected again.
    They go into `ring` directly too: accounts itself needs no bus to know its own tokens.
    """

    def __init__(self, database: Database, bus: Bus, ring: KeyRing, schedule: Schedule) -> None:
        self._database = database
        self._bus = bus
        self._ring = ring
        self._schedule = schedule
        self._keys: Sequence[SigningKey] = ()
        self._wake = asyncio.Event()
        self._renewal: asyncio.Task[None] | None = None
        bus.on_reconnect(self._wake.set)

    async def __aenter__(self) -> Self:
        await self.renew()
        self._renewal = asyncio.create_task(self._run(), name="signing keys")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await cancel(self._renewal)

    @property
    def current(self) -> SigningKey:
        """The key to sign with now."""
        return keys.signing(self._keys, datetime.now(UTC))

    async def renew(self) -> None:
        """Read the keys, make the one that is due, drop those that are over."""
        async with self._database.begin() as connection:
            found = await _read(connection)
            if self._is_settled(found):
                self._take(found)
                return
            # One replica at a time; whoever waited finds it done.
            await connection.execute(text("LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE"))
            found = await _read(connection)
            now = datetime.now(UTC)
            over = self._schedule.over(found, now)
            if over:
                await connection.execute(delete(signing_keys).where(signing_keys.c.kid.in_([k.kid for k in over])))
                found = [key for key in found if key not in over]
            active_from = self._schedule.missing(found, now)
            if active_from is not None:
                made = keys.new_key(active_from)
                await _write(connection, made)
                found = [*found, made]
                log.info("signing key made", kid=made.kid, active_from=active_from.isoformat())
        self._take(found)
        for key in over:
            await self._withdraw(key.kid)

    async def publish(self) -> None:
        """Write every public key to the bucket, whether it is there or not.

        Raises:
            nats.errors.Error: the bus did not take one.
        """
        for key in self._schedule.public(self._keys):
            value = msgspec.msgpack.encode(key)
            await self._bus.jetstream.publish(_subject(key.kid), value, timeout=PUBLISH_SECONDS)

    def _is_settled(self, found: Sequence[SigningKey]) -> bool:
        now = datetime.now(UTC)
        return self._schedule.missing(found, now) is None and not self._schedule.over(found, now)

    def _take(self, found: Sequence[SigningKey]) -> None:
        self._keys = found
        for key in self._schedule.public(found):
            self._ring.add(key)

    async def _run(self) -> None:
        failures = 0
        while True:
            try:
                await self.renew()
                if self._bus.connected:
                    await self.publish()
                failures = 0
            except Exception as error:
                failures += 1
                log.warning("public keys not published", reason=str(error) or type(error).__name__)
                await self._mend()
            await self._pause(min(0.1 * 2 ** min(failures, 10), RENEW_SECONDS) if failures else RENEW_SECONDS)

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()

    async def _mend(self) -> None:
        """A bus that was wiped has no bucket."""
        if not self._bus.connected:
            return
        try:
            await self._bus.ensure_topology()
        except Exception as error:
            log.warning("bucket of public keys not made", reason=str(error) or type(error).__name__)

    async def _withdraw(self, kid: str) -> None:
        """A courtesy: who misses it sees `not_after`."""
        try:
            async with asyncio.timeout(PUBLISH_SECONDS):
                await self._bus.client.publish(_subject(kid), b"", headers={"KV-Operation": "DEL"})
        except Exception as error:
            log.info("retired key not withdrawn", kid=kid, reason=str(error) or type(error).__name__)


def _subject(kid: str) -> str:
    return f"$KV.{KEYS_BUCKET}.{kid}"


async def _read(connection: AsyncConnection) -> list[SigningKey]:
    rows = await connection.execute(select(signing_keys).order_by(signing_keys.c.active_from))
    return [SigningKey(row.kid, Ed25519PrivateKey.from_private_bytes(row.private_key), row.active_from) for row in rows]


async def _write(connection: AsyncConnection, key: SigningKey) -> None:
    await connection.execute(
        insert(signing_keys).values(
            kid=key.kid, private_key=key.private.private_bytes_raw(), active_from=key.active_from
        )
    )
