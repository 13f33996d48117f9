"""SQL of all that is not the hot path: one SKU at a time."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from markethall.inventory.decisions import Level, MovementKind
from markethall.inventory.tables import movements, receipts, replenishments, stock


async def find_level(connection: AsyncConnection, sku: str) -> Level | None:
    return await _level(connection, sku, lock=False)


async def lock_level(connection: AsyncConnection, sku: str) -> Level | None:
    """The level, nobody else's to change until the transaction ends."""
    return await _level(connection, sku, lock=True)


async def _level(connection: AsyncConnection, sku: str, *, lock: bool) -> Level | None:
    query = select(stock.c.on_hand, stock.c.reserved, stock.c.version).where(stock.c.sku == sku)
    row = (await connection.execute(query.with_for_update(key_share=True) if lock else query)).first()
    return Level(*row) if row is not None else None


async def move_on_hand(
    connection: AsyncConnection, sku: str, kind: MovementKind, delta: int, reference: str
) -> tuple[int, datetime]:
    """Change on-hand and write it down; the id and time of the movement."""
    changed = update(stock).where(stock.c.sku == sku)
    await connection.execute(changed.values(on_hand=stock.c.on_hand + delta, version=stock.c.version + 1))
    written = await connection.execute(
        movements.insert()
        .values(sku=sku, kind=kind, on_hand_delta=delta, reserved_delta=0, reference=reference or None, at=func.now())
        .returning(movements.c.id, movements.c.at)
    )
    row = written.one()
    return row.id, row.at


async def find_receipt(connection: AsyncConnection, key: str, sku: str) -> tuple[bytes, bytes] | None:
    """Fingerprint and answer of the receipt that came with this key."""
    found = await connection.execute(
        select(receipts.c.fingerprint, receipts.c.answer).where(receipts.c.key == key, receipts.c.sku == sku)
    )
    row = found.first()
    return (row.fingerprint, row.answer) if row is not None else None


async def keep_receipt(connection: AsyncConnection, key: str, sku: str, fingerprint: bytes, answer: bytes) -> None:
    values = {"key": key, "sku": sku, "fingerprint": fingerprint, "answer": answer, "at": func.now()}
    await connection.execute(receipts.insert().values(values))


async def movements_before(
    connection: AsyncConnection, sku: str, before: int | None, limit: int
) -> Sequence[Row[tuple[Any, ...]]]:
    """Newest first, from the one before the id `before`; each with the level of now, as of the same moment."""
    levels = stock.c.on_hand.label("now_on_hand"), stock.c.reserved.label("now_reserved")
    joined = movements.join(stock, stock.c.sku == movements.c.sku)
    query = select(movements, *levels).select_from(joined).where(movements.c.sku == sku)
    query = query.order_by(movements.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(movements.c.id < before)
    return (await connection.execute(query)).all()


async def find_replenishment(connection: AsyncConnection, sku: str) -> Row[tuple[Any, ...]] | None:
    return (await connection.execute(select(replenishments).where(replenishments.c.sku == sku))).first()


async def put_replenishment(
    connection: AsyncConnection, sku: str, target: int, interval_seconds: int
) -> Row[tuple[Any, ...]]:
    """Due one interval from now; one that was set with the same interval keeps its turn."""
    put = insert(replenishments).values(
        sku=sku,
        target=target,
        interval_seconds=interval_seconds,
        next_at=func.now() + timedelta(seconds=interval_seconds),
    )
    same_interval = replenishments.c.interval_seconds == put.excluded.interval_seconds
    put = put.on_conflict_do_update(
        index_elements=[replenishments.c.sku],
        set_={
            "target": put.excluded.target,
            "interval_seconds": put.excluded.interval_seconds,
            "next_at": case((same_interval, replenishments.c.next_at), else_=put.excluded.next_at),
        },
    )
    row: Row[tuple[Any, ...]] = (await connection.execute(put.returning(replenishments))).one()
    return row


async def delete_replenishment(connection: AsyncConnection, sku: str) -> None:
    await connection.execute(delete(replenishments).where(replenishments.c.sku == sku))
