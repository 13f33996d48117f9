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

SIBLINGS = "siblings."
"""Prefix under which a replica that joins asks those of its own service for their settings, a database's password
among them: no part may ask, hear or answer under another one's name."""

# MQTT. NATS turns the topic `a/b` into the subject `a.b`, and a `.` within a level into `//`.
DEVICE_PLACE = "markethall.orders.place"
DEVICE_CANCEL = "markethall.orders.cancel"
DEVICE_STATUS_TOPIC = "markethall/orders/status/"
DEVICE_STATUS = "markethall.orders.status"
DEVICE_STOCK = "markethall.stock"
MQTT_MESSAGES = "$MQTT.msgs."
"""Prefix under which NATS keeps what was published at QoS 1, before it says PUBACK."""

REPLICAS_BUCKET = "replicas"
KEYS_BUCKET = "keys"
DEAD = "dead."
"""Prefix of dead letters: `dead.<consumer>`."""
APPLIED = "applied."
"""Prefix of applied notices: `applied.<part>.<replica>.<number>`."""


@dataclass(frozen=True)
class Stream:
    """A JetStream stream. At its bounds it refuses new messages, and nothing in it is dropped: whoever
    has something to say keeps it (in the outbox; a dead letter stays where it was) and tries again.
    Only one that `drops_oldest` lets its oldest messages go instead.
    """

    name: str
    subjects: tuple[str, ...]
    retention: Literal["limits", "interest", "workqueue"]
    max_bytes: int = 1 << 30
    drops_oldest: bool = False
    messages_per_subject: int | None = None


@dataclass(frozen=True)
class Durable:
    """A durable pull consumer, shared by all replicas of the part that owns it."""

    stream: str
    name: str
    ack_wait_seconds: float = 2.0
    """A message that nobody says anything of for so long comes again: whoever had it has died, and a buyer waits.
    Who is still at work on it says so (`markethall.kit.consumer`)."""
    max_ack_pending: int = 1000
    """When so many are out and not acknowledged, no more are given out."""
    max_waiting: int = 512
    """Requests for messages that may be open at once, of all replicas."""
    filters: tuple[str, ...] = ()
    """Subjects of the stream that it is for; empty: all."""


@dataclass(frozen=True)
class Bucket:
    """A key-value bucket: the latest value of each key. When full it refuses new keys."""

    name: str
    ttl_seconds: float | None = None
    """How long a value lives that is not renewed; such a bucket is kept in memory only."""
    max_bytes: int = 16 << 20


STREAMS: tuple[Stream, ...] = (
    Stream("ORDERS", ("orders.>",), "workqueue"),
    Stream("STOCK", ("stock.>",), "workqueue"),
    Stream("CATALOG", ("catalog.changed",), "interest"),
    Stream("ACCOUNTS", ("accounts.>",), "workqueue"),
    # A bound for each consumer, too: one that can read nothing leaves room for the letters of the others.
    Stream("DEAD", ("dead.>",), "limits", max_bytes=256 << 20, messages_per_subject=10_000),
)
BUCKETS: tuple[Bucket, ...] = (
    Bucket(REPLICAS_BUCKET, ttl_seconds=5.0),
    Bucket(KEYS_BUCKET),
)

MQTT_STREAMS: tuple[Stream, ...] = (
    # Of these three NATS makes whichever is missing when the first device connects, without a bound. A full
    # `$MQTT_msgs` breaks the connection instead of saying PUBACK, so the device keeps what it has.
    Stream("$MQTT_msgs", (f"{MQTT_MESSAGES}>",), "interest", max_bytes=256 << 20),
    Stream("$MQTT_rmsgs", ("$MQTT.rmsgs.>",), "limits", 256 << 20, drops_oldest=True, messages_per_subject=1),
    Stream("$MQTT_sess", ("$MQTT.sess.>",), "limits", 64 << 20, drops_oldest=True, messages_per_subject=1),
)
"""The MQTT listener's own: what was published at QoS 1, what is retained, and sessions."""

INVENTORY_ORDERS = Durable("ORDERS", "inventory")
ORDERS_STOCK = Durable("STOCK", "orders")
ORDERS_CATALOG = Durable("CATALOG", "orders-catalog")
INVENTORY_CATALOG = Durable("CATALOG", "inventory-catalog")
ORDERS_ACCOUNTS = Durable("ACCOUNTS", "orders-accounts")
ORDERS_DEVICES = Durable(
    "$MQTT_msgs", "orders-devices", filters=(MQTT_MESSAGES + DEVICE_PLACE, MQTT_MESSAGES + DEVICE_CANCEL)
)


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
    device_durables: tuple[Durable, ...] = ()
    """Where MQTT is on it consumes these too, and sees to the MQTT streams."""


PARTS: dict[str, Part] = {
    # All that is live in one subscription: a pulse must not overtake the change said before it.
    "front": Part(listens=(CATALOG_CHANGED, f"{LIVE}>")),
    "catalog": Part(
        publishes=(CATALOG_CHANGED,),
        answers=(CATALOG_SNAPSHOT,),
        streams=("CATALOG",),
    ),
    "inventory": Part(
        publishes=(
            STOCK_SETTLED,
            STOCK_RELEASED,
            STOCK_DISPATCHED,
            LIVE_STOCK_CHANGED,
            LIVE_PULSE,
            f"{DEVICE_STOCK}.>",
        ),
        listens=(LIVE_STOCK_CHANGED, f"{DEVICE_STOCK}.>"),
        requests=(CATALOG_SNAPSHOT,),
        durables=(INVENTORY_ORDERS, INVENTORY_CATALOG),
        streams=("ORDERS", "STOCK", "CATALOG", "DEAD"),
    ),
    "orders": Part(
        publishes=(ORDERS_PLACED, ORDERS_CANCELLED, ORDERS_FULFILLED, LIVE_ORDERS_STATUS, f"{DEVICE_STATUS}.>"),
        listens=(LIVE_ORDERS_STATUS,),
        requests=(CATALOG_SNAPSHOT,),
        durables=(ORDERS_STOCK, ORDERS_CATALOG, ORDERS_ACCOUNTS),
        streams=("ORDERS", "STOCK", "CATALOG", "ACCOUNTS", "DEAD"),
        device_durables=(ORDERS_DEVICES,),
    ),
    "accounts": Part(
        publishes=(ACCOUNTS_ERASED,),
        writes_buckets=(KEYS_BUCKET,),
        streams=("ACCOUNTS",),
    ),
}
