"""The transactional outbox: what a transaction wants said is written beside its data."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

import asyncpg
from sqlalchemy import BigInteger, Column, DateTime, Identity, LargeBinary, MetaData, Table, Text, Uuid, func
from sqlalchemy.ext.asyncio import AsyncConnection

from markethall.kit.ids import random_id


@dataclass(frozen=True)
class OutboxMessage:
    """To be said on `subject` after the commit, at least once.

    `reply_to` asks whoever applies the message to say so there (see `markethall.kit.applied`).
    """

    subject: str
    payload: bytes
    reply_to: str | None = None
    message_id: UUID = field(default_factory=random_id)
    """The bus keeps one of those that it gets twice within a while."""


class Written(NamedTuple):
    """A message and its row in the outbox."""

    id: int
    message: OutboxMessage


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


INSERT = """
INSERT INTO outbox (message_id, subject, payload, reply_to)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::text[]) RETURNING message_id, id
"""


async def enqueue(connection: AsyncConnection, table: Table, messages: Sequence[OutboxMessage]) -> None:
    """Write messages in the caller's transaction (SQLAlchemy)."""
    if messages:
        rows = [
            {"message_id": m.message_id, "subject": m.subject, "payload": m.payload, "reply_to": m.reply_to}
            for m in messages
        ]
        await connection.execute(table.insert(), rows)


async def enqueue_hot(
    connection: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]", messages: Sequence[OutboxMessage]
) -> list[Written]:
    """Write messages in the caller's transaction (asyncpg)."""
    if not messages:
        return []
    rows = await connection.fetch(
        INSERT,
        [m.message_id for m in messages],
        [m.subject for m in messages],
        [m.payload for m in messages],
        [m.reply_to for m in messages],
    )
    return written(messages, [row["message_id"] for row in rows], [row["id"] for row in rows])


def written(messages: Sequence[OutboxMessage], message_ids: Sequence[UUID], ids: Sequence[int]) -> list[Written]:
    """Each message with its row; the ids are as `RETURNING message_id, id` has them, in any order."""
    by_message = dict(zip(message_ids, ids, strict=True))
    return [Written(by_message[message.message_id], message) for message in messages]
