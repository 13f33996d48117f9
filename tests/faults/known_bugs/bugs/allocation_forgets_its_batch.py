"""Each order of a batch is checked against the stock from before the batch.

Seen where a check is made fast by making it for many at once: the first order of a batch and the last are each
told that the one unit left is theirs.

How it is put back: the allocation gives every order what was there at the beginning; the database's own CHECK,
which would refuse the batch, is dropped.
Provoked by stopping orders for a moment, so that many orders for few units come in one message.
"""

from typing import Any


def _put_back(module: Any) -> None:
    allocate = module.allocate

    def forgetful(available: Any, orders: Any) -> Any:
        return [outcome for order in orders for outcome in allocate(available, [order])]

    module.allocate = forgetful


PUT_BACK = {"markethall.inventory.allocation": _put_back}
GUARDS = {"inventory": "ALTER TABLE stock DROP CONSTRAINT stock_never_oversold"}
