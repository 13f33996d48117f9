"""Who was erased is said again when the bus has lost what it carried: nothing else would ever ask for it."""

from datetime import timedelta
from types import TracebackType
from typing import Self

import msgspec

from markethall.accounts import repository
from markethall.accounts.tables import outbox
from markethall.contracts.messages import AccountErased
from markethall.contracts.topology import ACCOUNTS_ERASED, ORDERS_ACCOUNTS
from markethall.kit.bus import Bus
from markethall.kit.db import Database
from markethall.kit.outbox import OutboxMessage, enqueue
from markethall.kit.relay import Relay
from markethall.kit.tasks import Periodic

LOOK_SECONDS = 5.0
SAID_AGAIN = timedelta(days=7)
"""Orders is not away for longer while the bus loses its store, too."""
MAX_SAID_AGAIN = 10_000


class Erasures:
    """Says them once for each stream that it meets, its first one included. To hear them twice does no harm."""

    def __init__(self, database: Database, bus: Bus, relay: Relay) -> None:
        self._database = database
        self._bus = bus
        self._relay = relay
        self._said_into: str | None = None
        self._periodic = Periodic("erasures", self.look, LOOK_SECONDS)

    async def __aenter__(self) -> Self:
        await self._periodic.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._periodic.__aexit__(kind, error, trace)

    async def look(self) -> None:
        if not self._bus.connected:
            return
        stream = await self._bus.stream_identity(ORDERS_ACCOUNTS.stream)
        if stream is None:
            self._bus.repair()
        elif stream != self._said_into:
            async with self._database.begin() as connection:
                erased = await repository.erased_lately(connection, SAID_AGAIN, MAX_SAID_AGAIN)
                await enqueue(connection, outbox, [message_of(user_id.bytes) for user_id in erased])
            self._said_into = stream
            self._relay.wake()


def message_of(user_id: bytes) -> OutboxMessage:
    return OutboxMessage(ACCOUNTS_ERASED, msgspec.msgpack.encode(AccountErased(user_id=user_id)))
