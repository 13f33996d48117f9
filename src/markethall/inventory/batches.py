"""SQL of the hot path: a batch of orders in four statements, whatever its size.

Everything that changes stock takes the rows of `stock` first, in SKU order, by `lock_levels`; then
it reads reservations, which nobody can change meanwhile: whoever would holds the same stock rows.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import asyncpg
import msgspec

from markethall.contracts.messages import Shortage
from markethall.inventory.decisions import Decisions, Level, Reservation
from markethall.kit.outbox import OutboxMessage

Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"

LOCK_LEVELS = """
SELECT sku, on_hand, reserved, version FROM stock
WHERE sku = ANY($1::text[]) ORDER BY sku FOR NO KEY UPDATE
"""

READ_LEVELS = "SELECT sku, on_hand, reserved, version FROM stock WHERE sku = ANY($1::text[])"

READ_RESERVATIONS = """
SELECT order_id, state, skus, quantities, shortages, settled_at, ended_at FROM reservations
WHERE order_id = ANY($1::uuid[])
"""

WRITE = """
WITH levels AS (
    UPDATE stock SET on_hand = stock.on_hand + change.on_hand, reserved = stock.reserved + change.reserved,
        version = stock.version + 1
    FROM unnest($2::text[], $3::bigint[], $4::bigint[]) AS change (sku, on_hand, reserved)
    WHERE stock.sku = change.sku RETURNING 1
), made AS (
    INSERT INTO reservations (order_id, state, skus, quantities, shortages, settled_at, ended_at)
    SELECT order_id, state, skus::text[], quantities::bigint[], shortages::jsonb,
        CASE WHEN state <> 'cancelled' THEN $1::timestamptz END,
        CASE WHEN state IN ('cancelled', 'released', 'dispatched') THEN $1::timestamptz END
    FROM unnest($5::uuid[], $6::text[], $7::text[], $8::text[], $9::text[])
        AS made (order_id, state, skus, quantities, shortages)
), ended AS (
    UPDATE reservations SET state = ended.state, ended_at = $1::timestamptz
    FROM unnest($10::uuid[], $11::text[]) AS ended (order_id, state)
    WHERE reservations.order_id = ended.order_id AND reservations.state = 'reserved' RETURNING 1
), moved AS (
    INSERT INTO movements (sku, kind, on_hand_delta, reserved_delta, order_id, at)
    SELECT sku, kind, on_hand_delta, reserved_delta, order_id, $1::timestamptz
    FROM unnest($12::text[], $13::text[], $14::bigint[], $15::bigint[], $16::uuid[])
        AS moved (sku, kind, on_hand_delta, reserved_delta, order_id)
), said AS (
    INSERT INTO outbox (subject, payload) SELECT * FROM unnest($17::text[], $18::bytea[])
)
SELECT (SELECT count(*) FROM levels) AS levels, (SELECT count(*) FROM ended) AS ended
"""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_shortages = msgspec.json.Decoder(tuple[Shortage, ...])


async def lock_levels(connection: Connection, skus: Collection[str]) -> dict[str, Level]:
    """The levels of the SKUs that are known, theirs alone until the transaction ends."""
    rows = await connection.fetch(LOCK_LEVELS, sorted(skus))
    return {row[0]: Level(row[1], row[2], row[3]) for row in rows}


async def read_levels(connection: Connection, skus: Collection[str]) -> dict[str, Level]:
    """The levels of the SKUs that are known, as they are at this moment."""
    rows = await connection.fetch(READ_LEVELS, list(skus))
    return {row[0]: Level(row[1], row[2], row[3]) for row in rows}


async def read_reservations(connection: Connection, order_ids: Collection[bytes]) -> dict[bytes, Reservation]:
    """What was decided before about any of these orders."""
    rows = await connection.fetch(READ_RESERVATIONS, [order_id.hex() for order_id in order_ids])
    return {row["order_id"].bytes: _reservation(row) for row in rows}


def _reservation(row: asyncpg.Record) -> Reservation:
    return Reservation(
        row["order_id"].bytes,
        row["state"],
        dict(zip(row["skus"], row["quantities"], strict=True)),
        _shortages.decode(row["shortages"]) if row["shortages"] else (),
        _microseconds(row["settled_at"]),
        _microseconds(row["ended_at"]),
    )


async def write(connection: Connection, decisions: Decisions, now: int, messages: Sequence[OutboxMessage]) -> None:
    """Everything that was decided, and what is to be said about it, in one statement."""
    changes = decisions.changes()
    # In order of id: two replicas that insert the same orders wait for each other, never in a circle.
    made = sorted(decisions.made.values(), key=_by_id)
    ended = sorted(decisions.ended.values(), key=_by_id)
    moved = decisions.movements
    written = await connection.fetchrow(
        WRITE,
        _EPOCH + now * _MICROSECOND,
        *_columns(changes, 3),
        [reservation.order_id.hex() for reservation in made],
        [reservation.state for reservation in made],
        [_text_array(reservation.lines) for reservation in made],
        [f"{{{','.join(map(str, reservation.lines.values()))}}}" for reservation in made],
        [_encoded(reservation.shortages) for reservation in made],
        [reservation.order_id.hex() for reservation in ended],
        [reservation.state for reservation in ended],
        [movement.sku for movement in moved],
        [movement.kind for movement in moved],
        [movement.on_hand_delta for movement in moved],
        [movement.reserved_delta for movement in moved],
        [movement.order_id.hex() for movement in moved],
        [message.subject for message in messages],
        [message.payload for message in messages],
    )
    assert written is not None
    if (written["levels"], written["ended"]) != (len(changes), len(ended)):
        raise RuntimeError("rows that were locked are gone")


def _by_id(reservation: Reservation) -> bytes:
    return reservation.order_id


def _columns(rows: Sequence[tuple[object, ...]], count: int) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(count)]


def _encoded(shortages: Sequence[Shortage]) -> str | None:
    return msgspec.json.encode(shortages).decode() if shortages else None


def _text_array(texts: Collection[str]) -> str:
    """An array in PostgreSQL's notation: `unnest` would flatten an array of arrays."""
    quoted = (text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
    return "{" + ",".join(f'"{text}"' for text in quoted) + "}"


def _microseconds(moment: datetime | None) -> int | None:
    return None if moment is None else (moment - _EPOCH) // _MICROSECOND
