"""Streams, subjects and consumers of the bus, and which part may use which.

Everything said between parts is listed here. The permissions of each part's bus user are
generated from this table (`markethall.local.nats`), so a subject that is missing here cannot
be used at all.
"""

from dataclasses import dataclass, field
from typing import Literal

ORDERS_PLACED = "orders.placed"
ORDERS_CANCELLED = "orders.cancelled"
ORDERS_FULFILLED = "orders.fulfilled"
STOCK_SETTLED = "stock.settled"
STOCK_RELEASED = "stock.released"
STOCK_DISPATCHED = "stock.dispatched"
CATALOG_CHANGED = "catalog.changed"
ACCOUNTS_ERASED = "accounts.erased"

# Subjects below are carried by no stream: whoever is not listening misses them.
LIVE = "live."
LIVE_STOCK_CHANGED = "live.stock.changed"
LIVE_ORDERS_STATUS = "live.orders.status"
LIVE_PULSE = "live.pulse"

CATALOG_SNAPSHOT = "catalog.snapshot"
"""Request-reply: a page of all products as they are now, for a part whose copy is not complete."""

REPLICAS_BUCKET = "replicas"
KEYS_BUCKET = "keys"
DEAD = "dead."
"""Prefix of dead letters: `dead.<consumer>`."""
APPLIED = "applied."
"""Prefix of applied notices: `applied.<part>.<replica>.<number>`."""


@dataclass(frozen=True)
class Stream:
    """A JetStream stream. At `max_bytes` it refuses new messages: the outbox then keeps them."""

    name: str
    subjects: tuple[str, ...]
    retention: Literal["limits", "interest", "workqueue"]
    max_bytes: int = 1 << 30
    max_age_seconds: float | None = None


@dataclass(frozen=True)
class Durable:
    """A durable pull consumer, shared by all replicas of the part that owns it."""

    stream: str
    name: str
    ack_wait_seconds: float = 30.0
    max_ack_pending: int = 1000


STREAMS: tuple[Stream, ...] = (
    Stream("ORDERS", ("orders.>",), "workqueue"),
    Stream("STOCK", ("stock.>",), "workqueue"),
    Stream("CATALOG", ("catalog.changed",), "interest"),
    Stream("ACCOUNTS", ("accounts.>",), "workqueue"),
    Stream("DEAD", ("dead.>",), "limits", max_bytes=256 << 20, max_age_seconds=30 * 24 * 3600.0),
)

INVENTORY_ORDERS = Durable("ORDERS", "inventory")
ORDERS_STOCK = Durable("STOCK", "orders")
ORDERS_CATALOG = Durable("CATALOG", "orders-catalog")
INVENTORY_CATALOG = Durable("CATALOG", "inventory-catalog")
ORDERS_ACCOUNTS = Durable("ACCOUNTS", "orders-accounts")


@dataclass(frozen=True)
class Part:
    """What one part says and hears on the bus."""

    publishes: tuple[str, ...] = ()
    listens: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    """Request-reply subjects that this part serves."""
    requests: tuple[str, ...] = ()
    durables: tuple[Durable, ...] = ()
    writes_buckets: tuple[str, ...] = ()
    """Buckets it writes beside its own entry in `replicas`; all parts may read all buckets."""
    streams: tuple[str, ...] = field(default=())
    """Streams that it creates where they are missing: those it publishes to or consumes from."""


PARTS: dict[str, Part] = {
    # All that is live in one subscription: a pulse must not overtake the change said before it.
    "front": Part(listens=(CATALOG_CHANGED, f"{LIVE}>")),
    "catalog": Part(
        publishes=(CATALOG_CHANGED,),
        answers=(CATALOG_SNAPSHOT,),
        streams=("CATALOG",),
    ),
    "inventory": Part(
        publishes=(STOCK_SETTLED, STOCK_RELEASED, STOCK_DISPATCHED, LIVE_STOCK_CHANGED, LIVE_PULSE),
        requests=(CATALOG_SNAPSHOT,),
        durables=(INVENTORY_ORDERS, INVENTORY_CATALOG),
        streams=("ORDERS", "STOCK", "CATALOG", "DEAD"),
    ),
    "orders": Part(
        publishes=(ORDERS_PLACED, ORDERS_CANCELLED, ORDERS_FULFILLED, LIVE_ORDERS_STATUS),
        listens=(LIVE_ORDERS_STATUS,),
        requests=(CATALOG_SNAPSHOT,),
        durables=(ORDERS_STOCK, ORDERS_CATALOG, ORDERS_ACCOUNTS),
        streams=("ORDERS", "STOCK", "CATALOG", "ACCOUNTS", "DEAD"),
    ),
    "accounts": Part(
        publishes=(ACCOUNTS_ERASED,),
        writes_buckets=(KEYS_BUCKET,),
        streams=("ACCOUNTS",),
    ),
}
