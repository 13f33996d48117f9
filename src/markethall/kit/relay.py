"""The relay: takes what stands in the outbox to the bus, and keeps trying until it is there."""

import asyncio
import math
import random
from collections.abc import Sequence
from types import TracebackType
from typing import NamedTuple, Self

import asyncpg
import structlog
from nats.js.errors import NoStreamResponseError

from markethall.contracts.topology import LIVE
from markethall.kit import telemetry
from markethall.kit.bus import Bus
from markethall.kit.crash_points import crash_point
from markethall.kit.db import Database
from markethall.kit.db_reads import POSITION
from markethall.kit.figures import FIGURES
from markethall.kit.tasks import cancel

log = structlog.get_logger(__name__)

BATCH = 200
BATCH_BYTES = 4 << 20
"""Of payloads in one batch, each counted as a quarter at most: one that is too large for the bus
must not be all that is tried."""
POLL_SECONDS = 0.5
"""How often rows are looked for that another replica left behind."""
BACKOFF_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0)

TAKE = """
WITH taken AS MATERIALIZED (
    SELECT id, least(octet_length(payload), $3 / 4) AS size FROM outbox WHERE subject <> ALL ($2::text[])
    ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED
), counted AS (
    SELECT id, sum(size) OVER (ORDER BY id) - size AS before FROM taken
)
SELECT id, message_id::text, subject, payload, reply_to FROM counted JOIN outbox USING (id)
WHERE before < $3 ORDER BY id
"""
DELETE = "DELETE FROM outbox WHERE id = ANY($1::bigint[])"


class Relay:
    """Publishes outbox rows and deletes them once the bus has them; any replica may relay any row.

    A crash between the two publishes a row again: consumers bear repeats. Rows that the bus
    does not take (their stream is full, or has no leader) stay, and are tried again with backoff;
    those on other subjects go past them meanwhile.
    """

    def __init__(self, database: Database, bus: Bus, *, says_position: bool = False) -> None:
        """`says_position`: each stored message names a place in the database's log that holds what it speaks of."""
        self._says_position = says_position
        self._database = database
        self._bus = bus
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._refused: dict[str, _Refusal] = {}
        self._more = False

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
                await self.relay_once()
                failures = 0
            except Exception as error:
                delay = BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)]
                failures += 1
                telemetry.RELAY_FAILURES.inc()
                if failures in (1, 10) or failures % 100 == 0:
                    log.warning("relay waits", failures=failures, reason=_reason(error))
                await asyncio.sleep(delay)
                continue
            if not self._more:
                await self._pause()

    async def _pause(self) -> None:
        """Until something is said, or a subject may be tried again."""
        again = min((refusal.until for refusal in self._refused.values()), default=math.inf) - _now()
        try:
            async with asyncio.timeout(max(min(POLL_SECONDS, again), 0.0)):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()

    async def relay_once(self) -> int:
        """Take one batch to the bus; answers how many rows it took, refused ones not counted."""
        await self._bus.wait_connected(timeout_seconds=1.0)
        refused = [subject for subject, refusal in self._refused.items() if refusal.until > _now()]
        async with self._database.hot() as connection:
            rows = await connection.fetch(TAKE, BATCH, refused, BATCH_BYTES)
            if not rows:
                self._more = False
                return 0
            # Read after the rows: what they belong to is in the log before that place.
            position = str(await connection.fetchval(POSITION)) if self._says_position else None
            size = sum(min(len(row["payload"]), BATCH_BYTES // 4) for row in rows)
            crash_point("relay.before_publish")
            done = await self._publish_live([row for row in rows if row["subject"].startswith(LIVE)])
            done += await self._publish_stored([row for row in rows if not row["subject"].startswith(LIVE)], position)
            crash_point("relay.after_publish")
            await connection.execute(DELETE, done)
            crash_point("relay.before_commit")
        self._more = len(rows) >= BATCH or size >= BATCH_BYTES or 0 < len(done) < len(rows)
        telemetry.RELAYED.inc(len(done))
        FIGURES.carried("bus", len(done))
        return len(done)

    async def _publish_live(self, rows: Sequence[asyncpg.Record]) -> list[int]:
        for row in rows:
            await self._bus.publish_live(row["subject"], row["payload"], reply_to=row["reply_to"])
        if rows:
            await self._bus.flush()
        return [row["id"] for row in rows]

    async def _publish_stored(self, rows: Sequence[asyncpg.Record], position: str | None) -> list[int]:
        """The ids of those that the bus has. What it refuses of a subject is remembered."""
        # Of a subject that was refused one message goes ahead, any: a stream that is full is not pelted, and one
        # message that is never taken does not stand before the others.
        ahead = {row["subject"]: row["id"] for row in random.sample(rows, len(rows)) if row["subject"] in self._refused}
        tried = [row for row in rows if ahead.get(row["subject"], row["id"]) == row["id"]]
        results = await asyncio.gather(
            *(
                self._bus.publish_stored(
                    row["subject"],
                    row["payload"],
                    message_id=row["message_id"],
                    reply_to=row["reply_to"],
                    written_at=position,
                )
                for row in tried
            ),
            return_exceptions=True,
        )
        failures: dict[str, BaseException] = {}
        for row, result in zip(tried, results, strict=True):
            if isinstance(result, BaseException):
                failures[row["subject"]] = result
        for subject in {row["subject"] for row in tried}:
            self._note(subject, failures.get(subject))
        return [row["id"] for row, result in zip(tried, results, strict=True) if not isinstance(result, BaseException)]

    def _note(self, subject: str, failure: BaseException | None) -> None:
        if failure is None:
            self._refused.pop(subject, None)
            return
        times = self._refused[subject].times + 1 if subject in self._refused else 1
        self._refused[subject] = _Refusal(times, _now() + BACKOFF_SECONDS[min(times, len(BACKOFF_SECONDS)) - 1])
        telemetry.RELAY_FAILURES.inc()
        if times in (1, 10) or times % 100 == 0:
            log.warning("the bus does not take", subject=subject, times=times, reason=_reason(failure))
        if isinstance(failure, NoStreamResponseError):
            self._bus.repair()


class _Refusal(NamedTuple):
    """Of a subject: how often in a row, and until when it is left alone."""

    times: int
    until: float


def _now() -> float:
    return asyncio.get_running_loop().time()


def _reason(error: BaseException) -> str:
    return str(error) or type(error).__name__
