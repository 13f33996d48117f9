"""The relay: takes what stands in the outbox to the bus, and keeps trying until it is there."""

import asyncio
from types import TracebackType
from typing import Self

import structlog

from markethall.contracts.topology import LIVE
from markethall.kit import telemetry
from markethall.kit.bus import Bus
from markethall.kit.db import Database
from markethall.kit.tasks import cancel

log = structlog.get_logger(__name__)

BATCH = 200
POLL_SECONDS = 0.5
"""How often rows are looked for that another replica left behind."""
BACKOFF_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0)

TAKE = """
SELECT id, message_id::text, subject, payload, reply_to FROM outbox
ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED
"""
DELETE = "DELETE FROM outbox WHERE id = ANY($1::bigint[])"


class Relay:
    """Publishes outbox rows and deletes them once the bus has them; any replica may relay any row.

    A crash between the two publishes a row again: consumers bear repeats. Rows that the bus
    does not take stay, and are tried again with backoff.
    """

    def __init__(self, database: Database, bus: Bus) -> None:
        self._database = database
        self._bus = bus
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Say after a commit that something waits."""
        self._wake.set()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="relay")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await cancel(self._task)

    async def _run(self) -> None:
        failures = 0
        while True:
            try:
                taken = await self.relay_once()
                failures = 0
            except Exception as error:
                delay = BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)]
                failures += 1
                telemetry.RELAY_FAILURES.inc()
                if failures in (1, 10) or failures % 100 == 0:
                    log.warning("relay waits", failures=failures, reason=str(error) or type(error).__name__)
                await asyncio.sleep(delay)
                continue
            if taken < BATCH:
                try:
                    async with asyncio.timeout(POLL_SECONDS):
                        await self._wake.wait()
                except TimeoutError:
                    pass
                self._wake.clear()

    async def relay_once(self) -> int:
        """Take one batch to the bus; answers how many rows that was."""
        await self._bus.wait_connected(timeout_seconds=1.0)
        async with self._database.hot() as connection:
            rows = await connection.fetch(TAKE, BATCH)
            if not rows:
                return 0
            live = [row for row in rows if row["subject"].startswith(LIVE)]
            stored = [row for row in rows if not row["subject"].startswith(LIVE)]
            for row in live:
                await self._bus.publish_live(row["subject"], row["payload"], reply_to=row["reply_to"])
            published = await asyncio.gather(
                *(
                    self._bus.publish_stored(
                        row["subject"], row["payload"], message_id=row["message_id"], reply_to=row["reply_to"]
                    )
                    for row in stored
                ),
                return_exceptions=True,
            )
            if live:
                await self._bus.flush()
            failed = [error for error in published if isinstance(error, BaseException)]
            done = [row["id"] for row in live]
            done += [
                row["id"]
                for row, result in zip(stored, published, strict=True)
                if not isinstance(result, BaseException)
            ]
            await connection.execute(DELETE, done)
        telemetry.RELAYED.inc(len(done))
        if failed:
            await self._bus.ensure_topology()
            raise failed[0]
        return len(rows)
