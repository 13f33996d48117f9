"""The short cut: an order for what is known to be sold out is answered without asking orders.

The only decision about stock that is made from a copy. It is made only for orders without an
`Idempotency-Key` (a retry may belong to an order that exists), only while inventory gives
signs of life, and a receipt is answered only after every front has heard of it.
"""

from functools import lru_cache

from prometheus_client import Counter

from markethall.contracts.messages import Shortage
from markethall.front import order_answers
from markethall.front.availability import Availability
from markethall.front.order_answers import Known, known
from markethall.front.order_requests import OrderCall
from markethall.kit.asgi import Reply
from markethall.kit.identity import KeyRing, KeysUnavailable

REFUSALS = Counter("markethall_sold_out_refusals_total", "Orders refused from front's own copy; none was made.")
SOLD_OUT = (b"cache-status", b"markethall; hit; detail=sold-out")
KEPT = 4096
KEPT_LINES = 4
"""An order may have a thousand lines, and its refusal as many."""


class SoldOut:
    """Answers an order from what front knows, or None: then orders has to be asked. `refusals`: since front began."""

    def __init__(self, availability: Availability, keys: KeyRing) -> None:
        self._availability = availability
        self._keys = keys
        self.refusals = 0

    def __call__(self, call: OrderCall) -> Known | None:
        """
        Raises:
            InvalidToken: as orders would.
        """
        quantities = call.quantities
        if call.key is not None or quantities is None or call.request.expected_total:
            return None
        numbers = self._availability.sold_out(quantities)
        if numbers is None:
            return None
        short = []
        for (sku, requested), available in zip(quantities.items(), numbers, strict=True):
            if available is None:
                # It may be a SKU that does not exist, which is another answer.
                return None
            if available < requested:
                short.append((sku, requested, available))
        if call.token is not None:
            try:
                self._keys.verify(call.token)
            except KeysUnavailable:
                return None
        self.refusals += 1
        REFUSALS.inc()
        return _kept_refusal(*short) if len(short) <= KEPT_LINES else _refusal(*short)


def _refusal(*short: tuple[str, int, int]) -> Known:
    """By SKU, how many were asked for, and how many there are."""
    status, body, headers = order_answers.of_problem(
        order_answers.out_of_stock(None, [Shortage(*each) for each in short])
    )
    return known(Reply(status, body, [*headers, SOLD_OUT]))


_kept_refusal = lru_cache(maxsize=KEPT)(_refusal)
"""What is sold out is asked for again and again."""
