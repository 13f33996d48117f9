"""Stock is looked at, then taken, and between the two somebody else does the same.

Seen in most shops of the table in the design: they check stock without holding it, and of 50 units sell 104, or 200.

How it is put back: the rows of stock are read without a lock, and a moment passes before they are written; the
database's own CHECK, which would refuse the second of two, is dropped.
Provoked by two replicas of inventory and many buyers of few units.
"""

import asyncio
from typing import Any

THINK_SECONDS = 0.2


def _put_back(module: Any) -> None:
    module.LOCK_LEVELS = module.LOCK_LEVELS.replace("FOR NO KEY UPDATE", "")
    write = module.write

    async def think_then_write(*arguments: Any) -> Any:
        await asyncio.sleep(THINK_SECONDS)
        return await write(*arguments)

    module.write = think_then_write


PUT_BACK = {"markethall.inventory.batches": _put_back}
GUARDS = {"inventory": "ALTER TABLE stock DROP CONSTRAINT stock_never_oversold"}
