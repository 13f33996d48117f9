"""Products in SQL. Every function works in its caller's transaction."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Text, bindparam, func, literal, literal_column, select, text, update
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from markethall.catalog.errors import SkuTaken, SlugTaken, unknown_category
from markethall.catalog.product import Content, Option, Product, Variant
from markethall.catalog.tables import categories, products, shelves, variants
from markethall.catalog.words import option_key, searchable, sort_key

HOLD_TREE = text("SELECT pg_advisory_xact_lock_shared(hashtextextended('category tree', 0))")

PLACE_ON_SHELVES = text(
    """
    WITH RECURSIVE above AS (
        SELECT id, parent_id FROM categories WHERE id = :category_id
        UNION ALL
        SELECT c.id, c.parent_id FROM categories c JOIN above a ON c.id = a.parent_id
    )
    INSERT INTO shelves (category_id, number, price, name_key)
    SELECT id, :number, :price, :name_key FROM above
    """
)

_VARIANT = func.json_build_array(variants.c.sku, variants.c.options, variants.c.price)
_PRODUCTS = select(
    products,
    categories.c.slug.label("category"),
    select(func.coalesce(func.json_agg(aggregate_order_by(_VARIANT, variants.c.position)), text("'[]'::json")))
    .where(variants.c.product_id == products.c.id, ~variants.c.retired)
    .correlate(products)
    .scalar_subquery()
    .label("variants"),
).select_from(products.outerjoin(categories))
# Built once: to build them for each read took longer than to run them.
FIND = _PRODUCTS.where(products.c.slug == bindparam("wanted"))
PAGE_BY_ID = _PRODUCTS.where(products.c.id > bindparam("after")).order_by(products.c.id).limit(bindparam("most"))
LOCK = select(products.c.id).where(products.c.slug == bindparam("wanted")).with_for_update()


async def hold_tree(connection: AsyncConnection) -> None:
    """First in every transaction that writes a product: the tree of categories stays as it is until its end.

    Who changes the tree holds it alone, and locks products after it: the same order, so no deadlock.
    """
    await connection.execute(HOLD_TREE)


async def lock(connection: AsyncConnection, slug: str) -> Product | None:
    """The product as it is once nobody else is changing it, and nobody does until the end of the transaction."""
    await hold_tree(connection)
    await connection.execute(LOCK, {"wanted": slug})
    # A second statement: the first one's view of the other tables may be older than the row it waited for.
    return await find(connection, slug)


async def find(connection: AsyncConnection, slug: str) -> Product | None:
    """The product, archived or not."""
    row = (await connection.execute(FIND, {"wanted": slug})).one_or_none()
    return None if row is None else _product(row)


async def page_by_id(connection: AsyncConnection, after: UUID, limit: int) -> list[Product]:
    """All products, archived ones too, in the order of their ids."""
    return [_product(row) for row in await connection.execute(PAGE_BY_ID, {"after": after, "most": limit})]


async def taken_slugs(connection: AsyncConnection, candidates: Sequence[str]) -> set[str]:
    return set((await connection.execute(select(products.c.slug).where(products.c.slug.in_(candidates)))).scalars())


async def add(connection: AsyncConnection, product_id: UUID, slug: str, content: Content) -> Product | None:
    """The new product at version 1, or None where the slug is taken. The caller holds the tree.

    Raises:
        SkuTaken, Invalid (unknown category): the transaction is to be rolled back.
    """
    category_id, columns = await _columns(connection, content)
    statement = (
        insert(products)
        .values(id=product_id, slug=slug, version=1, active=True, **columns)
        .on_conflict_do_nothing(index_elements=[products.c.slug])
        .returning(products.c.number)
    )
    number = (await connection.execute(statement)).scalar_one_or_none()
    if number is None:
        return None
    product = Product(product_id, number, slug, 1, True, content)
    await _put_variants(connection, product)
    await _put_on_shelves(connection, product, category_id)
    return product


async def replace(connection: AsyncConnection, product: Product) -> None:
    """Write the product over the one with its id, which the caller has locked.

    Raises:
        SlugTaken, SkuTaken, Invalid (unknown category): the transaction is to be rolled back.
    """
    category_id, columns = await _columns(connection, product.content)
    values = {"slug": product.slug, "version": product.version, "active": product.active, **columns}
    try:
        await connection.execute(update(products).where(products.c.id == product.id).values(values))
    except IntegrityError as error:
        if "products_slug_key" not in str(error.orig):
            raise
        raise SlugTaken(f"The slug {product.slug!r} is taken.") from error
    await _put_variants(connection, product)
    await _put_on_shelves(connection, product, category_id)


async def archive(connection: AsyncConnection, product: Product) -> None:
    """Off the shelves; `product.version` is the version it has from now on."""
    values = {"active": False, "version": product.version}
    await connection.execute(update(products).where(products.c.id == product.id).values(values))
    await connection.execute(shelves.delete().where(shelves.c.number == product.number))


def _product(row: Row[Any]) -> Product:
    content = Content(
        name=row.name,
        description=row.description,
        category=row.category,
        attributes=row.attributes,
        options=[Option(option["name"], option["values"]) for option in row.options],
        variants=[Variant(sku, options, price) for sku, options, price in row.variants],
        images=row.images,
    )
    return Product(row.id, row.number, row.slug, row.version, row.active, content)


async def _columns(connection: AsyncConnection, content: Content) -> tuple[int | None, Mapping[str, Any]]:
    """The id of its category, and what `products` keeps of the content."""
    category_id, category_name = None, ""
    if content.category is not None:
        named = select(categories.c.id, categories.c.name).where(categories.c.slug == content.category)
        row = (await connection.execute(named)).one_or_none()
        if row is None:
            raise unknown_category("category", content.category)
        category_id, category_name = row.id, row.name
    return category_id, {
        "name": content.name,
        "description": content.description,
        "category_id": category_id,
        "attributes": content.attributes,
        "options": [{"name": option.name, "values": list(option.values)} for option in content.options],
        "images": list(content.images),
        "price": content.lowest_price,
        "name_key": sort_key(content.name),
        "option_keys": sorted({key for variant in content.variants for key in _option_keys(variant)}),
        "search": _search(content, category_name),
    }


async def _put_variants(connection: AsyncConnection, product: Product) -> None:
    given = product.content.variants
    # In the order of their SKUs: two writers that want the same ones wait for each other, never crosswise.
    rows = sorted(
        (
            {
                "sku": variant.sku,
                "product_id": product.id,
                "position": position,
                "retired": False,
                "price": variant.price,
                "options": dict(variant.options),
                "option_keys": _option_keys(variant),
            }
            for position, variant in enumerate(given)
        ),
        key=lambda row: str(row["sku"]),
    )
    statement = insert(variants).values(rows)
    new = statement.excluded
    upsert = statement.on_conflict_do_update(
        index_elements=[variants.c.sku],
        set_={name: new[name] for name in ("position", "retired", "price", "options", "option_keys")},
        where=variants.c.product_id == new.product_id,
    ).returning(variants.c.sku)
    mine = set((await connection.execute(upsert)).scalars())
    if taken := sorted({variant.sku for variant in given} - mine):
        raise SkuTaken(f"Taken: {', '.join(taken[:10])}.", skus=taken)
    others = (variants.c.product_id == product.id) & variants.c.sku.not_in(sorted(mine))
    await connection.execute(update(variants).where(others, ~variants.c.retired).values(retired=True))


async def _put_on_shelves(connection: AsyncConnection, product: Product, category_id: int | None) -> None:
    await connection.execute(shelves.delete().where(shelves.c.number == product.number))
    if product.active and category_id is not None:
        place = {
            "category_id": category_id,
            "number": product.number,
            "price": product.content.lowest_price,
            "name_key": sort_key(product.content.name),
        }
        await connection.execute(PLACE_ON_SHELVES, place)


def _option_keys(variant: Variant) -> list[str]:
    return [option_key(name, value) for name, value in variant.options.items()]


def _search(content: Content, category_name: str) -> ColumnElement[Any]:
    """Weights: A the name, B attributes and option values, C the description, D the category.

    Names and the like are kept unstemmed too, so that `runnin` finds `running`, which is stemmed to `run`.
    The category has a weight of its own, so that it can be taken out again when it is renamed.
    """
    facts = [f"{name} {value}" for name, value in content.attributes.items()]
    facts += [f"{option.name} {' '.join(option.values)}" for option in content.options]
    name, facts_text = searchable(content.name), searchable(" ".join(facts))
    parts = [
        weighted("english", name, "A"),
        weighted("simple", name, "A"),
        weighted("english", facts_text, "B"),
        weighted("simple", facts_text, "B"),
        weighted("english", searchable(content.description), "C"),
        weighted("english", searchable(category_name), "D"),
        weighted("simple", searchable(category_name), "D"),
    ]
    vector = parts[0]
    for part in parts[1:]:
        vector = vector.op("||")(part)
    return vector


def weighted(config: str, words: str, weight: str) -> ColumnElement[Any]:
    """A `tsvector` of the words. `config` and `weight` are ours, never a client's."""
    vector = func.to_tsvector(literal_column(f"'{config}'::regconfig"), literal(words, Text))
    return func.setweight(vector, literal_column(f"'{weight}'"))
