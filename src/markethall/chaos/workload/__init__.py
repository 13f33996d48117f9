"""Buyers, readers and a shopkeeper against the public address of a running shop, as steady as a clock.

`async with Workload(url, email, password, seed=7, rate=200) as workload:` they come; `await workload.stop()` ends it
with every outcome known that can be; what they saw is in `workload.history`.
"""

import asyncio
import random
import uuid
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, replace
from time import monotonic
from types import TracebackType
from typing import Any, Self

from markethall.chaos.history import Call, History
from markethall.chaos.workload.buying import Buying
from markethall.chaos.workload.goods import Goods, prepare
from markethall.chaos.workload.people import CannotStart, Person, registered
from markethall.chaos.workload.reading import Reading
from markethall.chaos.workload.shopkeeping import Shopkeeping
from markethall.chaos.workload.wire import Patience, Wire

__all__ = ["CannotStart", "Mix", "Patience", "Workload"]

END_SECONDS = 60.0
"""For what is under way when the doors close, and then again for what stayed unknown."""
RESOLVED_AT_ONCE = 16


@dataclass(frozen=True)
class Mix:
    """What is done how often. Shares are of orders; `…_every` is in orders too."""

    hot_share: float = 0.25
    cart_share: float = 0.05
    signed_in_share: float = 0.2
    async_share: float = 0.25
    """Of orders that do not wait for their outcome."""
    read_share: float = 0.06
    stream_share: float = 0.02
    cancel_share: float = 0.04
    fulfil_share: float = 0.04
    stock_reads_every: int = 20
    product_reads_every: int = 20
    receipts_every: int = 100
    price_changes_every: int = 150
    hot_stock: int = 50
    wide_stock: int = 1_000_000
    hot_receipt: int = 20


class Workload:
    """Open loop: orders come at `rate` per second whatever the shop does, at most `max_open` of them under way.

    What is chosen follows from `seed`; keys and SKUs are this run's own. Raises CannotStart on entering.
    """

    def __init__(
        self,
        url: str,
        admin_email: str,
        admin_password: str,
        *,
        seed: int,
        rate: float = 200.0,
        mix: Mix | None = None,
        patience: Patience | None = None,
        users: int = 3,
        max_open: int = 600,
        history: History | None = None,
    ) -> None:
        self.history = History() if history is None else history  # an empty one is false
        self.held_back = 0
        """Orders that were due while `max_open` were under way, or while this process could not keep up."""
        self.run = uuid.uuid4().hex[:8]
        self._url = url.rstrip("/")
        self._admin = Person("admin", admin_email, admin_password)
        self._seed = seed
        self._rate = rate
        self._mix = mix or Mix()
        self._patience = patience or Patience()
        self._users = users
        self._max_open = max_open
        self._people: list[Person] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._streams: set[asyncio.Task[None]] = set()
        """They only look, so nobody waits for them at the end."""
        self._failure: BaseException | None = None
        self._stopping = asyncio.Event()
        self._pace: asyncio.Task[None] | None = None

    @property
    def goods(self) -> Goods:
        return self._goods

    async def __aenter__(self) -> Self:
        self._wire = Wire(self._url, self.history, self._patience)
        session = self._wire.session
        try:
            await self._admin.sign_in(session, self._url)
            self._people = [await registered(session, self._url, f"user-{no}") for no in range(self._users)]
            token = await self._admin.token(session, self._url)
            self._goods = await prepare(session, self._url, token, self.run, self.history)
            self._buying = Buying(self._wire, self._url, self._goods, self.run, self._mix.async_share)
            self._reading = Reading(self._wire, self._url)
            self._shop = Shopkeeping(self._wire, self._url, self._goods, self._buying, self._reading, self._admin)
            await self._shop.stock_up(self.run, self._mix.hot_stock, self._mix.wide_stock)
        except BaseException:
            await self._wire.close()
            raise
        self._pace = asyncio.create_task(self._keep_pace(), name="workload")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        left = [*self._tasks, *self._streams, *([self._pace] if self._pace else [])]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await self._wire.close()

    async def stop(self) -> None:
        """No new orders; waits for those under way, then asks again for every key whose outcome is not known.

        The shop should be healed by then. Raises what broke in the workload itself.
        """
        self._stopping.set()
        assert self._pace is not None
        await self._pace
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=END_SECONDS)
        gate = asyncio.Semaphore(RESOLVED_AT_ONCE)
        patience = replace(self._patience, total_seconds=END_SECONDS, max_attempts=1_000)

        async def repeat(key: str) -> None:
            async with gate:
                await self._buying.repeat(self._buying.open_wishes[key], patience)

        await asyncio.gather(*(repeat(key) for key in list(self._buying.open_wishes)))
        if self._failure is not None:
            raise self._failure

    async def _keep_pace(self) -> None:
        number, due = 0, monotonic()
        while not self._stopping.is_set() and not self._wire.full:
            due += 1 / self._rate
            number += 1
            if len(self._tasks) >= self._max_open or monotonic() - due > 1.0:
                self.held_back += 1
                due = max(due, monotonic() - 1.0)
            else:
                self._begin(number)
            with suppress(TimeoutError):
                async with asyncio.timeout(max(due - monotonic(), 0)):
                    await self._stopping.wait()

    def _begin(self, number: int) -> None:
        """An order, and whatever else is due with it."""
        mix, dice = self._mix, random.Random(f"{self._seed}:{number}")
        self._spawn(self._buy(number, dice))
        if number % mix.stock_reads_every == 0:
            sku = dice.choice(self._goods.hot if dice.random() < 0.7 else self._goods.wide)
            self._spawn(_done(self._reading.stock(f"stock-reader-{dice.randint(1, 3)}", sku)))
        if number % mix.product_reads_every == 0:
            reader = f"browser-{dice.randint(1, 3)}"
            self._spawn(_done(self._reading.product(reader, dice.choice(self._goods.slugs[:3]))))
        if number % mix.receipts_every == 0:
            self._spawn(self._shop.receive_some(f"{self.run}-receipt-{number}", dice, mix.hot_receipt))
        if number % mix.price_changes_every == 0:
            self._spawn(self._shop.change_price())

    def _spawn(self, journey: Coroutine[Any, Any, None], among: set[asyncio.Task[None]] | None = None) -> None:
        task = asyncio.create_task(journey)
        (self._tasks if among is None else among).add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._streams.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failure = self._failure or error

    async def _buy(self, number: int, dice: random.Random) -> None:
        mix = self._mix
        person = dice.choice(self._people) if self._people and dice.random() < mix.signed_in_share else None
        if dice.random() < mix.cart_share:
            placed = await self._buying.by_cart(number, dice, person)
        else:
            placed = await self._buying.by_lines(number, dice, person, mix.hot_share)
        order_id = order_of(placed) if placed else None
        if order_id is None:
            return
        fate = dice.random()
        if fate < mix.read_share:
            for reader in range(2):
                self._spawn(self._look(f"reader-{number}-{reader}", order_id, person, dice.randint(2, 4)))
        if fate < mix.stream_share:
            self._spawn(self._reading.events(f"stream-{number}", order_id, person), self._streams)
        fate = dice.random()
        if fate < mix.cancel_share:
            # Half of them at once, so that the cancellation meets the order on its way.
            await asyncio.sleep(dice.choice((0.0, 0.5 * dice.random())))
            await self._buying.cancel(f"buyer-{number}", order_id, person)
        elif fate < mix.cancel_share + mix.fulfil_share:
            await self._buying.fulfil(order_id, self._admin)

    async def _look(self, client: str, order_id: str, person: Person | None, times: int) -> None:
        for _ in range(times):
            await self._reading.order(client, order_id, person)
            await asyncio.sleep(0.3)


def order_of(call: Call) -> str | None:
    """The id of the order that an answer to `place` names."""
    found = call.answer.get("id") or call.answer.get("order_id")
    return str(found) if found else None


async def _done(asking: Coroutine[Any, Any, Call]) -> None:
    await asking
