"""The shop's public API, typed. One method a call; nothing is known here but the contract."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote
from uuid import uuid4

from markethall.cli.documents import Category, Page, Session, StatusEvent, StockLevel
from markethall.cli.events import follow
from markethall.cli.transport import ANSWER_SECONDS, PATIENCE_SECONDS, Answer, Transport
from markethall.contracts.public import Money, OrderView, ProductSummary, ProductView
from markethall.listings.calls import Refused

WAIT_SECONDS = 5
"""How long a call that places an order waits for its outcome."""


class Shop:
    """A shop at one address. Calls that may be repeated safely are; see `Transport.call`."""

    def __init__(self, base_url: str, connections: int = 32, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._transport = Transport(base_url, connections, patience_seconds)
        self._credentials: tuple[str, str] | None = None
        self._signing_in = asyncio.Lock()

    async def __aenter__(self) -> Self:
        await self._transport.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._transport.__aexit__(kind, error, trace)

    async def sign_in(self, email: str, password: str) -> Session:
        """Later calls carry the token; when it expires they sign in again."""
        payload = {"email": email, "password": password}
        answer = await self._transport.call("POST", "/api/sessions", json=payload, repeatable=True)
        session = answer.read(Session)
        self._transport.token = session.access_token
        self._credentials = email, password
        return session

    async def products(
        self,
        *,
        query: str | None = None,
        category: str | None = None,
        sort: str | None = None,
        options: Mapping[str, str] | None = None,
        limit: int = 20,
        cursor: str | None = None,
    ) -> Page[ProductSummary]:
        params = {"query": query, "category": category, "sort": sort, "cursor": cursor, "limit": str(limit)}
        params |= {f"option.{name}": value for name, value in (options or {}).items()}
        answer = await self._call("GET", "/api/products", params=_given(params))
        return answer.read(Page[ProductSummary])

    async def product(self, slug: str) -> ProductView:
        return (await self._call("GET", f"/api/products/{_part(slug)}")).read(ProductView)

    async def create_product(self, payload: Mapping[str, Any]) -> ProductView:
        """The payload names its slug, so an attempt that was lost shows as `slug_taken`."""
        return (await self._call("POST", "/api/products", json=payload, repeatable=True)).read(ProductView)

    async def revive_product(self, slug: str, payload: Mapping[str, Any]) -> ProductView:
        """An archived product, on sale again as the payload says. Raises Refused where it is not archived."""
        path = f"/api/products/{_part(slug)}"
        body = {**payload, "status": "active"}
        return (await self._call("PATCH", path, json=body, headers={"If-Match": "*"})).read(ProductView)

    async def archive_product(self, slug: str) -> None:
        await self._delete(f"/api/products/{_part(slug)}")

    async def category(self, slug: str) -> Category:
        return (await self._call("GET", f"/api/categories/{_part(slug)}")).read(Category)

    async def create_category(self, payload: Mapping[str, Any]) -> Category:
        return (await self._call("POST", "/api/categories", json=payload, repeatable=True)).read(Category)

    async def delete_category(self, slug: str) -> None:
        await self._delete(f"/api/categories/{_part(slug)}")

    async def stock(self, sku: str) -> StockLevel:
        return (await self._call("GET", f"/api/stock/{_part(sku)}")).read(StockLevel)

    async def receive(self, sku: str, quantity: int, *, reference: str, key: str) -> None:
        """A receipt of stock, or a correction where `quantity` is negative; once for each key."""
        await self._call(
            "POST",
            f"/api/stock/{_part(sku)}/receipts",
            json={"quantity": quantity, "reference": reference},
            headers={"Idempotency-Key": key},
            repeatable=True,
        )

    async def place_order(
        self,
        lines: Sequence[tuple[str, int]],
        *,
        key: str | None = None,
        email: str | None = None,
        expected_total: Money | None = None,
        wait_seconds: int = WAIT_SECONDS,
    ) -> OrderView:
        """The order as it stood at the answer: settled, or still `pending`.

        Raises Refused: `out_of_stock` (an order was made and rejected), `price_changed`, ….
        """
        payload: dict[str, Any] = {"lines": [{"sku": sku, "quantity": quantity} for sku, quantity in lines]}
        if email is not None:
            payload["email"] = email
        if expected_total is not None:
            payload["expected_total"] = expected_total
        answer = await self._call(
            "POST",
            "/api/orders",
            json=payload,
            headers={"Idempotency-Key": key or str(uuid4()), "Prefer": f"wait={wait_seconds}"},
            repeatable=True,
            answer_seconds=ANSWER_SECONDS + wait_seconds,
        )
        return answer.read(OrderView)

    async def order(self, order_id: str) -> OrderView:
        return (await self._call("GET", f"/api/orders/{_part(order_id)}")).read(OrderView)

    async def orders(
        self, *, number: int | None = None, everyone: bool = False, limit: int = 20, cursor: str | None = None
    ) -> Page[OrderView]:
        """Newest first. With `everyone`, those of all buyers: for admins."""
        params = {
            "number": None if number is None else str(number),
            "all": "true" if everyone else None,
            "limit": str(limit),
            "cursor": cursor,
        }
        return (await self._call("GET", "/api/orders", params=_given(params))).read(Page[OrderView])

    async def cancel(self, order_id: str) -> OrderView:
        path = f"/api/orders/{_part(order_id)}/cancellation"
        return (await self._call("POST", path, repeatable=True)).read(OrderView)

    def events(self, order_id: str) -> AsyncIterator[StatusEvent]:
        """The order's status now, and each that follows, until a final one."""
        return follow(self._transport, f"/api/orders/{_part(order_id)}/events")

    async def _delete(self, path: str) -> None:
        """Absent is as good as deleted: the first attempt's answer may have been lost."""
        try:
            await self._call("DELETE", path)
        except Refused as refused:
            if refused.status != 404:
                raise

    async def _call(self, method: str, path: str, *, repeatable: bool | None = None, **rest: Any) -> Answer:
        repeatable = method != "POST" if repeatable is None else repeatable
        token = self._transport.token
        try:
            return await self._transport.call(method, path, repeatable=repeatable, **rest)
        except Refused as refused:
            if refused.status != 401 or self._credentials is None:
                raise
        async with self._signing_in:
            if self._transport.token == token:
                await self.sign_in(*self._credentials)
        return await self._transport.call(method, path, repeatable=repeatable, **rest)


def _part(text: str) -> str:
    return quote(text, safe="")


def _given(params: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in params.items() if value is not None}
