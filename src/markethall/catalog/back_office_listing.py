"""Every product, archived ones too, for whoever keeps the shop."""

from typing import Literal, TypeAlias

import asyncpg
from msgspec import Struct

from markethall.contracts.public import Money
from markethall.kit.cursors import decode_cursor, encode_cursor

Status = Literal["active", "archived"]
MAX_LOOKED_AT = 20_000
"""Products, the newest first, among which a page looks for what is wanted."""

_LIST = "all products"
_PAGE = """
    SELECT p.number, p.slug, p.name, c.slug AS category, p.active, p.price, p.images ->> 0 AS image,
        (SELECT count(*) FROM variants v WHERE v.product_id = p.id AND NOT v.retired) AS variants
    FROM (
        SELECT * FROM products WHERE number < $1 ORDER BY number DESC LIMIT $2
    ) p LEFT JOIN categories c ON c.id = p.category_id
    WHERE ($3::boolean IS NULL OR p.active = $3)
        AND ($4::text IS NULL OR c.slug = $4)
        AND ($5::text IS NULL OR position(lower($5) IN lower(p.name)) > 0 OR position(lower($5) IN p.slug) > 0
            OR EXISTS (
                SELECT FROM variants v
                WHERE v.product_id = p.id AND NOT v.retired AND position(lower($5) IN lower(v.sku)) > 0
            ))
    ORDER BY p.number DESC LIMIT $6
"""
_EDGE = "SELECT number FROM products WHERE number < $1 ORDER BY number DESC OFFSET $2 LIMIT 1"

Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"


class ProductRow(Struct, frozen=True):
    """`variants`: how many it has. `price`: the lowest of them. `category`: its own, not one above it."""

    slug: str
    name: str
    category: str | None
    status: Status
    price: Money
    image: str | None
    variants: int


class ProductRows(Struct, frozen=True):
    """A page may be short, and yet not be the last."""

    items: list[ProductRow]
    next_cursor: str | None


class Wanted(Struct, frozen=True):
    """`text`: a part of the name, the slug or a SKU, in upper or lower case. None: whatever it is."""

    text: str | None
    category: str | None
    status: Status | None


async def all_products(
    connection: Connection, wanted: Wanted, limit: int, cursor: str | None, currency: str
) -> ProductRows:
    """The newest first.

    Raises:
        InvalidCursor: the cursor is not of this list.
    """
    shaped_by = [wanted.text, wanted.category, wanted.status]
    before = decode_cursor(_LIST, shaped_by, cursor, (int,))[0] if cursor is not None else 2**63 - 1
    active = None if wanted.status is None else wanted.status == "active"
    rows = await connection.fetch(_PAGE, before, MAX_LOOKED_AT, active, wanted.category, wanted.text or None, limit + 1)
    shown = rows[:limit]
    end = shown[-1]["number"] if len(rows) > limit else await connection.fetchval(_EDGE, before, MAX_LOOKED_AT - 1)
    return ProductRows(
        [_row(row, currency) for row in shown],
        encode_cursor(_LIST, shaped_by, [end]) if end is not None else None,
    )


def _row(row: asyncpg.Record, currency: str) -> ProductRow:
    return ProductRow(
        slug=row["slug"],
        name=row["name"],
        category=row["category"],
        status="active" if row["active"] else "archived",
        price=Money(row["price"], currency),
        image=row["image"],
        variants=row["variants"],
    )
