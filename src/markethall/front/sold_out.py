"""The short cut: an order for what is known to be sold out is answered without asking orders.

The only decision about stock that is made from a copy. It is made only for orders without an
`Idempotency-Key` (a retry may belong to an order that exists), only while inventory gives
signs of life, and a receipt is answered only after every front has heard of it.
"""

from prometheus_client import Counter

from markethall.contracts.messages import Shortage
from markethall.front import order_answers
from markethall.front.availability import Availability
from markethall.front.order_requests import OrderCall
from markethall.kit.asgi import Reply
from markethall.kit.identity import KeyRing, KeysUnavailable

REFUSALS = Counter("markethall_sold_out_refusals_total", "Orders refused from front's own copy; none was made.")
SOLD_OUT = (b"cache-status", b"markethall; hit; detail=sold-out")


class SoldOut:
    """Answers an order from what front knows, or None: then orders has to be asked. `refusals`: since front began."""

    def __init__(self, availability: Availability, keys: KeyRing) -> None:
        self._availability = availability
        self._keys = keys
        self.refusals = 0

    def __call__(self, call: OrderCall) -> Reply | None:
        """
        Raises:
            InvalidToken: as orders would.
        """
        if call.has_key or call.quantities is None or call.place.expected_total is not None:
            return None
        if not self._availability.sold_out(call.quantities):
            return None
        if any(self._availability.of(sku) is None for sku in call.quantities):
            # It may be a SKU that does not exist, which is another answer.
            return None
        if call.place.token is not None:
            try:
                self._keys.verify(call.place.token)
            except KeysUnavailable:
                return None
        shortages = [
            Shortage(sku, requested, available)
            for sku, requested in call.quantities.items()
            if (available := self._availability.of(sku)) is not None and available < requested
        ]
        self.refusals += 1
        REFUSALS.inc()
        reply = order_answers.of_problem(order_answers.out_of_stock(None, shortages))
        return Reply(reply.status, reply.body, [*reply.headers, SOLD_OUT])
