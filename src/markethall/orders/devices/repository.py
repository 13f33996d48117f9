"""Which orders devices placed, and what each was last told."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from markethall.orders.connection import Connection

LEASE_SECONDS = 15.0
"""Longer than an unanswered publish can still be on its way: see `markethall.kit.mqtt`."""
REFUSAL_DAYS = 1
ENDED_DAYS = 7
"""For so long the last word on an order stays retained."""

# `status.status_of`, for a join. A test compares the two.
STATUS = """
CASE WHEN o.fulfil_asked_at IS NOT NULL THEN 'fulfilled' WHEN o.cancel_asked_at IS NOT NULL THEN 'cancelled'
    WHEN o.rejected_at IS NOT NULL THEN 'rejected' WHEN o.reserved_at IS NOT NULL THEN 'confirmed' ELSE 'pending' END
"""

# By key, so that two replicas wait for each other in one direction only.
NOTE = """
INSERT INTO device_orders AS d (key, order_id, refusal)
SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[]) AS noted (key, order_id, refusal) ORDER BY key
ON CONFLICT (key) DO UPDATE SET order_id = coalesce(EXCLUDED.order_id, d.order_id), refusal = EXCLUDED.refusal,
    told = NULL, changes = d.changes + 1
"""
NOTE_OF_ORDER = """
UPDATE device_orders SET refusal = $2, told = NULL, changes = changes + 1 WHERE order_id = $1 RETURNING key
"""

_LEASE = f"""
UPDATE device_orders AS d SET leased_until = clock_timestamp() + interval '{LEASE_SECONDS} seconds'
FROM due WHERE d.key = due.key RETURNING d.key, d.order_id, d.refusal, d.told, d.changes
"""  # noqa: S608
_FREE = "(d.leased_until IS NULL OR d.leased_until < clock_timestamp())"
TAKE_DUE = f"""
WITH due AS (
    SELECT d.key FROM device_orders AS d LEFT JOIN orders AS o ON o.id = d.order_id
    WHERE (d.told IS NULL OR d.told = 'pending' OR (d.refusal IS NOT NULL AND d.order_id IS NOT NULL))
        AND {_FREE} AND (d.told IS NULL OR d.refusal IS NOT NULL OR d.told <> {STATUS})
    ORDER BY d.key LIMIT $1 FOR UPDATE OF d SKIP LOCKED
)
{_LEASE}
"""  # noqa: S608
# The next so many whose order was confirmed, of which few have changed.
TAKE_CHANGED = f"""
WITH walked AS (
    SELECT d.key, d.order_id FROM device_orders AS d WHERE d.told = 'confirmed' AND d.key > $1 ORDER BY d.key LIMIT $2
), due AS (
    SELECT d.key FROM walked JOIN orders AS o ON o.id = walked.order_id JOIN device_orders AS d ON d.key = walked.key
    WHERE {STATUS} <> 'confirmed' AND {_FREE} FOR UPDATE OF d SKIP LOCKED
)
{_LEASE}
"""  # noqa: S608
REFUSED = """
SELECT key FROM device_orders WHERE told = 'refused' AND key > $1 ORDER BY key LIMIT $2
"""
TAKE_ORDERED = f"""
WITH due AS (
    SELECT d.key FROM unnest($1::text[], $2::uuid[]) AS asked (key, order_id)
        JOIN orders AS o ON o.id = asked.order_id JOIN device_orders AS d ON d.key = asked.key
    WHERE d.told = 'refused' AND {_FREE} ORDER BY d.key FOR UPDATE OF d SKIP LOCKED
)
{_LEASE}
"""  # noqa: S608
END_OF_WALK = """
SELECT max(key) FROM (
    SELECT key FROM device_orders WHERE told = 'confirmed' AND key > $1 ORDER BY key LIMIT $2
) AS walked
"""
TAKE_ENDED = f"""
WITH due AS (
    SELECT d.key FROM device_orders AS d
    WHERE d.told IN ('rejected', 'cancelled', 'fulfilled', 'refused') AND {_FREE}
        AND d.told_at < clock_timestamp() - interval '1 day' *
            CASE d.told WHEN 'refused' THEN {REFUSAL_DAYS} ELSE {ENDED_DAYS} END
    ORDER BY d.told_at LIMIT $1 FOR UPDATE OF d SKIP LOCKED
)
{_LEASE}
"""  # noqa: S608
MARK_TOLD = """
UPDATE device_orders AS d SET leased_until = NULL, told_at = clock_timestamp(),
    told = CASE WHEN d.changes = said.changes THEN said.told ELSE d.told END,
    order_id = coalesce(d.order_id, said.order_id),
    refusal = CASE WHEN d.changes = said.changes AND coalesce(d.order_id, said.order_id) IS NOT NULL THEN NULL
        ELSE d.refusal END
FROM unnest($1::text[], $2::text[], $3::bigint[], $4::uuid[]) AS said (key, told, changes, order_id)
WHERE d.key = said.key
"""
RELEASE = "UPDATE device_orders SET leased_until = NULL WHERE key = ANY($1::text[])"
FORGET = """
DELETE FROM device_orders AS d USING unnest($1::text[], $2::bigint[]) AS gone (key, changes)
WHERE d.key = gone.key AND d.changes = gone.changes
"""
WAITING = """
SELECT EXISTS (
    SELECT FROM device_orders
    WHERE told IS NULL OR told = 'pending' OR (refusal IS NOT NULL AND order_id IS NOT NULL)
)
"""
BROKER = "SELECT stream_identity FROM device_broker"
LOCK_BROKER = BROKER + " FOR UPDATE"
SAVE_BROKER = "UPDATE device_broker SET stream_identity = $1"
TELL_ALL_AGAIN = "UPDATE device_orders SET told = NULL, changes = changes + 1 WHERE told IS NOT NULL"


class Note(msgspec.Struct, frozen=True):
    """What came of a request: an order, a refusal, or (of two requests with one key) both."""

    order_id: UUID | None = None
    refusal: str | None = None


class Taken(msgspec.Struct, frozen=True):
    """A key whose device is to be told something, leased to this replica.

    `order_id` is null where no request of a device made the order: one over HTTP may have."""

    key: str
    order_id: UUID | None
    refusal: str | None
    told: str | None
    changes: int


async def note(connection: Connection, notes: Mapping[str, Note]) -> None:
    """By key. What an earlier request with the key made stays."""
    keys = list(notes)
    await connection.execute(NOTE, keys, [notes[k].order_id for k in keys], [notes[k].refusal for k in keys])


async def note_of_order(connection: Connection, order_id: UUID, refusal: str | None) -> bool:
    """That an order was asked about by its id; whether a device placed it."""
    return await connection.fetchval(NOTE_OF_ORDER, order_id, refusal) is not None


async def take_due(connection: Connection, limit: int) -> list[Taken]:
    """Those that were told nothing yet, or less than there is to tell."""
    return _taken(await connection.fetch(TAKE_DUE, limit))


async def take_changed(connection: Connection, after: str, limit: int) -> tuple[list[Taken], str]:
    """Of the `limit` confirmed ones after a key: those with another status now, and where to go on."""
    end: str | None = await connection.fetchval(END_OF_WALK, after, limit)
    if end is None:
        return [], ""
    return _taken(await connection.fetch(TAKE_CHANGED, after, limit)), end


async def refused_keys(connection: Connection, after: str, limit: int) -> list[str]:
    """The next so many after a key whose device was told a refusal, and of no order."""
    return [row["key"] for row in await connection.fetch(REFUSED, after, limit)]


async def take_ordered(connection: Connection, order_ids: Mapping[str, UUID]) -> list[Taken]:
    """Of refused keys, those with which an order was made after all. `order_ids`: which order that would be."""
    return _taken(await connection.fetch(TAKE_ORDERED, list(order_ids), list(order_ids.values())))


async def take_ended(connection: Connection, limit: int) -> list[Taken]:
    """Those whose last word was said long enough ago."""
    return _taken(await connection.fetch(TAKE_ENDED, limit))


async def mark_told(connection: Connection, told: Sequence[tuple[Taken, str]]) -> None:
    """What each was told just now, and of which order; the leases end."""
    keys, statuses = [taken.key for taken, _ in told], [status for _, status in told]
    changes, order_ids = [taken.changes for taken, _ in told], [taken.order_id for taken, _ in told]
    await connection.execute(MARK_TOLD, keys, statuses, changes, order_ids)


async def release(connection: Connection, keys: Collection[str]) -> None:
    await connection.execute(RELEASE, list(keys))


async def forget(connection: Connection, ended: Sequence[Taken]) -> None:
    """Unless something was asked with the key meanwhile."""
    await connection.execute(FORGET, [taken.key for taken in ended], [taken.changes for taken in ended])


async def some_are_waiting(connection: Connection) -> bool:
    return bool(await connection.fetchval(WAITING))


async def tell_again_if_new(connection: Connection, stream_identity: str) -> bool:
    """Where the broker's storage is another than the one before, nothing of what was told is there any more."""
    if await connection.fetchval(BROKER) == stream_identity:
        return False
    known = await connection.fetchval(LOCK_BROKER)
    if known == stream_identity:
        return False
    await connection.execute(SAVE_BROKER, stream_identity)
    if known is None:
        return False
    await connection.execute(TELL_ALL_AGAIN)
    return True


def _taken(rows: Sequence[Any]) -> list[Taken]:
    return [Taken(row["key"], row["order_id"], row["refusal"], row["told"], row["changes"]) for row in rows]
