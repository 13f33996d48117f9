"""A buyer's (or shopkeeper's) side of the public contract, as plain HTTP. Knows nothing of the code under test."""

import asyncio
import json
import uuid
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import aiohttp

from tests.support.shop import Shop

RETRY_SECONDS = 60.0


@dataclass(frozen=True)
class Reply:
    """A whole answer."""

    status: int
    headers: "aiohttp.typedefs.LooseHeaders"
    body: Any

    def ok(self, *statuses: int) -> Any:
        """The body, if the status is one of these (200, 201, 204 by default)."""
        assert self.status in (statuses or (200, 201, 204)), (self.status, self.body)
        return self.body


class Client:
    """One visitor. `seen` counts the statuses that came, retried ones included."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url
        self.token = token
        self.seen: dict[int, int] = {}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=60)
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._session is not None
        await self._session.close()

    async def call(
        self, method: str, path: str, body: object = None, *, raw: bytes | None = None, **headers: str
    ) -> Reply:
        """One request, once. Header names are given with `_` for `-`."""
        assert self._session is not None
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token and "Authorization" not in sent:
            sent["Authorization"] = f"Bearer {self.token}"
        data = raw
        if body is not None:
            data = json.dumps(body).encode()
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        async with self._session.request(method, self.url + path, data=data, headers=sent) as answer:
            text = await answer.read()
            self.seen[answer.status] = self.seen.get(answer.status, 0) + 1
            is_json = "json" in answer.headers.get("Content-Type", "")
            return Reply(answer.status, answer.headers, json.loads(text) if is_json and text else text.decode())

    async def insist(self, method: str, path: str, body: object = None, **headers: str) -> Reply:
        """The same request again while the answer is a 503 or the connection breaks, for a minute.

        Only for what is safe to repeat.
        """
        deadline = asyncio.get_running_loop().time() + RETRY_SECONDS
        while True:
            try:
                reply = await self.call(method, path, body, **headers)
                if reply.status != 503 or asyncio.get_running_loop().time() > deadline:
                    return reply
                assert "Retry-After" in reply.headers  # type: ignore[operator]
            except (aiohttp.ClientError, TimeoutError, OSError):
                self.seen[0] = self.seen.get(0, 0) + 1
                if asyncio.get_running_loop().time() > deadline:
                    raise
            await asyncio.sleep(0.1)

    async def get(self, path: str, **headers: str) -> Reply:
        return await self.call("GET", path, **headers)

    async def post(self, path: str, body: object = None, **headers: str) -> Reply:
        return await self.call("POST", path, body, **headers)

    async def order(self, lines: dict[str, int], *, key: str | None = None, wait: int = 20, **headers: str) -> Reply:
        """Place an order, with a key, for as long as the shop says "not now"."""
        return await self.insist(
            "POST",
            "/api/orders",
            {"lines": [{"sku": sku, "quantity": quantity} for sku, quantity in lines.items()]},
            **{"Idempotency_Key": key or uuid.uuid4().hex, "Prefer": f"wait={wait}"} | headers,
        )

    async def sign_in(self, email: str, password: str) -> dict[str, Any]:
        session: dict[str, Any] = (
            await self.insist("POST", "/api/sessions", {"email": email, "password": password})
        ).ok(201)
        self.token = session["access_token"]
        return session

    async def register(self) -> dict[str, Any]:
        """A new user, signed in."""
        email, password = f"{uuid.uuid4().hex[:12]}@example.org", uuid.uuid4().hex
        user: dict[str, Any] = (
            await self.insist("POST", "/api/users", {"email": email, "name": "Tess", "password": password})
        ).ok(201)
        await self.sign_in(email, password)
        return {**user, "password": password}


def admin(shop: Shop) -> "AdminClient":
    return AdminClient(shop)


class AdminClient(Client):
    """The shopkeeper, signed in."""

    def __init__(self, shop: Shop) -> None:
        super().__init__(shop.url)
        self._shop = shop

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        await self.sign_in(self._shop.admin_email, self._shop.admin_password)
        return self

    async def product(self, *stocks: int, price: int = 500) -> list[str]:
        """A new product with a variant for each number, that many in stock; their SKUs."""
        name = f"Thing {uuid.uuid4().hex[:10]}"
        skus = [f"T-{uuid.uuid4().hex[:12]}" for _ in stocks]
        variants = [
            {"sku": sku, "options": {"no": str(i)}, "price": {"amount": price, "currency": "EUR"}}
            for i, sku in enumerate(skus)
        ]
        options = [{"name": "no", "values": [str(i) for i in range(len(skus))]}]
        body = {"name": name, "description": "", "options": options, "variants": variants}
        (await self.post("/api/products", body)).ok(201)
        for sku, stock in zip(skus, stocks, strict=True):
            if stock:
                await self.receive(sku, stock)
        return skus

    async def receive(self, sku: str, quantity: int) -> None:
        key = uuid.uuid4().hex
        (await self.insist("POST", f"/api/stock/{sku}/receipts", {"quantity": quantity}, Idempotency_Key=key)).ok(201)

    async def stock(self, sku: str) -> dict[str, int]:
        found: dict[str, int] = (await self.insist("GET", f"/api/stock/{sku}")).ok(200)
        return found

    async def settled(self, order_id: str, *, seconds: float = 60) -> dict[str, Any]:
        """The order once it is no longer pending."""
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            order: dict[str, Any] = (await self.insist("GET", f"/api/orders/{order_id}")).ok(200)
            if order["status"] != "pending":
                return order
            assert asyncio.get_running_loop().time() < deadline, f"still pending after {seconds} s: {order}"
            await asyncio.sleep(0.1)
