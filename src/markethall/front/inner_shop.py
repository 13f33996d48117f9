"""The shop as a loader of catalogues needs it, spoken to from inside and in the admin's own name."""

from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from markethall.contracts.public import ProductView
from markethall.kit.balancing import Answer, Balancer, ServiceUnavailable
from markethall.listings.calls import NotUnderstood, Refused, Unreachable

CALL_SECONDS = 15.0
ATTEMPT_SECONDS = 6.0

Document = TypeVar("Document")


class InnerShop:
    """Each service verifies the admin's token itself, as it does for any request."""

    def __init__(self, balancer: Balancer, authorization: str) -> None:
        self._balancer = balancer
        self._authorization = authorization

    async def product(self, slug: str) -> ProductView:
        return _read(await self._call("catalog", "GET", f"/api/products/{_part(slug)}"), ProductView)

    async def create_product(self, payload: Mapping[str, Any]) -> ProductView:
        """The payload names its slug, so an attempt that was lost shows as `slug_taken`."""
        return _read(await self._call("catalog", "POST", "/api/products", payload), ProductView)

    async def revive_product(self, slug: str, payload: Mapping[str, Any]) -> ProductView:
        body = {**payload, "status": "active"}
        answer = await self._call("catalog", "PATCH", f"/api/products/{_part(slug)}", body, {"If-Match": "*"})
        return _read(answer, ProductView)

    async def archive_product(self, slug: str) -> None:
        await self._delete(f"/api/products/{_part(slug)}")

    async def has_category(self, slug: str) -> bool:
        try:
            await self._call("catalog", "GET", f"/api/categories/{_part(slug)}")
        except Refused as refused:
            if refused.status != 404:
                raise
            return False
        return True

    async def create_category(self, payload: Mapping[str, Any]) -> None:
        await self._call("catalog", "POST", "/api/categories", payload)

    async def delete_category(self, slug: str) -> None:
        await self._delete(f"/api/categories/{_part(slug)}")

    async def receive(self, sku: str, quantity: int, *, reference: str, key: str) -> None:
        body = {"quantity": quantity, "reference": reference}
        path = f"/api/stock/{_part(sku)}/receipts"
        await self._call("inventory", "POST", path, body, {"Idempotency-Key": key})

    async def _delete(self, path: str) -> None:
        """Absent is as good as deleted: the first attempt's answer may have been lost."""
        try:
            await self._call("catalog", "DELETE", path)
        except Refused as refused:
            if refused.status != 404:
                raise

    async def _call(
        self,
        service: str,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        sent = {"Authorization": self._authorization, "Content-Type": "application/json", **(headers or {})}
        try:
            answer = await self._balancer.request(
                service,
                method,
                path,
                headers=sent,
                body=None if body is None else msgspec.json.encode(body),
                # A repeat is noticed: by the slug, by the receipt's key, or it does the same again.
                repeatable=True,
                deadline_seconds=CALL_SECONDS,
                attempt_seconds=ATTEMPT_SECONDS,
            )
        except ServiceUnavailable as error:
            raise Unreachable(str(error)) from error
        if answer.status in (502, 503, 504):
            raise Unreachable(f"The {service} service does not answer just now.")
        if answer.status >= 400:
            raise Refused(answer.status, _problem(answer))
        return answer


def _part(text: str) -> str:
    return quote(text, safe="")


def _read(answer: Answer, kind: type[Document]) -> Document:
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except msgspec.MsgspecError as error:
        raise NotUnderstood(str(error)) from error


def _problem(answer: Answer) -> dict[str, Any]:
    try:
        return msgspec.json.decode(answer.body, type=dict[str, Any])
    except msgspec.MsgspecError:
        return {}
