"""A message that comes twice is acted upon twice, but for those that the broker itself recognises.

Seen wherever "exactly once" is left to the broker: it remembers message ids for two minutes, or for as long as it
runs; whoever says the same again under another id, or later, reserves the stock again.

How it is put back: inventory decides every order that it is told of, whether it has decided it before or not.
Provoked by stopping inventory until orders asks again.
"""

from typing import Any


def _without_memory(module: Any) -> None:
    decisions = module.Decisions
    place = decisions._place

    def _place(self: Any, command: Any) -> None:
        known = self._reservations
        self._reservations = {}
        place(self, command)
        self._reservations = {**known, **self._reservations}

    decisions._place = _place


def _without_key(module: Any) -> None:
    made = "AS made (order_id, state, skus, quantities, shortages)\n"
    assert made in module.WRITE
    module.WRITE = module.WRITE.replace(made, made + "    ON CONFLICT (order_id) DO NOTHING\n")


PUT_BACK = {"markethall.inventory.decisions": _without_memory, "markethall.inventory.batches": _without_key}
GUARDS: dict[str, str] = {}
