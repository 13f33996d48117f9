"""The tables of the database `inventory`. The migrations make them; a test compares both."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB

from markethall.kit.outbox import outbox_table

metadata = MetaData()

MAX_ON_HAND = 10**12
"""Bound on what one row can hold: sums of any number of such rows still fit a bigint."""

_sku = Text(collation="C")

stock = Table(
    "stock",
    metadata,
    Column("sku", _sku, primary_key=True),
    Column("on_hand", BigInteger, nullable=False, server_default="0"),
    Column("reserved", BigInteger, nullable=False, server_default="0"),
    Column("version", BigInteger, nullable=False, server_default="1"),
    CheckConstraint("reserved BETWEEN 0 AND on_hand", name="stock_never_oversold"),
    CheckConstraint(f"on_hand <= {MAX_ON_HAND}", name="stock_on_hand_bounded"),
    postgresql_with={"fillfactor": "50"},
)
"""A row for every SKU that catalog ever had. Rows are never deleted: what was sold stays accountable."""

reservations = Table(
    "reservations",
    metadata,
    Column("order_id", Uuid, primary_key=True),
    Column("state", Text, nullable=False),
    Column("skus", ARRAY(Text), nullable=False),
    Column("quantities", ARRAY(BigInteger), nullable=False),
    Column("shortages", JSONB),
    Column("settled_at", DateTime(timezone=True)),
    Column("ended_at", DateTime(timezone=True)),
    CheckConstraint(
        "state IN ('reserved', 'rejected', 'cancelled', 'released', 'dispatched')", name="reservations_state"
    ),
    postgresql_with={"fillfactor": "45"},
)
"""What was decided about each order. `skus[i]` is held `quantities[i]` times; both are empty where nothing is."""

movements = Table(
    "movements",
    metadata,
    Column("id", BigInteger, Identity(always=True), nullable=False),
    Column("sku", _sku, nullable=False),
    Column("kind", Text, nullable=False),
    Column("on_hand_delta", BigInteger, nullable=False),
    Column("reserved_delta", BigInteger, nullable=False),
    Column("order_id", Uuid),
    Column("reference", Text),
    Column("at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("sku", "id"),
    CheckConstraint(
        "kind IN ('receipt', 'correction', 'replenishment', 'reservation', 'release', 'dispatch')",
        name="movements_kind",
    ),
)
"""The ledger. It only grows (a trigger refuses anything else); its sums are `stock.on_hand` and `stock.reserved`."""

receipts = Table(
    "receipts",
    metadata,
    Column("key", Text, nullable=False),
    Column("sku", _sku, ForeignKey("stock.sku"), nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("key", "sku"),
)
"""Receipts that came with an Idempotency-Key, and the JSON they were answered with."""

replenishments = Table(
    "replenishments",
    metadata,
    Column("sku", _sku, ForeignKey("stock.sku"), primary_key=True),
    Column("target", BigInteger, nullable=False),
    Column("interval_seconds", Integer, nullable=False),
    Column("next_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("target > 0", name="replenishments_target"),
    CheckConstraint("interval_seconds > 0", name="replenishments_interval"),
    Index("replenishments_next_at", "next_at"),
)

catalog_copy = Table(
    "catalog_copy",
    metadata,
    Column("only_row", Boolean, primary_key=True, server_default="true"),
    Column("stream_identity", Text, nullable=False),
    Column("completed_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    CheckConstraint("only_row", name="catalog_copy_only_row"),
)
"""The identity of the stream CATALOG since which every SKU of catalog's has its row in `stock`."""

outbox = outbox_table(metadata)
