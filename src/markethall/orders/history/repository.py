"""Reading orders."""

from uuid import UUID

from markethall.kit.db import Database
from markethall.orders.order import SELECT, Order, order_from

FIND = SELECT + "WHERE id = $1"


async def find(database: Database, order_id: UUID) -> Order | None:
    async with database.hot() as connection:
        row = await connection.fetchrow(FIND, order_id)
    return order_from(row) if row else None
