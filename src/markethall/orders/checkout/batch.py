"""What becomes of each request of a batch. Pure; the transaction around it is in `place_order.py`."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from markethall.kit.errors import Problem
from markethall.orders.checkout.draft import CartContent, Draft, Listed, Wanted, draft
from markethall.orders.errors import CartNotFound, KeyReused
from markethall.orders.order import Order

Outcome = Order | Problem


def firsts(batch: Iterable[Wanted]) -> dict[UUID, Wanted]:
    """The first request for each order id; what repeats it is answered like it."""
    found: dict[UUID, Wanted] = {}
    for wanted in batch:
        found.setdefault(wanted.order_id, wanted)
    return found


def skus_of(wishes: Iterable[Wanted], carts: Mapping[UUID, CartContent]) -> set[str]:
    """All SKUs that somebody wants."""
    skus: set[str] = set()
    for wanted in wishes:
        if wanted.lines is not None:
            skus.update(wanted.lines)
    for cart in carts.values():
        skus.update(cart.quantities)
    return skus


def drafts_of(
    wishes: Iterable[Wanted], carts: Mapping[UUID, CartContent], prices: Mapping[str, Listed], currency: str
) -> tuple[list[Draft], dict[UUID, Problem]]:
    """Drafts, and refusals by order id. A request whose cart an earlier one of the batch takes is in neither."""
    drafts: list[Draft] = []
    refused: dict[UUID, Problem] = {}
    taken: set[UUID] = set()
    for wanted in wishes:
        made = _draft(wanted, carts, prices, currency)
        if isinstance(made, Problem):
            refused[wanted.order_id] = made
        elif wanted.cart_id is None:
            drafts.append(made)
        elif wanted.cart_id not in taken:
            taken.add(wanted.cart_id)
            drafts.append(made)
    return drafts, refused


def _draft(
    wanted: Wanted, carts: Mapping[UUID, CartContent], prices: Mapping[str, Listed], currency: str
) -> Draft | Problem:
    if wanted.cart_id is None:
        return draft(wanted, wanted.lines or {}, prices, currency)
    cart = carts.get(wanted.cart_id)
    if cart is None or cart.user_id not in (None, wanted.user_id):
        return CartNotFound()
    return draft(wanted, cart.quantities, prices, currency)


def outcome(
    wanted: Wanted, first: Wanted, made: Mapping[UUID, Order], refused: Mapping[UUID, Problem]
) -> Outcome | None:
    """
    Args:
        first: the first request of the batch for the same order id.
        made: the orders that exist after the transaction.

    Returns:
        None where it has to be tried again.
    """
    order = made.get(wanted.order_id)
    if order is not None:
        return order if order.fingerprint == wanted.fingerprint else KeyReused()
    if wanted.fingerprint == first.fingerprint:
        return refused.get(wanted.order_id)
    return None
