"""Reading orders."""

from uuid import UUID

from markethall.kit.db import Database
from markethall.orders.order import SELECT, Order, order_from

FIND = SELECT + "WHERE id = $1"
PAGE_OF_USER = SELECT + "WHERE user_id = $1 AND number < $2 ORDER BY number DESC LIMIT $3"
PAGE_OF_ALL = SELECT + "WHERE number < $1 ORDER BY number DESC LIMIT $2"
BY_NUMBER = SELECT + "WHERE number = $1"
MAX_NUMBER = 2**63 - 1


async def find(database: Database, order_id: UUID) -> Order | None:
    async with database.hot() as connection:
        row = await connection.fetchrow(FIND, order_id)
    return order_from(row) if row else None


async def find_by_number(database: Database, number: int) -> Order | None:
    async with database.hot() as connection:
        row = await connection.fetchrow(BY_NUMBER, number)
    return order_from(row) if row else None


async def page_of_user(database: Database, user_id: UUID, below: int, limit: int) -> list[Order]:
    """Newest first, from below a number."""
    async with database.hot() as connection:
        return [order_from(row) for row in await connection.fetch(PAGE_OF_USER, user_id, below, limit)]


async def page_of_all(database: Database, below: int, limit: int) -> list[Order]:
    """Newest first, from below a number."""
    async with database.hot() as connection:
        return [order_from(row) for row in await connection.fetch(PAGE_OF_ALL, below, limit)]
