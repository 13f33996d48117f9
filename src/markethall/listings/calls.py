"""What a shop is asked for while a catalogue is loaded, and how it may fail.

ApiError
├── Refused       the shop answered, with a problem document
├── Unreachable   no answer, or "not just now" until patience ended
└── NotUnderstood an answer, but not the contract's
"""

from collections.abc import Mapping
from typing import Any, Protocol

from markethall.contracts.public import ProductView


class LoadingShop(Protocol):
    """Each call raises an ApiError where it does not bring what was asked for."""

    async def product(self, slug: str) -> ProductView: ...

    async def create_product(self, payload: Mapping[str, Any]) -> ProductView: ...

    async def revive_product(self, slug: str, payload: Mapping[str, Any]) -> ProductView:
        """An archived product, on sale again as the payload says. Raises Refused where it is not archived."""

    async def archive_product(self, slug: str) -> None: ...

    async def create_category(self, payload: Mapping[str, Any]) -> object: ...

    async def delete_category(self, slug: str) -> None: ...

    async def receive(self, sku: str, quantity: int, *, reference: str, key: str) -> None: ...


class ApiError(Exception):
    """A call that did not bring what was asked for."""


class Unreachable(ApiError):
    """Nobody answered, or only "not just now"."""


class NotUnderstood(ApiError):
    """What answered is not a shop, or not of this version."""


class Refused(ApiError):
    """A problem document (RFC 9457). `code` is stable; `document` is all of it."""

    def __init__(self, status: int, document: Mapping[str, Any]) -> None:
        self.status = status
        self.document = dict(document)
        self.code = str(document.get("code", f"http_{status}"))
        self.detail = str(document.get("detail") or document.get("title") or f"HTTP {status}")
        fields = "; ".join(f"{e.get('field')}: {e.get('message')}" for e in self._errors())
        super().__init__(f"{self.detail} ({self.code}){': ' + fields if fields else ''}")

    def _errors(self) -> list[Mapping[str, Any]]:
        errors = self.document.get("errors")
        return [e for e in errors if isinstance(e, dict)] if isinstance(errors, list) else []
