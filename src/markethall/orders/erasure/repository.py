"""SQL of forgetting."""

from collections.abc import Sequence
from uuid import UUID

from markethall.orders.connection import Connection

REMEMBER = "INSERT INTO erased_users (user_id) SELECT unnest($1::uuid[]) ON CONFLICT (user_id) DO NOTHING"
# Longer than any access token lives; then even the bare id goes.
PRUNE = "DELETE FROM erased_users WHERE erased_at < now() - interval '1 day'"
RECENT = "SELECT user_id FROM erased_users"
FORGET_ORDERS = """
UPDATE orders SET user_id = NULL, email = NULL, shipping_address = NULL, cart_id = NULL WHERE user_id = ANY($1::uuid[])
"""
FORGET_CARTS = "DELETE FROM carts WHERE user_id = ANY($1::uuid[]) OR claimed_by = ANY($1::uuid[])"


async def remember(connection: Connection, users: Sequence[UUID]) -> None:
    await connection.execute(REMEMBER, users)


async def recently_erased(connection: Connection) -> list[UUID]:
    await connection.execute(PRUNE)
    return [row["user_id"] for row in await connection.fetch(RECENT)]


async def forget(connection: Connection, users: Sequence[UUID]) -> None:
    """Carts go; orders stay without user, e-mail, address and cart."""
    if users:
        # Carts before orders, as everyone locks them who locks both.
        await connection.execute(FORGET_CARTS, users)
        await connection.execute(FORGET_ORDERS, users)
