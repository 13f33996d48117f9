"""SQL of the hot path: a batch of orders in four statements, whatever its size.

Everything that changes stock takes the rows of `stock` first, in SKU order, by `lock_levels`; then
it reads reservations, which nobody can change meanwhile: whoever would holds the same stock rows.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import TypeAlias

import asyncpg
import msgspec

from markethall.contracts.messages import Shortage
from markethall.inventory.decisions import Decisions, Level, LevelChange, Movement, Reservation
from markethall.kit.outbox import OutboxMessage, Written, written

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
    SELECT sku, kind, CASE kind WHEN 'dispatch' THEN -quantity ELSE 0 END,
        CASE kind WHEN 'reservation' THEN quantity ELSE -quantity END, order_id, $1::timestamptz
    FROM unnest($12::text[], $13::bigint[], $14::text[], $15::uuid[]) AS moved (sku, quantity, kind, order_id)
), said AS (
    INSERT INTO outbox (subject, payload, message_id) SELECT * FROM unnest($16::text[], $17::bytea[], $18::uuid[])
    RETURNING message_id, id
)
SELECT (SELECT count(*) FROM levels) AS levels, (SELECT count(*) FROM ended) AS ended,
    (SELECT array_agg(message_id) FROM said) AS message_ids, (SELECT array_agg(id) FROM said) AS outbox_ids
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


async def write(
    connection: Connection,
    decisions: Decisions,
    changes: Sequence[LevelChange],
    now: int,
    messages: Sequence[OutboxMessage],
) -> list[Written]:
    """Everything that was decided, and what is to be said about it, in one statement."""
    # In order of id: two replicas that insert the same orders wait for each other, never in a circle.
    made = sorted(decisions.made.values(), key=attrgetter("order_id"))
    ended = sorted(decisions.ended.values(), key=attrgetter("order_id"))
    row = await connection.fetchrow(
        WRITE,
        _EPOCH + now * _MICROSECOND,
        [change.sku for change in changes],
        [change.on_hand_delta for change in changes],
        [change.reserved_delta for change in changes],
        [reservation.order_id.hex() for reservation in made],
        [reservation.state for reservation in made],
        [_text_array(reservation.lines) for reservation in made],
        [f"{{{','.join(map(str, reservation.lines.values()))}}}" for reservation in made],
        [_encoded(reservation.shortages) for reservation in made],
        [reservation.order_id.hex() for reservation in ended],
        [reservation.state for reservation in ended],
        *_ledger(decisions.movements),
        [message.subject for message in messages],
        [message.payload for message in messages],
        [message.message_id for message in messages],
    )
    assert row is not None
    if (row["levels"], row["ended"]) != (len(changes), len(ended)):
        raise RuntimeError("rows that were locked are gone")
    return written(messages, row["message_ids"] or (), row["outbox_ids"] or ())


def _ledger(movements: Sequence[Movement]) -> tuple[list[str], list[int], list[str], list[str]]:
    """SKU, quantity, kind and order of each line that moves."""
    skus: list[str] = []
    quantities: list[int] = []
    kinds: list[str] = []
    order_ids: list[str] = []
    for kind, reservation in movements:
        skus += reservation.lines
        quantities += reservation.lines.values()
        kinds += [kind] * len(reservation.lines)
        order_ids += [reservation.order_id.hex()] * len(reservation.lines)
    return skus, quantities, kinds, order_ids


def _encoded(shortages: Sequence[Shortage]) -> str | None:
    return msgspec.json.encode(shortages).decode() if shortages else None


def _text_array(texts: Collection[str]) -> str:
    """An array in PostgreSQL's notation: `unnest` would flatten an array of arrays."""
    if not texts:
        return "{}"
    joined = '","'.join(texts)
    if "\\" in joined or joined.count('"') > 2 * (len(texts) - 1):
        joined = '","'.join(text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
    return f'{{"{joined}"}}'


def _microseconds(moment: datetime | None) -> int | None:
    return None if moment is None else (moment - _EPOCH) // _MICROSECOND
