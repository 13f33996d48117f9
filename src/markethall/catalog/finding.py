"""Many products at once, by one statement: what buyers see of them."""

from collections.abc import Sequence

import asyncpg
import msgspec

from markethall.catalog.product import Content, Option, Product, Variant
from markethall.kit.repeats import Hot

FIND_ACTIVE = """
SELECT p.id, p.number, p.slug, p.version, p.name, p.description, c.slug AS category, p.attributes, p.options, p.images,
(
    SELECT json_agg(json_build_array(v.sku, v.options, v.price) ORDER BY v.position)
    FROM variants AS v WHERE v.product_id = p.id AND NOT v.retired
) AS variants
FROM unnest($1::text[]) AS wanted (slug) JOIN products AS p ON p.slug = wanted.slug
LEFT JOIN categories AS c ON c.id = p.category_id
WHERE p.active
"""

_variants = msgspec.json.Decoder(list[tuple[str, dict[str, str], int]])
_options = msgspec.json.Decoder(list[Option])
_decode = msgspec.json.decode


async def find_active(connection: Hot, slugs: Sequence[str]) -> dict[str, Product]:
    """
    Args:
        slugs: each once.

    Returns:
        Those that are not archived, by slug.
    """
    return {row["slug"]: _product(row) for row in await connection.fetch(FIND_ACTIVE, slugs)}


def _product(row: asyncpg.Record) -> Product:
    product_id, number, slug, version, name, description, category, attributes, options, images, variants = row
    content = Content(
        name=name,
        description=description,
        category=category,
        attributes=_decode(attributes),
        options=_options.decode(options),
        variants=[Variant(*variant) for variant in _variants.decode(variants or "[]")],
        images=_decode(images),
    )
    return Product(product_id, number, slug, version, True, content)
