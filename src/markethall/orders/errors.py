"""What the service refuses, beside the errors that every service has.

NotFound
├── OrderNotFound          404 not_found
└── CartNotFound           404 cart_not_found
Conflict
├── PriceChanged           409 price_changed
├── OutOfStock             409 out_of_stock
├── OrderCancelled         409 order_cancelled
├── NotCancellable         409 not_cancellable
└── NotFulfillable         409 not_fulfillable
Invalid
├── EmptyOrder             422 empty_order
├── UnknownSku             422 unknown_sku
├── TooManyLines           422 too_many_lines
├── TooMuch                422 too_much
└── KeyReused              422 idempotency_key_reused
Unavailable
└── PricesIncomplete       503 prices_incomplete
"""

from collections.abc import Sequence

from markethall.contracts.order_request import MAX_LINES
from markethall.contracts.public import Money
from markethall.kit.errors import Conflict, Invalid, NotFound, Unavailable


class OrderNotFound(NotFound):
    title = "There is no such order here"


class CartNotFound(NotFound):
    code = "cart_not_found"
    title = "There is no such cart here"


class PriceChanged(Conflict):
    """Nothing was ordered. `total` is what it would cost now."""

    code = "price_changed"
    title = "The total is not the expected one"

    def __init__(self, total: Money) -> None:
        super().__init__(
            "Prices have changed since you looked.", total={"amount": total.amount, "currency": total.currency}
        )


class OutOfStock(Conflict):
    code = "out_of_stock"
    title = "Not everything is in stock, so nothing was taken"


class OrderCancelled(Conflict):
    """What a repeated request to order is answered when its order has been cancelled."""

    code = "order_cancelled"
    title = "The order was cancelled"


class NotCancellable(Conflict):
    code = "not_cancellable"
    title = "The order can no longer be cancelled"


class NotFulfillable(Conflict):
    code = "not_fulfillable"
    title = "Only a confirmed order can be fulfilled"


class EmptyOrder(Invalid):
    code = "empty_order"
    title = "An order takes at least one line"


class UnknownSku(Invalid):
    """`skus`: those that are not for sale (at most ten are named)."""

    code = "unknown_sku"
    title = "Not everything in it is for sale"

    def __init__(self, skus: Sequence[str]) -> None:
        named = list(skus[:10])
        super().__init__(f"Not for sale: {', '.join(named)}.", skus=named)


class TooManyLines(Invalid):
    code = "too_many_lines"
    title = f"At most {MAX_LINES} lines"


class TooMuch(Invalid):
    """A quantity or a sum beyond what the shop can count on."""

    code = "too_much"
    title = "More than the shop can take at once"


class KeyReused(Invalid):
    code = "idempotency_key_reused"
    title = "That Idempotency-Key was used for another order"


class PricesIncomplete(Unavailable):
    """The price list has not wholly arrived yet, so an unknown SKU may well be for sale."""

    code = "prices_incomplete"
    title = "The price list has not wholly arrived yet"
