"""The shopkeeper: goods come in, prices change, and what was changed is looked at at once."""

import asyncio
import random

from markethall.chaos.history import Request
from markethall.chaos.workload.buying import Buying
from markethall.chaos.workload.goods import Goods
from markethall.chaos.workload.people import Person
from markethall.chaos.workload.reading import Reading
from markethall.chaos.workload.wire import Wire

AT_ONCE = 8


class Shopkeeping:
    """What the admin does, beside fulfilling orders."""

    def __init__(self, wire: Wire, url: str, goods: Goods, buying: Buying, reading: Reading, admin: Person) -> None:
        self._wire = wire
        self._url = url
        self._goods = goods
        self._buying = buying
        self._reading = reading
        self._admin = admin
        self._version: int | None = None
        self._changes = 0
        self._changing = asyncio.Lock()

    async def stock_up(self, run: str, hot: int, wide: int) -> None:
        """What there is when the doors open."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def receive(sku: str) -> None:
            async with gate:
                await self._buying.receive(sku, hot if sku in self._goods.hot else wide, f"{run}-{sku}", self._admin)

        async with asyncio.TaskGroup() as group:
            for sku in self._goods.skus:
                group.create_task(receive(sku))

    async def receive_some(self, key: str, dice: random.Random, quantity: int) -> None:
        """Mostly of what is scarce; now and then a correction downwards."""
        if dice.random() < 0.1:
            await self._buying.receive(dice.choice(self._goods.wide), -1, key, self._admin)
        else:
            await self._buying.receive(dice.choice(self._goods.hot), quantity, key, self._admin)

    async def change_price(self) -> None:
        """Changes one product, corrects that at once, and reads it back. Nobody else changes it."""
        if self._changing.locked():
            return
        async with self._changing:
            for _ in range(2):
                await self._change_price()
            await self._look()

    async def _change_price(self) -> None:
        slug, admin = self._goods.changing_slug, self._admin
        if self._version is None:
            await self._look()
        if self._version is None:
            return
        self._changes += 1
        price = {"amount": 500 + self._changes, "currency": "EUR"}
        skus = self._goods.wide[: len(self._goods.wide) // len(self._goods.slugs[1:])]
        variants = [{"sku": sku, "options": {"no": str(no)}, "price": price} for no, sku in enumerate(skus)]
        changed = await self._wire.call(
            admin.name,
            "change_product",
            Request("PATCH", f"/api/products/{slug}", {"variants": variants}, user=admin.id),
            {"If-Match": f'"{self._version}"'},
            token=await admin.token(self._wire.session, self._url),
            # A repeat of a change that was made already is refused: whether it was made would not be known.
            repeatable=False,
        )
        self._version = changed.answer.get("version") if changed.outcome == "ok" else None

    async def _look(self) -> None:
        """Learns the version only where it is not known: what was answered to a change counts, whatever is read."""
        seen = await self._reading.product(self._admin.name, self._goods.changing_slug, self._admin.id)
        self._version = self._version or seen.answer.get("version")
