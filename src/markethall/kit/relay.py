"""The relay: takes what stands in the outbox to the bus, and keeps trying until it is there.

What this replica has just committed is published from memory. What that does not reach, because the bus is away or this
replica is killed, still stands in the outbox, and is found there by any replica.
"""

import asyncio
import math
import random
from collections.abc import Sequence
from types import TracebackType
from typing import NamedTuple, Self
from uuid import UUID

import structlog
from nats.js.errors import NoStreamResponseError

from markethall.contracts.topology import LIVE
from markethall.kit import telemetry
from markethall.kit.bus import Bus
from markethall.kit.crash_points import crash_point
from markethall.kit.db import Database
from markethall.kit.db_reads import POSITION
from markethall.kit.figures import FIGURES
from markethall.kit.outbox import OutboxMessage, Written
from markethall.kit.repeats import Hot
from markethall.kit.tasks import cancel

log = structlog.get_logger(__name__)

BATCH = 200
BATCH_BYTES = 4 << 20
"""Of payloads in one batch, each counted as a quarter at most: one that is too large for the bus
must not be all that is tried."""
POLL_SECONDS = 0.5
"""How often rows are looked for that another replica left behind."""
BACKOFF_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0)
MAX_IN_HAND = 500
"""Messages that were handed over and still have their rows; beyond that they wait in the outbox."""
FORGET_SECONDS = 0.02
"""Rows of what the bus has are deleted together, for so long gathered."""
CLOSE_SECONDS = 2.0

TAKE = """
WITH taken AS MATERIALIZED (
    SELECT id, least(octet_length(payload), $3 / 4) AS size FROM outbox
    WHERE subject <> ALL ($2::text[]) AND id <> ALL ($4::bigint[])
    ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED
), counted AS (
    SELECT id, sum(size) OVER (ORDER BY id) - size AS before FROM taken
)
SELECT id, message_id, subject, payload, reply_to FROM counted JOIN outbox USING (id)
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
        self._in_hand: set[int] = set()
        """Rows of what was handed over, until they are deleted or left to the outbox."""
        self._carrying: set[asyncio.Task[None]] = set()
        self._done: list[int] = []
        """Rows of what the bus has, to be deleted."""
        self._forget = asyncio.Event()
        self._forgetting: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Say after a commit that something waits."""
        self._wake.set()

    def hand_over(self, said: Sequence[Written]) -> None:
        """After the commit: what stands in the outbox now, published without being read from there."""
        refused = any(each.message.subject in self._refused for each in said)
        if self._forgetting is None or not self._bus.connected or refused or len(self._in_hand) > MAX_IN_HAND:
            self.wake()
        elif said:
            self._in_hand.update(each.id for each in said)
            task = asyncio.create_task(self._carry(said), name="relay what was handed over")
            self._carrying.add(task)
            task.add_done_callback(self._carrying.discard)

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="relay")
        self._forgetting = asyncio.create_task(self._keep_forgetting(), name="relay's deletions")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await cancel(self._task)
        if self._carrying:
            await asyncio.wait(self._carrying, timeout=CLOSE_SECONDS)
        await cancel(self._forgetting)
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._forget_done()
        except Exception as failure:
            log.info("said, and left in the outbox", rows=len(self._done), reason=_reason(failure))

    async def _carry(self, said: Sequence[Written]) -> None:
        done: list[int] = []
        try:
            done = await self._publish(said, None)
        except Exception as error:
            log.info("left to the outbox", messages=len(said), reason=_reason(error))
        finally:
            self._in_hand.difference_update(each.id for each in said if each.id not in done)
            if len(done) < len(said):
                self.wake()
            self._done += done
            self._forget.set()
        self._count(done)

    async def _keep_forgetting(self) -> None:
        failures = 0
        while True:
            await self._forget.wait()
            self._forget.clear()
            await asyncio.sleep(FORGET_SECONDS if not failures else BACKOFF_SECONDS[-1])
            try:
                await self._forget_done()
                failures = 0
            except Exception as error:
                failures += 1
                self._forget.set()
                if failures == 1:
                    log.warning("rows of what was said stay in the outbox", reason=_reason(error))

    async def _forget_done(self) -> None:
        gone = list(self._done)
        if not gone:
            return
        async with self._database.single() as connection:
            await _delete(connection, gone)
        del self._done[: len(gone)]
        self._in_hand.difference_update(gone)

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
            rows = await connection.fetch(TAKE, BATCH, refused, BATCH_BYTES, list(self._in_hand))
            if not rows:
                self._more = False
                return 0
            # Read after the rows: what they belong to is in the log before that place.
            position = str(await connection.fetchval(POSITION)) if self._says_position else None
            size = sum(min(len(row["payload"]), BATCH_BYTES // 4) for row in rows)
            done = await self._publish([_written(*row) for row in rows], position)
            await _delete(connection, done)
        self._more = len(rows) >= BATCH or size >= BATCH_BYTES or 0 < len(done) < len(rows)
        self._count(done)
        return len(done)

    @staticmethod
    def _count(done: Sequence[int]) -> None:
        telemetry.RELAYED.inc(len(done))
        FIGURES.carried("bus", len(done))

    async def _publish(self, rows: Sequence[Written], position: str | None) -> list[int]:
        """The ids of those that the bus has."""
        crash_point("relay.before_publish")
        live = [row for row in rows if row.message.subject.startswith(LIVE)]
        for _, message in live:
            await self._bus.publish_live(message.subject, message.payload, reply_to=message.reply_to)
        others = [row for row in rows if not row.message.subject.startswith(LIVE)]
        stored = await self._publish_stored(others, position)
        # A stored message that is acknowledged came after the live ones on the same connection.
        if live and not stored:
            await self._bus.flush()
        crash_point("relay.after_publish")
        return [*(row.id for row in live), *stored]

    async def _publish_stored(self, rows: Sequence[Written], position: str | None) -> list[int]:
        """The ids of those that the bus has. What it refuses of a subject is remembered."""
        # Of a subject that was refused one message goes ahead, any: a stream that is full is not pelted, and one
        # message that is never taken does not stand before the others.
        ahead = {m.subject: row_id for row_id, m in random.sample(rows, len(rows)) if m.subject in self._refused}
        tried = [row for row in rows if ahead.get(row.message.subject, row.id) == row.id]
        results = await asyncio.gather(
            *(
                self._bus.publish_stored(
                    message.subject,
                    message.payload,
                    message_id=str(message.message_id),
                    reply_to=message.reply_to,
                    written_at=position,
                )
                for _, message in tried
            ),
            return_exceptions=True,
        )
        failures: dict[str, BaseException] = {}
        for row, result in zip(tried, results, strict=True):
            if isinstance(result, BaseException):
                failures[row.message.subject] = result
        for subject in {row.message.subject for row in tried}:
            self._note(subject, failures.get(subject))
        return [row.id for row, result in zip(tried, results, strict=True) if not isinstance(result, BaseException)]

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


async def _delete(connection: Hot, ids: Sequence[int]) -> None:
    crash_point("relay.before_commit")
    await connection.execute(DELETE, ids)


def _written(row_id: int, message_id: UUID, subject: str, payload: bytes, reply_to: str | None) -> Written:
    return Written(row_id, OutboxMessage(subject, payload, reply_to, message_id))


class _Refusal(NamedTuple):
    """Of a subject: how often in a row, and until when it is left alone."""

    times: int
    until: float


def _now() -> float:
    return asyncio.get_running_loop().time()


def _reason(error: BaseException) -> str:
    return str(error) or type(error).__name__
