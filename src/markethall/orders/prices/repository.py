"""The price list: orders' own copy of what catalog sells, and for how much."""

from collections.abc import Iterable
from uuid import UUID

import msgspec

from markethall.contracts.messages import ProductSnapshot
from markethall.orders.connection import Connection

# Whatever comes late or twice has no newer version, and is passed over.
TAKE_VERSIONS = """
INSERT INTO listed_products (product_id, version)
SELECT * FROM unnest($1::uuid[], $2::bigint[]) AS given (product_id, version) ORDER BY product_id
ON CONFLICT (product_id) DO UPDATE SET version = excluded.version WHERE listed_products.version < excluded.version
RETURNING product_id
"""
# A variant that the product no longer has keeps its last price, for carts that still hold it.
WITHDRAW = "UPDATE price_list SET active = false WHERE product_id = ANY($1::uuid[]) AND active"
LIST = """
INSERT INTO price_list (sku, product_id, slug, name, options, price, active)
SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::jsonb[], $6::bigint[], $7::boolean[])
ON CONFLICT (sku, product_id) DO UPDATE SET
    slug = excluded.slug, name = excluded.name, options = excluded.options, price = excluded.price,
    active = excluded.active, listed_at = excluded.listed_at
"""
LOCK_COPY = "SELECT pg_try_advisory_xact_lock(hashtextextended('price list copy', 0))"
READ_COPY = "SELECT stream_identity, position, complete FROM price_list_copy"
WRITE_COPY = "UPDATE price_list_copy SET stream_identity = $1, position = $2, complete = $3"


class Copy(msgspec.Struct, frozen=True):
    """How far the copy is. `stream_identity`: the stream that tells of changes since it was begun."""

    stream_identity: str | None
    position: bytes
    """The last product of the last page taken."""
    complete: bool


async def apply_products(connection: Connection, products: Iterable[ProductSnapshot]) -> None:
    """Products as they are at their versions; bears repeats in any order."""
    newest: dict[bytes, ProductSnapshot] = {}
    for product in products:
        known = newest.get(product.product_id)
        if known is None or known.version < product.version:
            newest[product.product_id] = product
    ids = [UUID(bytes=key) for key in newest]
    rows = await connection.fetch(TAKE_VERSIONS, ids, [product.version for product in newest.values()])
    taken = [newest[row["product_id"].bytes] for row in rows]
    if not taken:
        return
    await connection.execute(WITHDRAW, [UUID(bytes=product.product_id) for product in taken])
    listed = [(product, variant) for product in taken for variant in product.variants]
    await connection.execute(
        LIST,
        [variant.sku for _, variant in listed],
        [UUID(bytes=product.product_id) for product, _ in listed],
        [product.slug for product, _ in listed],
        [product.name for product, _ in listed],
        [msgspec.json.encode(variant.options).decode() for _, variant in listed],
        [variant.price for _, variant in listed],
        [product.active for product, _ in listed],
    )


async def lock_copy(connection: Connection) -> Copy | None:
    """The state of the copy, for one replica at a time; None while another one works on it."""
    if not await connection.fetchval(LOCK_COPY):
        return None
    return await read_copy(connection)


async def read_copy(connection: Connection) -> Copy:
    row = await connection.fetchrow(READ_COPY)
    assert row is not None
    return Copy(row["stream_identity"], row["position"], row["complete"])


async def write_copy(connection: Connection, copy: Copy) -> None:
    await connection.execute(WRITE_COPY, copy.stream_identity, copy.position, copy.complete)
