"""`/api/categories`."""

from itertools import groupby

from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, structs

from markethall.catalog.categories import Categories
from markethall.catalog.category import Category
from markethall.catalog.requests import CursorParameter, IfMatch, LimitParameter, known_form
from markethall.catalog.schemas import (
    CategoryOptions,
    CategoryPage,
    CategoryPatch,
    CategoryView,
    NewCategory,
    OfferedOption,
    OfferedValue,
)
from markethall.kit.guards import admin_only
from markethall.kit.problems import responses

TAGS = ["catalog"]
FRESH = {"Cache-Control": "no-cache"}
A_WHILE = {"Cache-Control": "public, max-age=30"}


@get("/api/categories", summary="Categories, a page at a time", tags=TAGS, responses=responses())
async def list_categories(
    categories: NamedDependency[Categories], limit: LimitParameter = 20, cursor: CursorParameter = None
) -> Response[CategoryPage]:
    """The whole tree, flat, by position; each names its parent."""
    found, next_cursor = await categories.page(cursor, limit)
    return Response(CategoryPage([_view(category) for category in found], next_cursor), headers=FRESH)


@get("/api/categories/{slug:str}", summary="A category", tags=TAGS, responses=responses(404))
async def read_category(slug: FromPath[str], categories: NamedDependency[Categories]) -> Response[CategoryView]:
    return _answer(await categories.find(known_form(slug)))


@get(
    "/api/categories/{slug:str}/options",
    summary="What a category's products can be narrowed by",
    tags=TAGS,
    responses=responses(404),
)
async def list_category_options(
    slug: FromPath[str], categories: NamedDependency[Categories]
) -> Response[CategoryOptions]:
    """Options of the newest 2,000 products in the category and below: at most 6, those that most have first; of each at
    most 30 values, the commonest."""
    found = await categories.options(known_form(slug))
    items = [
        OfferedOption(name, [OfferedValue(value, products) for _, value, products in rows])
        for name, rows in groupby(found, key=lambda row: row[0])
    ]
    return Response(CategoryOptions(items), headers=A_WHILE)


@post(
    "/api/categories",
    summary="Add a category",
    tags=TAGS,
    guards=[admin_only],
    responses=responses(401, 403, 409, 413, 415),
)
async def add_category(data: JSONBody[NewCategory], categories: NamedDependency[Categories]) -> Response[CategoryView]:
    """Takes the role admin."""
    category = await categories.add(data.slug, data.name, data.parent, data.position, data.image)
    return _answer(category, status=201, headers={"Location": f"/api/categories/{category.slug}"})


@patch(
    "/api/categories/{slug:str}",
    summary="Rename or move a category",
    tags=TAGS,
    guards=[admin_only],
    responses=responses(401, 403, 404, 412, 413, 415, 428),
)
async def change_category(
    slug: FromPath[str],
    data: JSONBody[CategoryPatch],
    categories: NamedDependency[Categories],
    if_match: IfMatch = None,
) -> Response[CategoryView]:
    """Takes the role admin. A category cannot be moved below itself."""
    given = {name: value for name, value in structs.asdict(data).items() if value is not UNSET}
    return _answer(await categories.change(known_form(slug), if_match, given))


@delete(
    "/api/categories/{slug:str}",
    summary="Remove an empty category",
    tags=TAGS,
    guards=[admin_only],
    responses=responses(401, 403, 404, 409, 412),
)
async def remove_category(
    slug: FromPath[str],
    categories: NamedDependency[Categories],
    if_match: IfMatch = None,
) -> None:
    """Takes the role admin. 409 `category_in_use` while there are products or categories in it."""
    await categories.remove(known_form(slug), if_match)


HANDLERS = [
    list_categories,
    read_category,
    list_category_options,
    add_category,
    change_category,
    remove_category,
]


def _view(category: Category) -> CategoryView:
    return CategoryView(
        category.slug, category.name, category.parent, category.position, category.version, category.image
    )


def _answer(category: Category, *, status: int = 200, headers: dict[str, str] | None = None) -> Response[CategoryView]:
    headers = {**FRESH, "ETag": f'"{category.version}"', **(headers or {})}
    return Response(_view(category), status_code=status, headers=headers)
