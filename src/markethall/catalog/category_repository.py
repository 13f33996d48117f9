"""The tree of categories in SQL. Every function works in its caller's transaction."""

from typing import Any

from sqlalchemy import Row, Select, func, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from markethall.catalog.category import Category
from markethall.catalog.repository import weighted
from markethall.catalog.tables import categories, products
from markethall.catalog.words import searchable

TREE_CHANGE_SECONDS = 60
"""A category that is moved or renamed takes its products along: more than an ordinary statement may have to do."""

HOLD_TREE_ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended('category tree', 0))")

ANCESTORS = text(
    """
    WITH RECURSIVE above AS (
        SELECT id, parent_id, 1 AS level FROM categories WHERE id = :category_id
        UNION ALL
        SELECT c.id, c.parent_id, level + 1 FROM categories c JOIN above a ON c.id = a.parent_id
    )
    SELECT id FROM above ORDER BY level
    """
)

HEIGHT = text(
    """
    WITH RECURSIVE below AS (
        SELECT id, 1 AS level FROM categories WHERE id = :category_id
        UNION ALL
        SELECT c.id, level + 1 FROM categories c JOIN below b ON c.parent_id = b.id
    )
    SELECT max(level) FROM below
    """
)

CLEAR_SHELVES = text(
    """
    WITH RECURSIVE below AS (
        SELECT id FROM categories WHERE id = :category_id
        UNION ALL
        SELECT c.id FROM categories c JOIN below b ON c.parent_id = b.id
    )
    DELETE FROM shelves s USING products p
    WHERE p.category_id IN (SELECT id FROM below) AND s.number = p.number
    """
)

FILL_SHELVES = text(
    """
    WITH RECURSIVE below AS (
        SELECT id FROM categories WHERE id = :category_id
        UNION ALL
        SELECT c.id FROM categories c JOIN below b ON c.parent_id = b.id
    ), paths AS (
        SELECT id AS leaf, id AS category_id FROM below
        UNION ALL
        SELECT paths.leaf, c.parent_id FROM paths JOIN categories c ON c.id = paths.category_id
        WHERE c.parent_id IS NOT NULL
    )
    INSERT INTO shelves (category_id, number, price, name_key)
    SELECT paths.category_id, p.number, p.price, p.name_key
    FROM paths JOIN products p ON p.category_id = paths.leaf
    WHERE p.active
    """
)

OPTIONS = text(
    """
    WITH seen AS (
        SELECT p.options, s.number FROM shelves s JOIN products p ON p.number = s.number
        WHERE s.category_id = :category_id ORDER BY s.number DESC LIMIT :products
    ), offered AS (
        SELECT option ->> 'name' AS name, value, option_place, value_place, number
        FROM seen
        CROSS JOIN json_array_elements(options) WITH ORDINALITY AS o (option, option_place)
        CROSS JOIN json_array_elements_text(option -> 'values') WITH ORDINALITY AS v (value, value_place)
    ), names AS (
        SELECT name, min(option_place) AS place, count(DISTINCT number) AS held FROM offered
        GROUP BY name ORDER BY held DESC, place, name LIMIT :names
    ), counted AS (
        SELECT offered.name, value, avg(value_place) AS place, count(DISTINCT number) AS products,
            row_number() OVER (PARTITION BY offered.name ORDER BY count(DISTINCT number) DESC, value) AS rank
        FROM offered JOIN names USING (name) GROUP BY offered.name, value
    )
    SELECT counted.name, value, products FROM counted JOIN names USING (name)
    WHERE rank <= :values ORDER BY held DESC, names.place, counted.name, counted.place, value
    """
)


async def hold_tree_alone(connection: AsyncConnection) -> None:
    """First in every transaction that changes the tree: no other does, and no product is written meanwhile."""
    await connection.execute(text(f"SET LOCAL statement_timeout = '{TREE_CHANGE_SECONDS}s'"))
    await connection.execute(HOLD_TREE_ALONE)


async def find(connection: AsyncConnection, slug: str) -> Category | None:
    row = (await connection.execute(_categories().where(categories.c.slug == slug))).one_or_none()
    return None if row is None else _category(row)


async def page(connection: AsyncConnection, after: tuple[int, str] | None, limit: int) -> list[Category]:
    """By position, then slug."""
    statement = _categories().order_by(categories.c.position, categories.c.slug).limit(limit)
    if after is not None:
        statement = statement.where(tuple_(categories.c.position, categories.c.slug) > tuple_(*after))
    return [_category(row) for row in await connection.execute(statement)]


async def options_in(
    connection: AsyncConnection, category: Category, *, products: int, names: int, values: int
) -> list[tuple[str, str, int]]:
    """Option, value, and how many products have it, among the newest `products` in the category and below.

    At most `names` options, those that most have first; of each at most `values`, the commonest, in the order that
    their products have them in.
    """
    arguments = {"category_id": category.id, "products": products, "names": names, "values": values}
    return [(row.name, row.value, row.products) for row in await connection.execute(OPTIONS, arguments)]


async def add(connection: AsyncConnection, category: Category) -> bool:
    """False where the slug is taken."""
    statement = (
        insert(categories)
        .values(slug=category.slug, parent_id=_id_of(category.parent), version=category.version, **_columns(category))
        .on_conflict_do_nothing(index_elements=[categories.c.slug])
        .returning(categories.c.id)
    )
    return (await connection.execute(statement)).scalar_one_or_none() is not None


async def ancestors(connection: AsyncConnection, category_id: int) -> list[int]:
    """The category itself, its parent, and so on up."""
    return list((await connection.execute(ANCESTORS, {"category_id": category_id})).scalars())


async def height(connection: AsyncConnection, category_id: int) -> int:
    """Levels below it, its own included."""
    return int((await connection.execute(HEIGHT, {"category_id": category_id})).scalar_one())


async def replace(connection: AsyncConnection, category: Category) -> None:
    """Write it over the one with its id."""
    statement = update(categories).where(categories.c.id == category.id)
    values = {"parent_id": _id_of(category.parent), "version": category.version, **_columns(category)}
    await connection.execute(statement.values(values))


async def reshelve(connection: AsyncConnection, category: Category) -> None:
    """After a move: the products below it leave the shelves above its old place, and go on those above the new one."""
    await connection.execute(CLEAR_SHELVES, {"category_id": category.id})
    await connection.execute(FILL_SHELVES, {"category_id": category.id})


async def reword(connection: AsyncConnection, category: Category) -> None:
    """After a renaming: its products are found by the new name instead of the old."""
    words = searchable(category.name)
    others = func.ts_filter(products.c.search, text("'{a,b,c}'"))
    renamed = others.op("||")(weighted("english", words, "D")).op("||")(weighted("simple", words, "D"))
    await connection.execute(update(products).where(products.c.category_id == category.id).values(search=renamed))


async def is_in_use(connection: AsyncConnection, category: Category) -> bool:
    """Whether an active product or another category is in it."""
    held = select(products.c.id).where(products.c.category_id == category.id, products.c.active).exists()
    children = select(categories.c.id).where(categories.c.parent_id == category.id).exists()
    return bool((await connection.execute(select(held | children))).scalar_one())


async def remove(connection: AsyncConnection, category: Category) -> None:
    """Archived products that were in it are in none from now on."""
    emptied = update(products).where(products.c.category_id == category.id)
    await connection.execute(emptied.values(category_id=None, version=products.c.version + 1))
    await connection.execute(categories.delete().where(categories.c.id == category.id))


def _categories() -> Select[Any]:
    parents = categories.alias("parents")
    return select(categories, parents.c.slug.label("parent")).select_from(
        categories.outerjoin(parents, categories.c.parent_id == parents.c.id)
    )


def _category(row: Row[Any]) -> Category:
    return Category(row.id, row.slug, row.name, row.parent, row.position, row.version, row.image)


def _columns(category: Category) -> dict[str, Any]:
    return {"name": category.name, "position": category.position, "image": category.image}


def _id_of(slug: str | None) -> Any:
    named = categories.alias("named")
    return None if slug is None else select(named.c.id).where(named.c.slug == slug).scalar_subquery()
