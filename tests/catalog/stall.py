"""Catalog as its tests see it: its HTTP API with and without the role, and what it says on the bus."""

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from nats.aio.client import Client
from nats.aio.msg import Msg

from markethall.contracts.messages import CatalogChanged, PublicKey
from markethall.contracts.topology import CATALOG_CHANGED, KEYS_BUCKET

KEY_ID = "k1"


@dataclass
class Answer:
    """An HTTP answer, read whole."""

    status: int
    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return msgspec.json.decode(self.raw)

    def problem(self) -> tuple[int, str]:
        assert self.headers["Content-Type"] == "application/problem+json", self.raw
        assert self.body["status"] == self.status
        return self.status, self.body["code"]

    def fields(self) -> list[str]:
        assert self.problem() == (422, "invalid"), self.raw
        return [error["field"] for error in self.body["errors"]]


@dataclass
class Stall:
    """A running catalog. Calls are made as admin unless `token` says otherwise."""

    url: str
    http: aiohttp.ClientSession
    bus: Client
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    said: list[tuple[CatalogChanged, str | None]] = field(default_factory=list)
    """What it announced, with the subject for applied notices."""

    async def open(self) -> None:
        public = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        value = msgspec.msgpack.encode(PublicKey(KEY_ID, public))
        await self.bus.jetstream().publish(f"$KV.{KEYS_BUCKET}.{KEY_ID}", value)
        await self.bus.subscribe(CATALOG_CHANGED, cb=self._hear)

    async def _hear(self, message: Msg) -> None:
        changed = msgspec.msgpack.decode(message.data, type=CatalogChanged)
        self.said.append((changed, (message.headers or {}).get("Applied-To")))

    def token(self, *roles: str) -> str:
        now = int(time.time())
        claims = {"iss": "markethall", "sub": str(uuid.uuid4()), "iat": now, "exp": now + 600, "roles": list(roles)}
        return jwt.encode(claims, self.key, "EdDSA", headers={"kid": KEY_ID})

    async def call(
        self, method: str, path: str, body: object = None, *, token: str | None = "admin", **headers: str
    ) -> Answer:
        """`body`: bytes are sent as they are, all else as JSON. Underscores in header names become hyphens."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            sent["Authorization"] = f"Bearer {self.token('admin') if token == 'admin' else token}"
        data = None
        if body is not None:
            data = body if isinstance(body, bytes) else msgspec.json.encode(body)
            sent.setdefault("Content-Type", "application/json")
        async with self.http.request(method, self.url + path, data=data, headers=sent) as response:
            return Answer(response.status, response.headers, await response.read())

    async def get(self, path: str, *, token: str | None = None) -> Answer:
        return await self.call("GET", path, token=token)

    async def listed(self, query: str = "") -> list[str]:
        """The slugs of all pages of a list."""
        slugs: list[str] = []
        cursor = ""
        while True:
            answer = await self.get(f"/api/products?{query}{cursor}")
            assert answer.status == 200, answer.raw
            slugs += [item["slug"] for item in answer.body["items"]]
            if answer.body["next_cursor"] is None:
                return slugs
            cursor = f"&cursor={answer.body['next_cursor']}"

    async def add(self, **fields: Any) -> Any:
        """A product made for the test; any field may be given."""
        answer = await self.call("POST", "/api/products", product(**fields))
        assert answer.status == 201, answer.raw
        return answer.body

    async def change(self, slug: str, version: int, /, **fields: Any) -> Answer:
        return await self.call("PATCH", f"/api/products/{slug}", fields, If_Match=f'"{version}"')

    async def add_category(self, slug: str, parent: str | None = None, **fields: Any) -> Any:
        body = {"slug": slug, "name": slug.replace("-", " ").title(), "parent": parent, **fields}
        answer = await self.call("POST", "/api/categories", body)
        assert answer.status == 201, answer.raw
        return answer.body


def product(**fields: Any) -> dict[str, Any]:
    """The payload of a product that is valid, with `fields` over it."""
    name = f"Thing {uuid.uuid4().hex[:12]}"
    return {"name": name, "variants": [variant()]} | fields


def variant(price: int = 1599, sku: str | None = None, **options: str) -> dict[str, Any]:
    return {"sku": sku or new_sku(), "options": options, "price": {"amount": price, "currency": "EUR"}}


def new_sku() -> str:
    return f"SKU-{uuid.uuid4().hex[:12]}"
