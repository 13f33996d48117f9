"""The buyer is told yes, and then the order is written.

Seen in the two-server webshop that this one grew out of, which replies before it writes, and in shops that hold a
customer's order in memory or on a broker that acknowledges before its disk does: customers then hold a receipt for
an order that does not exist.

How it is put back: a batch of orders is answered as soon as its statements have run. The transaction is committed
a second later, by a task of its own; until then whoever asks for the same key is answered from memory.
Provoked by killing orders under load.
"""

import asyncio
import os
from contextlib import asynccontextmanager
from typing import Any

COMMIT_LATER_SECONDS = 1.0
# Each transaction keeps its connection for so long: six would not do. The tests import this, too, for its guards.
if "KNOWN_BUG" in os.environ:
    os.environ["MARKETHALL_DATABASE_POOL"] = "40"
_tasks: set[asyncio.Task[None]] = set()


class _Late:
    """A database whose transactions are over for the caller before they are committed."""

    def __init__(self, database: Any, early: dict[Any, Any]) -> None:
        self._database = database
        self._early = early

    @asynccontextmanager
    async def hot(self) -> Any:
        block = self._database.hot()
        connection = await block.__aenter__()
        try:
            yield connection
        except BaseException as error:
            if not await block.__aexit__(type(error), error, error.__traceback__):
                raise
            return
        task = asyncio.create_task(self._commit(block))
        _tasks.add(task)
        task.add_done_callback(_tasks.discard)

    single = hot
    """A statement that is committed when it returns waits like all others."""

    async def _commit(self, block: Any) -> None:
        await asyncio.sleep(COMMIT_LATER_SECONDS)
        await block.__aexit__(None, None, None)


def _put_back(module: Any) -> None:
    checkout = module.Checkout
    make, commit = checkout.__init__, checkout._commit

    def __init__(self: Any, database: Any, *others: Any) -> None:
        self._answered_early = {}
        make(self, _Late(database, self._answered_early), *others)

    async def _commit(self: Any, batch: Any) -> Any:
        early = self._answered_early
        answers = [early.get(wanted.order_id) for wanted in batch]
        asked = [place for place, answer in enumerate(answers) if answer is None]
        made = await commit(self, [batch[place] for place in asked]) if asked else []
        for place, answer in zip(asked, made, strict=True):
            answers[place] = answer
            if not isinstance(answer, Exception):
                order_id = batch[place].order_id
                early[order_id] = answer
                asyncio.get_running_loop().call_later(2 * COMMIT_LATER_SECONDS, early.pop, order_id, None)
        return answers

    checkout.__init__, checkout._commit = __init__, _commit


PUT_BACK = {"markethall.orders.checkout.place_order": _put_back}
GUARDS: dict[str, str] = {}
