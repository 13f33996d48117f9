"""Changes of the catalogue: written and announced in one transaction, answered when they are in force."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from markethall.catalog.tables import outbox
from markethall.contracts.messages import CatalogChanged
from markethall.contracts.topology import CATALOG_CHANGED, INVENTORY_CATALOG, ORDERS_CATALOG
from markethall.kit.applied import AppliedNotices
from markethall.kit.crash_points import crash_point
from markethall.kit.db import Database
from markethall.kit.db_reads import Reads
from markethall.kit.outbox import OutboxMessage, enqueue
from markethall.kit.relay import Relay

KEEPERS = {"orders": ORDERS_CATALOG.name, "inventory": INVENTORY_CATALOG.name}
"""Who keeps copies, beside the fronts: service → consumer."""


@dataclass(frozen=True)
class Change:
    """An open transaction, and what is to be said of it after its commit."""

    connection: AsyncConnection
    messages: list[CatalogChanged] = field(default_factory=list)

    def announce(self, message: CatalogChanged) -> None:
        self.messages.append(message)


class Changes:
    """Opens the transactions in which the catalogue is changed."""

    def __init__(self, database: Database, relay: Relay, notices: AppliedNotices, reads: Reads) -> None:
        self._database = database
        self._reads = reads
        self._relay = relay
        self._notices = notices

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Change]:
        """Commits at the end of the block, then waits until those who keep copies have the change too.

        The wait has a deadline: what is committed is answered, whoever is slow.
        """
        with self._notices.notice() as notice:
            async with self._database.begin() as connection:
                change = Change(connection)
                yield change
                encoded = [msgspec.msgpack.encode(message) for message in change.messages]
                messages = [OutboxMessage(CATALOG_CHANGED, payload, notice.reply_to) for payload in encoded]
                await enqueue(connection, outbox, messages)
                crash_point("catalog.change.before_commit")
            crash_point("catalog.change.after_commit")
            self._relay.wake()
            await self._reads.stamp()
            await notice.wait(KEEPERS)
