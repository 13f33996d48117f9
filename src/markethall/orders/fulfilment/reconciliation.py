"""SQL of the reconciler."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from markethall.orders.connection import Connection
from markethall.orders.placed import PlacedOrder

LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended('reconciliation', 0))"
READ = """
SELECT settled_below, position, walk_since, walk_until, clock_timestamp() AS now FROM reconciliation
"""
SAVE = "UPDATE reconciliation SET settled_below = $1, position = $2, walk_since = $3, walk_until = $4"
OLDEST_UNDELIVERED = "SELECT created_at < now() - make_interval(secs => $1) FROM outbox ORDER BY id LIMIT 1"

_WALKED = """
FROM (
    SELECT id, number, placed_at,
        reserved_at IS NULL AND rejected_at IS NULL AND cancel_asked_at IS NULL AS open
    FROM orders WHERE number >= $1 ORDER BY number LIMIT $2
) AS walked
"""
MEASURE = (
    """
SELECT count(*) AS count, max(number) AS last,
    min(number) FILTER (WHERE open) AS first_open,
    max(number) FILTER (WHERE placed_at < $3) AS last_ripe
"""
    + _WALKED
)
OPEN = "SELECT id, placed_at AS asked_at" + _WALKED + "WHERE open"
LINES = "SELECT id, lines FROM orders WHERE id = ANY($1::uuid[]) ORDER BY number"
UNRELEASED = """
SELECT id, cancel_asked_at AS asked_at FROM orders
WHERE cancel_asked_at IS NOT NULL AND released_at IS NULL ORDER BY number LIMIT $1
"""
UNDISPATCHED = """
SELECT id, fulfil_asked_at AS asked_at FROM orders
WHERE fulfil_asked_at IS NOT NULL AND dispatched_at IS NULL ORDER BY number LIMIT $1
"""


class State(msgspec.Struct, frozen=True):
    """How far the walk is. `position` None: the last one ended; `since` and `until`: the time it covers."""

    settled_below: int
    position: int | None
    since: datetime
    until: datetime
    now: datetime


class Question(msgspec.Struct, frozen=True):
    id: UUID
    asked_at: datetime


class Chunk(msgspec.Struct, frozen=True):
    """Orders from one number on, and the open ones among them."""

    count: int
    next_number: int
    settled_below: int
    open: list[Question]


class StoredLine(msgspec.Struct, frozen=True):
    """What inventory has to know of a line."""

    sku: str
    quantity: int


async def lock(connection: Connection) -> State | None:
    """None while another replica looks."""
    if not await connection.fetchval(LOCK):
        return None
    row = await connection.fetchrow(READ)
    assert row is not None
    return State(row["settled_below"], row["position"], row["walk_since"], row["walk_until"], row["now"])


async def save(connection: Connection, state: State) -> None:
    await connection.execute(SAVE, state.settled_below, state.position, state.since, state.until)


async def undelivered_for(connection: Connection, seconds: float) -> bool:
    """Whether the oldest message in the outbox has been there for so long."""
    return bool(await connection.fetchval(OLDEST_UNDELIVERED, seconds))


async def walk(connection: Connection, start: int, limit: int, *, ripe_before: datetime) -> Chunk:
    """`ripe_before`: of orders placed before then, none with a lower number is still to be committed."""
    row = await connection.fetchrow(MEASURE, start, limit, ripe_before)
    assert row is not None
    if not row["count"]:
        return Chunk(0, start, start, [])
    first_open: int | None = row["first_open"]
    watermark = start if row["last_ripe"] is None else row["last_ripe"] + 1
    if first_open is None:
        return Chunk(row["count"], row["last"] + 1, watermark, [])
    found = await connection.fetch(OPEN, start, limit)
    questions = [Question(one["id"], one["asked_at"]) for one in found]
    return Chunk(row["count"], row["last"] + 1, min(watermark, first_open), questions)


async def lines_of(connection: Connection, ids: Sequence[UUID]) -> list[PlacedOrder]:
    if not ids:
        return []
    decoder = msgspec.json.Decoder(list[StoredLine])
    return [PlacedOrder(row["id"], decoder.decode(row["lines"])) for row in await connection.fetch(LINES, ids)]


async def unreleased(connection: Connection, limit: int) -> list[Question]:
    """Cancelled, and inventory has not said that nothing is held."""
    return [Question(row["id"], row["asked_at"]) for row in await connection.fetch(UNRELEASED, limit)]


async def undispatched(connection: Connection, limit: int) -> list[Question]:
    """Fulfilled, and inventory has not said that the goods have left."""
    return [Question(row["id"], row["asked_at"]) for row in await connection.fetch(UNDISPATCHED, limit)]
