"""From a request to what is wanted: whose it is, under which id, and whether it makes sense at all."""

from types import TracebackType
from typing import Any, Self
from uuid import UUID

import msgspec
from asyncpg.pgproto.pgproto import UUID as FastUUID

from markethall.contracts.internal import PlaceOrder
from markethall.contracts.order_request import COUNTRIES, OrderRequest, fingerprint, merged
from markethall.contracts.public import Money
from markethall.kit.db import Database
from markethall.kit.errors import FieldError, Invalid
from markethall.kit.identity import Identity
from markethall.kit.ids import Derivation, random_id
from markethall.orders.checkout.draft import Wanted


class OrderIds:
    """The same id for the same buyer and key, ever: across replicas, restarts and years."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._derivation: Derivation | None = None

    async def __aenter__(self) -> Self:
        # Made by the first migration, and never again.
        async with self._database.hot() as connection:
            self._derivation = Derivation(await connection.fetchval("SELECT secret FROM shop_secret"))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def id_for(self, identity: Identity | None, key: str | None) -> UUID:
        if key is None:
            return random_id()
        assert self._derivation is not None, "the secret was not read yet"
        return FastUUID(self._derivation.bytes_of(f"user:{identity.user_id}" if identity else "guest", key))


def wanted_from(request: OrderRequest, identity: Identity | None, order_id: UUID, currency: str) -> Wanted:
    """
    Raises:
        Invalid: neither a cart nor lines, or both; no such country; another currency.
    """
    cart_id, lines, address = request.cart_id or None, request.lines or None, request.shipping_address or None
    # An empty list is a list: that order is empty, not shapeless.
    has_lines = isinstance(request.lines, list)
    if (cart_id is not None) == has_lines:
        raise Invalid("Send either cart_id or lines.", errors=[FieldError("lines", "either this or cart_id", "either")])
    if address is not None and address.country not in COUNTRIES:
        raise Invalid(errors=[FieldError("shipping_address.country", "not in ISO 3166-1 alpha-2", "unknown_country")])
    total = request.expected_total or None
    if total is not None and total.currency != currency:
        message = f"the shop's currency is {currency}"
        raise Invalid(errors=[FieldError("expected_total.currency", message, "other_currency", {"value": currency})])
    return Wanted(
        order_id=order_id,
        user_id=identity.user_id if identity else None,
        fingerprint=fingerprint(request),
        lines=merged(lines) if lines else None,
        cart_id=UUID(cart_id) if cart_id else None,
        email=request.email or None,
        shipping_address=msgspec.to_builtins(address) if address else None,
        expected_total=total.amount if total else None,
    )


def request_from(order: PlaceOrder, currency: str) -> OrderRequest:
    """What front sent, checked as if a client had: front is no trust boundary.

    Raises:
        Invalid, msgspec.ValidationError: it is not what a client may send.
    """
    if order.cart_id is not None and len(order.cart_id) != 16:
        raise Invalid(errors=[FieldError("cart_id", "not a UUID", "wrong_form")])
    given: dict[str, Any] = {
        "lines": None if order.lines is None else [{"sku": one.sku, "quantity": one.quantity} for one in order.lines],
        "cart_id": None if order.cart_id is None else str(UUID(bytes=order.cart_id)),
        "email": order.email,
        "shipping_address": order.shipping_address,
        "expected_total": None if order.expected_total is None else Money(order.expected_total, currency),
    }
    return msgspec.convert(given, OrderRequest)
