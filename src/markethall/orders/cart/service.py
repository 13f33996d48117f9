"""Carts: a guest's, held by an unguessable id, and the one open cart of each user."""

import re
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from markethall.contracts.order_request import MAX_LINES
from markethall.kit.db import Database
from markethall.kit.errors import Unavailable
from markethall.kit.identity import Identity
from markethall.kit.ids import random_id
from markethall.kit.repeats import confirm_found
from markethall.orders.cart import repository
from markethall.orders.cart.repository import Cart, FilledCart
from markethall.orders.errors import CartNotFound, PricesIncomplete, TooManyLines, UnknownSku

ATTEMPTS = 3
SKU = re.compile(r"[A-Za-z0-9][A-Za-z0-9._\-]{0,63}")


class Carts:
    """All of them raise CartNotFound where the cart is not there, was claimed, or is somebody else's."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, identity: Identity | None) -> tuple[FilledCart, bool]:
        """A new cart for a guest, the one open cart for a user; whether it was made now."""
        async with self._database.begin() as connection:
            if identity is None:
                return FilledCart(await repository.insert_guest_cart(connection, random_id()), []), True
            cart, is_new = await _own_cart(connection, identity.user_id)
            if not is_new:
                await confirm_found(connection)
            return await _filled(connection, cart), is_new

    async def show(self, cart_id: UUID, identity: Identity | None) -> FilledCart:
        async with self._database.begin() as connection:
            cart = _usable(await repository.find(connection, cart_id), identity)
            return await _filled(connection, cart)

    async def put(self, cart_id: UUID, sku: str, quantity: int, identity: Identity | None) -> FilledCart:
        """
        Raises:
            UnknownSku: it is not for sale.
            PricesIncomplete: it may be, but nobody knows yet.
            TooManyLines: the cart is full.
        """
        async with self._database.begin() as connection:
            cart = await _locked(connection, cart_id, identity)
            # What no SKU looks like need not, and must not, reach the database.
            if not SKU.fullmatch(sku):
                raise UnknownSku([sku[:64]])
            if not await repository.is_for_sale(connection, sku):
                raise UnknownSku([sku]) if await repository.copy_is_complete(connection) else PricesIncomplete()
            await repository.put_line(connection, cart_id, sku, quantity)
            if await repository.count_lines(connection, cart_id) > MAX_LINES:
                raise TooManyLines()
            return await _filled(connection, await repository.change(connection, cart))

    async def take_out(self, cart_id: UUID, sku: str, identity: Identity | None) -> FilledCart:
        """Repeating it changes nothing."""
        async with self._database.begin() as connection:
            cart = await _locked(connection, cart_id, identity)
            if SKU.fullmatch(sku) and await repository.delete_line(connection, cart_id, sku):
                cart = await repository.change(connection, cart)
            return await _filled(connection, cart)

    async def delete(self, cart_id: UUID, identity: Identity | None) -> None:
        async with self._database.begin() as connection:
            await _locked(connection, cart_id, identity)
            await repository.delete(connection, cart_id)

    async def claim(self, cart_id: UUID, identity: Identity) -> FilledCart:
        """Merge a guest's cart into one's own; answers one's own. Repeating it adds nothing.

        Raises:
            TooManyLines: together they would have too many; nothing was merged.
        """
        user_id = identity.user_id
        async with self._database.begin() as connection:
            own, _ = await _own_cart(connection, user_id)
            locked = await repository.lock(connection, [own.id, cart_id])
            own = _usable(locked.get(own.id), identity)
            guest = locked.get(cart_id)
            if guest is None or guest.claimed_by not in (None, user_id) or guest.user_id not in (None, user_id):
                raise CartNotFound()
            if guest.user_id is None and guest.claimed_by is None:
                await repository.merge_lines(connection, guest.id, own.id)
                if await repository.count_lines(connection, own.id) > MAX_LINES:
                    raise TooManyLines()
                await repository.change(connection, guest, claimed_by=user_id)
                own = await repository.change(connection, own)
            return await _filled(connection, own)


async def _own_cart(connection: AsyncConnection, user_id: UUID) -> tuple[Cart, bool]:
    for _ in range(ATTEMPTS):
        cart = await repository.find_user_cart(connection, user_id)
        if cart is not None:
            return cart, False
        cart = await repository.insert_user_cart(connection, random_id(), user_id)
        if cart is not None:
            return cart, True
        # Another request made one just now; unless yet another one deletes it, it is found.
    raise Unavailable("The cart is made and deleted again and again.")


async def _locked(connection: AsyncConnection, cart_id: UUID, identity: Identity | None) -> Cart:
    locked = await repository.lock(connection, [cart_id])
    return _usable(locked.get(cart_id), identity)


def _usable(cart: Cart | None, identity: Identity | None) -> Cart:
    if cart is None or cart.claimed_by is not None:
        raise CartNotFound()
    if cart.user_id is not None and (identity is None or identity.user_id != cart.user_id):
        raise CartNotFound()
    return cart


async def _filled(connection: AsyncConnection, cart: Cart) -> FilledCart:
    return FilledCart(cart, await repository.lines_of(connection, cart.id))
