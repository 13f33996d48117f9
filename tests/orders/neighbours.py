"""The parts that orders talks to, played by the test over the real bus."""

import asyncio
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from nats.aio.msg import Msg

from markethall.contracts.messages import (
    AccountErased,
    CatalogChanged,
    OrdersCancelled,
    OrdersFulfilled,
    OrdersPlaced,
    ProductSnapshot,
    PublicKey,
    Shortage,
    SnapshotPage,
    SnapshotRequest,
    StockDispatched,
    StockReleased,
    StockSettled,
    VariantSnapshot,
)
from markethall.contracts.topology import (
    ACCOUNTS_ERASED,
    CATALOG_CHANGED,
    CATALOG_SNAPSHOT,
    INVENTORY_ORDERS,
    KEYS_BUCKET,
    ORDERS_CANCELLED,
    ORDERS_FULFILLED,
    ORDERS_PLACED,
    STOCK_DISPATCHED,
    STOCK_RELEASED,
    STOCK_SETTLED,
)
from markethall.kit.bus import Bus
from markethall.kit.consumer import Consumer
from tests.support.machine import eventually

StockMessage = StockSettled | StockReleased | StockDispatched
SUBJECTS = {StockSettled: STOCK_SETTLED, StockReleased: STOCK_RELEASED, StockDispatched: STOCK_DISPATCHED}


@dataclass
class Inventory:
    """Hears what orders asks. Answers by itself while `answering`; holds `stock` of each SKU that is named there."""

    bus: Bus
    answering: bool = True
    stock: dict[str, int] = field(default_factory=dict)
    placed: list[bytes] = field(default_factory=list)
    cancelled: list[bytes] = field(default_factory=list)
    fulfilled: list[bytes] = field(default_factory=list)
    _outcomes: dict[bytes, list[Shortage]] = field(default_factory=dict)

    def consumer(self) -> Consumer[Any]:
        types: dict[str, type[Any]] = {
            ORDERS_PLACED: OrdersPlaced,
            ORDERS_CANCELLED: OrdersCancelled,
            ORDERS_FULFILLED: OrdersFulfilled,
        }
        return Consumer(self.bus, INVENTORY_ORDERS, types, self.hear)

    async def hear(self, messages: Sequence[OrdersPlaced | OrdersCancelled | OrdersFulfilled]) -> None:
        for message in messages:
            match message:
                case OrdersPlaced():
                    self.placed += message.order_ids
                    if self.answering:
                        await self.say(self.settle(message))
                case OrdersCancelled(order_ids=ids):
                    self.cancelled += ids
                    if self.answering:
                        await self.say(StockReleased(ids, [now()] * len(ids)))
                case OrdersFulfilled(order_ids=ids):
                    self.fulfilled += ids
                    if self.answering:
                        await self.say(StockDispatched(ids, [now()] * len(ids)))

    def settle(self, message: OrdersPlaced) -> StockSettled:
        """All lines of each order or none, the same outcome however often it is asked."""
        start = 0
        for order_id, count in zip(message.order_ids, message.line_counts, strict=True):
            lines = list(zip(message.skus, message.quantities, strict=True))[start : start + count]
            start += count
            if order_id not in self._outcomes:
                short = [Shortage(s, q, self.stock[s]) for s, q in lines if s in self.stock and self.stock[s] < q]
                if not short:
                    for sku, quantity in lines:
                        if sku in self.stock:
                            self.stock[sku] -= quantity
                self._outcomes[order_id] = short
        outcomes = [self._outcomes[order_id] for order_id in message.order_ids]
        return StockSettled(
            message.order_ids,
            [not short for short in outcomes],
            [now()] * len(outcomes),
            {index: short for index, short in enumerate(outcomes) if short},
        )

    async def say(self, message: StockMessage) -> None:
        await publish(self.bus, SUBJECTS[type(message)], message)

    async def heard(self, order_id: str, where: list[bytes]) -> None:
        """Wait until a message has named the order."""
        await eventually(lambda: uuid.UUID(order_id).bytes in where)


@dataclass
class Catalog:
    """Has products; tells orders of them by message and by snapshot."""

    bus: Bus
    products: dict[bytes, ProductSnapshot] = field(default_factory=dict)
    snapshots_asked: int = 0

    async def answer_snapshots(self) -> None:
        await self.bus.listen(CATALOG_SNAPSHOT, self._answer, queue="catalog")

    async def _answer(self, message: Msg) -> None:
        self.snapshots_asked += 1
        request = msgspec.msgpack.decode(message.data, type=SnapshotRequest)
        following = sorted(key for key in self.products if key > request.after)[: request.limit]
        await message.respond(msgspec.msgpack.encode(SnapshotPage([self.products[key] for key in following])))

    def make(
        self,
        *variants: VariantSnapshot,
        product_id: bytes | None = None,
        version: int = 1,
        active: bool = True,
        name: str = "Toy",
    ) -> ProductSnapshot:
        """A product that it has from now on, without saying so."""
        key = product_id or uuid.uuid4().bytes
        product = ProductSnapshot(key, f"toy-{key.hex()[:8]}", name, version, active, list(variants))
        self.products[key] = product
        return product

    def archive(self, sku: str) -> ProductSnapshot:
        """The product that has the SKU, no longer sold."""
        product = next(one for one in self.products.values() if any(v.sku == sku for v in one.variants))
        return self.make(*product.variants, product_id=product.product_id, version=product.version + 1, active=False)

    async def tell(self, *products: ProductSnapshot) -> None:
        await publish(self.bus, CATALOG_CHANGED, CatalogChanged(list(products)))


@dataclass
class Accounts:
    """Signs access tokens."""

    bus: Bus
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    kid: str = "k1"

    async def publish_key(self) -> None:
        raw = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        value = msgspec.msgpack.encode(PublicKey(self.kid, raw))
        await self.bus.jetstream.publish(f"$KV.{KEYS_BUCKET}.{self.kid}", value)

    def token(self, user_id: uuid.UUID, *roles: str, lifetime_seconds: float = 600, **claims: Any) -> str:
        moment = int(time.time())
        body = {"iss": "markethall", "sub": str(user_id), "iat": moment, "exp": moment + lifetime_seconds}
        return jwt.encode(body | {"roles": list(roles)} | claims, self.key, "EdDSA", headers={"kid": self.kid})

    def bearer(self, user_id: uuid.UUID, *roles: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(user_id, *roles)}"}

    async def erase(self, user_id: uuid.UUID) -> None:
        await publish(self.bus, ACCOUNTS_ERASED, AccountErased(user_id.bytes))


def now() -> int:
    """Unix microseconds."""
    return time.time_ns() // 1000


async def publish(bus: Bus, subject: str, message: object) -> None:
    """Into the subject's stream, as a relay would."""
    async with asyncio.timeout(10):
        await bus.publish_stored(subject, msgspec.msgpack.encode(message), message_id=str(uuid.uuid4()))
