"""The type of connection that set-based statements run on (`Database.hot`)."""

from typing import TYPE_CHECKING, TypeAlias

from asyncpg.pool import PoolConnectionProxy

if TYPE_CHECKING:
    from asyncpg import Record

    Connection: TypeAlias = PoolConnectionProxy[Record]
else:
    # Not subscriptable when it runs.
    Connection = PoolConnectionProxy
