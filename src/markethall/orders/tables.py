"""The tables of the service, as statements name them. `migrations/` makes them, and says why they are so."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from markethall.kit.outbox import outbox_table

metadata = sa.MetaData()

_Moment = sa.DateTime(timezone=True)

orders = sa.Table(
    "orders",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("user_id", sa.Uuid),
    sa.Column("fingerprint", sa.LargeBinary, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("lines", JSONB, nullable=False),
    sa.Column("total", sa.BigInteger, nullable=False),
    sa.Column("email", sa.Text),
    sa.Column("shipping_address", JSONB),
    sa.Column("placed_at", _Moment, nullable=False),
    sa.Column("reserved_at", _Moment),
    sa.Column("rejected_at", _Moment),
    sa.Column("cancel_asked_at", _Moment),
    sa.Column("released_at", _Moment),
    sa.Column("fulfil_asked_at", _Moment),
    sa.Column("dispatched_at", _Moment),
    sa.Column("shortages", JSONB),
    sa.Column("cart_id", sa.Uuid),
    sa.Column("sale_withdrawn", sa.Boolean),
    postgresql_with={"fillfactor": 50},
)
sa.Index("orders_number", orders.c.number, unique=True)
sa.Index("orders_of_user", orders.c.user_id, orders.c.number, postgresql_where=orders.c.user_id.is_not(None))
sa.Index(
    "orders_to_release",
    orders.c.number,
    postgresql_where=orders.c.cancel_asked_at.is_not(None) & orders.c.released_at.is_(None),
)
sa.Index(
    "orders_to_dispatch",
    orders.c.number,
    postgresql_where=orders.c.fulfil_asked_at.is_not(None) & orders.c.dispatched_at.is_(None),
)

sa.Index(
    "orders_to_withdraw",
    orders.c.number,
    postgresql_where=orders.c.cancel_asked_at.is_not(None) & orders.c.sale_withdrawn.is_(None),
)
sa.Index(
    "orders_of_email",
    sa.func.lower(orders.c.email),
    orders.c.number,
    postgresql_where=orders.c.email.is_not(None),
)

carts = sa.Table(
    "carts",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("user_id", sa.Uuid),
    sa.Column("claimed_by", sa.Uuid),
    sa.Column("version", sa.BigInteger, nullable=False, server_default="1"),
    sa.Column("created_at", _Moment, nullable=False, server_default=sa.func.now()),
    sa.Column("changed_at", _Moment, nullable=False, server_default=sa.func.now()),
)
sa.Index("one_open_cart_per_user", carts.c.user_id, unique=True, postgresql_where=carts.c.user_id.is_not(None))
sa.Index("carts_claimed_by", carts.c.claimed_by, postgresql_where=carts.c.claimed_by.is_not(None))

cart_lines = sa.Table(
    "cart_lines",
    metadata,
    sa.Column("cart_id", sa.Uuid, sa.ForeignKey("carts.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("sku", sa.Text, primary_key=True),
    sa.Column("quantity", sa.Integer, nullable=False),
    sa.Column("position", sa.BigInteger, sa.Identity(always=True), nullable=False),
)

device_orders = sa.Table(
    "device_orders",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("order_id", sa.Uuid),
    sa.Column("refusal", sa.Text),
    sa.Column("told", sa.Text),
    sa.Column("told_at", _Moment),
    sa.Column("changes", sa.BigInteger, nullable=False, server_default="1"),
    sa.Column("leased_until", _Moment),
)
sa.Index(
    "device_orders_order",
    device_orders.c.order_id,
    unique=True,
    postgresql_where=device_orders.c.order_id.is_not(None),
)
sa.Index(
    "device_orders_to_tell",
    device_orders.c.key,
    postgresql_where=device_orders.c.told.is_(None)
    | (device_orders.c.told == "pending")
    | (device_orders.c.refusal.is_not(None) & device_orders.c.order_id.is_not(None)),
)
sa.Index("device_orders_confirmed", device_orders.c.key, postgresql_where=device_orders.c.told == "confirmed")
sa.Index("device_orders_refused", device_orders.c.key, postgresql_where=device_orders.c.told == "refused")
sa.Index(
    "device_orders_ended",
    device_orders.c.told_at,
    postgresql_where=device_orders.c.told.in_(["rejected", "cancelled", "fulfilled", "refused"]),
)

_sales_counts = ("orders", "units", "revenue")
_short_counts = ("short_orders", "short_units")

sales_quarters = sa.Table(
    "sales_quarters",
    metadata,
    sa.Column("at", _Moment, primary_key=True),
    *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("placed", *_sales_counts, "rejected", "cancelled")),
)

sku_hours = sa.Table(
    "sku_hours",
    metadata,
    sa.Column("at", _Moment, primary_key=True),
    sa.Column("sku", sa.Text, primary_key=True),
    *(sa.Column(name, sa.BigInteger, nullable=False) for name in (*_sales_counts, *_short_counts)),
    sa.Column("first_number", sa.BigInteger, nullable=False),
    sa.Column("last_number", sa.BigInteger, nullable=False),
)
sa.Index("sku_hours_of_sku", sku_hours.c.sku, sku_hours.c.at)

sku_days = sa.Table(
    "sku_days",
    metadata,
    sa.Column("at", _Moment, primary_key=True),
    sa.Column("sku", sa.Text, primary_key=True),
    *(sa.Column(name, sa.BigInteger, nullable=False) for name in (*_sales_counts, *_short_counts)),
)

sales_open = sa.Table("sales_open", metadata, sa.Column("number", sa.BigInteger, primary_key=True))

listed_products = sa.Table(
    "listed_products",
    metadata,
    sa.Column("product_id", sa.Uuid, primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
)

price_list = sa.Table(
    "price_list",
    metadata,
    sa.Column("sku", sa.Text, primary_key=True),
    sa.Column("product_id", sa.Uuid, primary_key=True),
    sa.Column("slug", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("options", JSONB, nullable=False),
    sa.Column("price", sa.BigInteger, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("listed_at", _Moment, nullable=False, server_default=sa.func.clock_timestamp()),
)
sa.Index("price_list_product", price_list.c.product_id)

# Tables of one row.

price_list_copy = sa.Table(
    "price_list_copy",
    metadata,
    sa.Column("single", sa.Boolean, primary_key=True, server_default=sa.true()),
    sa.Column("stream_identity", sa.Text),
    sa.Column("position", sa.LargeBinary, nullable=False, server_default=""),
    sa.Column("complete", sa.Boolean, nullable=False, server_default=sa.false()),
)

device_broker = sa.Table(
    "device_broker",
    metadata,
    sa.Column("single", sa.Boolean, primary_key=True, server_default=sa.true()),
    sa.Column("stream_identity", sa.Text),
)

shop_secret = sa.Table(
    "shop_secret",
    metadata,
    sa.Column("single", sa.Boolean, primary_key=True, server_default=sa.true()),
    sa.Column("secret", sa.LargeBinary, nullable=False),
)

sales_count = sa.Table(
    "sales_count",
    metadata,
    sa.Column("single", sa.Boolean, primary_key=True, server_default=sa.true()),
    sa.Column("counted_below", sa.BigInteger, nullable=False, server_default="1"),
    sa.Column("counted_until", _Moment),
    sa.Column("open_position", sa.BigInteger, nullable=False, server_default="0"),
)

reconciliation = sa.Table(
    "reconciliation",
    metadata,
    sa.Column("single", sa.Boolean, primary_key=True, server_default=sa.true()),
    sa.Column("settled_below", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("position", sa.BigInteger),
    sa.Column("walk_since", _Moment, nullable=False, server_default=sa.func.now()),
    sa.Column("walk_until", _Moment, nullable=False, server_default=sa.func.now()),
)

erased_users = sa.Table(
    "erased_users",
    metadata,
    sa.Column("user_id", sa.Uuid, primary_key=True),
    sa.Column("erased_at", _Moment, nullable=False, server_default=sa.func.now()),
)

outbox = outbox_table(metadata)
