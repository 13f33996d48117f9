"""The transactional outbox: what a transaction wants said is written beside its data."""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg
from sqlalchemy import BigInteger, Column, DateTime, Identity, LargeBinary, MetaData, Table, Text, Uuid, func
from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True)
class OutboxMessage:
    """To be said on `subject` after the commit, at least once.

    `reply_to` asks whoever applies the message to say so there (see `markethall.kit.applied`).
    """

    subject: str
    payload: bytes
    reply_to: str | None = None


def outbox_table(metadata: MetaData) -> Table:
    """The table `outbox` that each service has. Rows live for milliseconds: vacuum keeps it small."""
    return Table(
        "outbox",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("message_id", Uuid, nullable=False, server_default=func.gen_random_uuid()),
        Column("subject", Text, nullable=False),
        Column("payload", LargeBinary, nullable=False),
        Column("reply_to", Text),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    )


INSERT = "INSERT INTO outbox (subject, payload, reply_to) SELECT * FROM unnest($1::text[], $2::bytea[], $3::text[])"


async def enqueue(connection: AsyncConnection, table: Table, messages: Sequence[OutboxMessage]) -> None:
    """Write messages in the caller's transaction (SQLAlchemy)."""
    if messages:
        rows = [{"subject": m.subject, "payload": m.payload, "reply_to": m.reply_to} for m in messages]
        await connection.execute(table.insert(), rows)


async def enqueue_hot(
    connection: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]", messages: Sequence[OutboxMessage]
) -> None:
    """Write messages in the caller's transaction (asyncpg)."""
    if messages:
        await connection.execute(
            INSERT,
            [m.subject for m in messages],
            [m.payload for m in messages],
            [m.reply_to for m in messages],
        )
