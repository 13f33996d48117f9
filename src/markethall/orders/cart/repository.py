"""SQL of carts. Whoever changes lines holds the lock of their cart."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from markethall.orders.tables import cart_lines, carts, price_list, price_list_copy

MAX_QUANTITY = 9999


class Cart(msgspec.Struct, frozen=True):
    """One row of `carts`. `claimed_by`: the user whose own cart it was merged into."""

    id: UUID
    user_id: UUID | None
    claimed_by: UUID | None
    version: int


class CartLine(msgspec.Struct, frozen=True):
    """A line with what the price list last said of its variant. `active`: it is for sale."""

    sku: str
    quantity: int
    name: str
    options: dict[str, str]
    price: int
    active: bool
    slug: str


class FilledCart(msgspec.Struct, frozen=True):
    """A cart and its lines at one moment."""

    cart: Cart
    lines: list[CartLine]


_COLUMNS = (carts.c.id, carts.c.user_id, carts.c.claimed_by, carts.c.version)


def _lines_of() -> sa.Select[Any]:
    listed = (
        sa.select(price_list.c.name, price_list.c.options, price_list.c.price, price_list.c.active, price_list.c.slug)
        .where(price_list.c.sku == cart_lines.c.sku)
        .order_by(price_list.c.active.desc(), price_list.c.listed_at.desc())
        .limit(1)
        .lateral("listed")
    )
    return (
        sa.select(cart_lines.c.sku, cart_lines.c.quantity, *listed.c)
        .join(listed, sa.true())
        .where(cart_lines.c.cart_id == sa.bindparam("of_cart"))
        .order_by(cart_lines.c.position)
    )


_LINES_OF = _lines_of()
"""Made once: every answer that shows a cart takes it, and making it costs more than sending it."""


async def find(connection: AsyncConnection, cart_id: UUID) -> Cart | None:
    row = (await connection.execute(sa.select(*_COLUMNS).where(carts.c.id == cart_id))).one_or_none()
    return Cart(*row) if row else None


async def lock(connection: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, Cart]:
    """In the order of ids, as everyone locks carts who locks several."""
    statement = sa.select(*_COLUMNS).where(carts.c.id.in_(ids)).order_by(carts.c.id).with_for_update()
    return {row.id: Cart(*row) for row in await connection.execute(statement)}


async def lines_of(connection: AsyncConnection, cart_id: UUID) -> list[CartLine]:
    """In the order in which they were added."""
    return [CartLine(*row) for row in await connection.execute(_LINES_OF, {"of_cart": cart_id})]


async def insert_guest_cart(connection: AsyncConnection, cart_id: UUID) -> Cart:
    row = (await connection.execute(insert(carts).values(id=cart_id).returning(*_COLUMNS))).one()
    return Cart(*row)


async def insert_user_cart(connection: AsyncConnection, cart_id: UUID, user_id: UUID) -> Cart | None:
    """None where the user has a cart already: the index `one_open_cart_per_user` decides."""
    statement = (
        insert(carts)
        .values(id=cart_id, user_id=user_id)
        .on_conflict_do_nothing(index_elements=[carts.c.user_id], index_where=carts.c.user_id.is_not(None))
        .returning(*_COLUMNS)
    )
    row = (await connection.execute(statement)).one_or_none()
    return Cart(*row) if row else None


async def find_user_cart(connection: AsyncConnection, user_id: UUID) -> Cart | None:
    row = (await connection.execute(sa.select(*_COLUMNS).where(carts.c.user_id == user_id))).one_or_none()
    return Cart(*row) if row else None


async def put_line(connection: AsyncConnection, cart_id: UUID, sku: str, quantity: int) -> None:
    statement = insert(cart_lines).values(cart_id=cart_id, sku=sku, quantity=quantity)
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=[cart_lines.c.cart_id, cart_lines.c.sku], set_={"quantity": statement.excluded.quantity}
        )
    )


async def delete_line(connection: AsyncConnection, cart_id: UUID, sku: str) -> bool:
    """Whether it was there."""
    statement = sa.delete(cart_lines).where(cart_lines.c.cart_id == cart_id, cart_lines.c.sku == sku)
    return (await connection.execute(statement)).rowcount > 0


async def merge_lines(connection: AsyncConnection, source: UUID, target: UUID) -> None:
    """Quantities are added, up to the most that a line may have; the source is empty then."""
    given = (
        sa.select(sa.literal(target, sa.Uuid), cart_lines.c.sku, cart_lines.c.quantity)
        .where(cart_lines.c.cart_id == source)
        .order_by(cart_lines.c.position)
    )
    statement = insert(cart_lines).from_select(["cart_id", "sku", "quantity"], given)
    total = sa.func.least(cart_lines.c.quantity + statement.excluded.quantity, MAX_QUANTITY)
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=[cart_lines.c.cart_id, cart_lines.c.sku], set_={"quantity": total}
        )
    )
    await connection.execute(sa.delete(cart_lines).where(cart_lines.c.cart_id == source))


async def count_lines(connection: AsyncConnection, cart_id: UUID) -> int:
    statement = sa.select(sa.func.count()).select_from(cart_lines).where(cart_lines.c.cart_id == cart_id)
    return int((await connection.execute(statement)).scalar_one())


async def change(connection: AsyncConnection, cart: Cart, **values: Any) -> Cart:
    """A new version of a locked cart."""
    statement = (
        sa.update(carts)
        .where(carts.c.id == cart.id)
        .values(version=carts.c.version + 1, changed_at=sa.func.now(), **values)
        .returning(*_COLUMNS)
    )
    return Cart(*(await connection.execute(statement)).one())


async def delete(connection: AsyncConnection, cart_id: UUID) -> None:
    await connection.execute(sa.delete(carts).where(carts.c.id == cart_id))


async def is_for_sale(connection: AsyncConnection, sku: str) -> bool:
    statement = sa.select(sa.exists().where(price_list.c.sku == sku, price_list.c.active))
    return bool((await connection.execute(statement)).scalar_one())


async def copy_is_complete(connection: AsyncConnection) -> bool:
    """Whether the price list has wholly arrived."""
    return bool((await connection.execute(sa.select(price_list_copy.c.complete))).scalar_one())
