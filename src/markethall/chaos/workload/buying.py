"""Buyers: each order has a key, is repeated with it while nothing definite comes, and may be cancelled or fulfilled."""

import random
from typing import Any, NamedTuple

from markethall.chaos.history import Call, Kind, Request
from markethall.chaos.workload.goods import Goods
from markethall.chaos.workload.people import Person
from markethall.chaos.workload.wire import Patience, Wire

WAIT_SECONDS = 2


class Wish(NamedTuple):
    """What was asked for with a key: the same again must come to the same."""

    kind: Kind
    client: str
    request: Request
    person: Person | None


class Buying:
    """Places orders, and remembers the keys whose outcome is not known."""

    def __init__(self, wire: Wire, url: str, goods: Goods, run: str, async_share: float) -> None:
        self._wire = wire
        self._url = url
        self._goods = goods
        self._run = run
        self._async_share = async_share
        self.open_wishes: dict[str, Wish] = {}

    async def by_lines(self, number: int, dice: random.Random, person: Person | None, hot_share: float) -> Call:
        lines = self._goods.wanted(dice, hot_share)
        body = {"lines": [{"sku": sku, "quantity": quantity} for sku, quantity in lines.items()]}
        return await self._place(number, dice, person, body)

    async def by_cart(self, number: int, dice: random.Random, person: Person | None) -> Call | None:
        """Fills a cart, looks into it, buys it, and looks again. None: it did not come to an order."""
        if person is None:
            return await self._by_cart(number, dice, None)
        async with person.shopping:
            return await self._by_cart(number, dice, person)

    async def _by_cart(self, number: int, dice: random.Random, person: Person | None) -> Call | None:
        client = f"buyer-{number}"
        cart = await self._ask(client, "open_cart", "POST", "/api/carts", person)
        if cart.outcome != "ok":
            return None
        path = f"/api/carts/{cart.answer['id']}"
        for sku in dice.sample(self._goods.wide, 2):
            body = {"quantity": dice.randint(1, 3)}
            await self._ask(client, "put_cart_line", "PUT", f"{path}/lines/{sku}", person, body)
        await self._ask(client, "read_cart", "GET", path, person)
        placed = await self._place(number, dice, person, {"cart_id": cart.answer["id"]})
        await self._ask(client, "read_cart", "GET", path, person)
        return placed

    async def cancel(self, client: str, order_id: str, person: Person | None) -> Call:
        return await self._ask(client, "cancel", "POST", f"/api/orders/{order_id}/cancellation", person)

    async def fulfil(self, order_id: str, admin: Person) -> Call:
        return await self._ask(admin.name, "fulfil", "POST", f"/api/orders/{order_id}/fulfilment", admin)

    async def receive(self, sku: str, quantity: int, key: str, admin: Person) -> Call:
        request = Request("POST", f"/api/stock/{sku}/receipts", {"quantity": quantity}, key, admin.id)
        return await self._wished(Wish("receipt", admin.name, request, admin))

    async def repeat(self, wish: Wish, patience: Patience) -> Call:
        """At the end, for what stayed unknown."""
        return await self._wished(wish, patience)

    async def _place(self, number: int, dice: random.Random, person: Person | None, body: dict[str, Any]) -> Call:
        request = Request("POST", "/api/orders", body, f"{self._run}-{number}", person.id if person else None)
        return await self._wished(
            Wish("place", f"buyer-{number}", request, person), waits=dice.random() >= self._async_share
        )

    async def _wished(self, wish: Wish, patience: Patience | None = None, *, waits: bool = True) -> Call:
        key = wish.request.key
        assert key is not None
        self.open_wishes[key] = wish
        headers = {"Prefer": f"wait={WAIT_SECONDS}" if waits else "respond-async"} if wish.kind == "place" else None
        call = await self._wire.call(
            wish.client,
            wish.kind,
            wish.request,
            headers,
            token=await self._token(wish.person),
            wait_seconds=WAIT_SECONDS if waits and wish.kind == "place" else 0.0,
            patience=patience,
        )
        if call.outcome != "unknown":
            del self.open_wishes[key]
        return call

    async def _ask(
        self, client: str, kind: Kind, method: str, path: str, person: Person | None, body: dict[str, Any] | None = None
    ) -> Call:
        request = Request(method, path, body, user=person.id if person else None)
        return await self._wire.call(client, kind, request, token=await self._token(person))

    async def _token(self, person: Person | None) -> str | None:
        return await person.token(self._wire.session, self._url) if person else None
