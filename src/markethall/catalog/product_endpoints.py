"""`/api/products`, and its twin for front below `/internal/products`."""

from typing import Any

from litestar import MediaType, Request, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, structs

from markethall.catalog.listing import products_page
from markethall.catalog.product import Content, Product, view
from markethall.catalog.products import Products
from markethall.catalog.requests import (
    CategoryParameter,
    CursorParameter,
    IfMatch,
    LimitParameter,
    SearchParameter,
    SortParameter,
    known_form,
    list_query,
)
from markethall.catalog.schemas import NewProduct, ProductPage, ProductPatch, options_of, variants_of
from markethall.contracts.internal import PRODUCTS_PATH
from markethall.contracts.public import ProductView
from markethall.kit.db_reads import Reads
from markethall.kit.errors import NotFound, Problem
from markethall.kit.guards import admin_only
from markethall.kit.identity import KeyRing
from markethall.kit.problems import responses

TAGS = ["catalog"]
FRESH = {"Cache-Control": "no-cache"}

AnyRequest = Request[Any, Any, Any]
Currency = NamedDependency[str]
"""The shop's, ISO 4217."""


@get("/api/products", summary="Products, a page at a time", tags=TAGS, responses=responses())
async def list_products(
    request: AnyRequest,
    reads: NamedDependency[Reads],
    currency: Currency,
    text: SearchParameter = None,
    category: CategoryParameter = None,
    sort: SortParameter = None,
    limit: LimitParameter = 20,
    cursor: CursorParameter = None,
) -> Response[ProductPage]:
    """Active products that meet all conditions.

    `option.<name>=<value>` (up to 20 of them) keeps those of which one variant has that value; the same name
    again allows another value. A page may be short: `next_cursor` is null on the last one only.
    """
    query = list_query(request.query_params.multi_items(), text, category, sort, limit, cursor)
    page = await reads.hot(lambda connection: products_page(connection, query, currency))
    return Response(ProductPage([item.summary for item in page.items], page.next_cursor), headers=FRESH)


@get("/api/products/{slug:str}", summary="A product", tags=TAGS, responses=responses(404))
async def read_product(
    request: AnyRequest,
    slug: FromPath[str],
    products: NamedDependency[Products],
    keys: NamedDependency[KeyRing],
    currency: Currency,
) -> Response[ProductView]:
    """An archived product is there for admins only."""
    product = await products.find(known_form(slug))
    if product.active:
        return _answer(product, currency)
    if not _is_admin(keys, request):
        raise NotFound()
    return _answer(product, currency, headers={"Cache-Control": "private, no-store"})


@get(f"{PRODUCTS_PATH}/{{slug:str}}", include_in_schema=False, media_type=MediaType.MESSAGEPACK)
async def read_product_for_front(
    slug: FromPath[str], products: NamedDependency[Products], currency: Currency
) -> ProductView:
    product = await products.find(known_form(slug))
    if not product.active:
        raise NotFound()
    return view(product, currency)


@post(
    "/api/products",
    summary="Add a product",
    tags=TAGS,
    guards=[admin_only],
    responses=responses(401, 403, 409, 413, 415),
)
async def add_product(
    data: JSONBody[NewProduct],
    products: NamedDependency[Products],
    currency: Currency,
) -> Response[ProductView]:
    """Takes the role admin. Slugs and SKUs are unique over the whole shop, those of archived products included."""
    content = Content(
        name=data.name,
        description=data.description,
        category=data.category,
        attributes=data.attributes,
        options=options_of(data.options),
        variants=variants_of(data.variants, currency),
        images=data.images,
    )
    product = await products.add(data.slug, content)
    return _answer(product, currency, status=201, headers={"Location": f"/api/products/{product.slug}"})


@patch(
    "/api/products/{slug:str}",
    summary="Change a product",
    tags=TAGS,
    guards=[admin_only],
    responses=responses(401, 403, 404, 409, 412, 413, 415, 428),
)
async def change_product(
    slug: FromPath[str],
    data: JSONBody[ProductPatch],
    products: NamedDependency[Products],
    currency: Currency,
    if_match: IfMatch = None,
) -> Response[ProductView]:
    """Takes the role admin. What is given replaces what was, as a whole: variants that are not in the new list are
    gone, and their SKUs stay with this product. `status` archives, and brings back.
    """
    given = {name: value for name, value in structs.asdict(data).items() if value is not UNSET}
    if "status" in given:
        given["active"] = given.pop("status") == "active"
    if "options" in given:
        given["options"] = options_of(given["options"])
    if "variants" in given:
        given["variants"] = variants_of(given["variants"], currency)
    return _answer(await products.change(known_form(slug), if_match, given), currency)


@delete(
    "/api/products/{slug:str}",
    summary="Archive a product",
    tags=TAGS,
    guards=[admin_only],
    responses=responses(401, 403, 404, 412),
)
async def archive_product(
    slug: FromPath[str],
    products: NamedDependency[Products],
    if_match: IfMatch = None,
) -> None:
    """Takes the role admin. It is sold and shown no more; orders keep what they say of it."""
    await products.archive(known_form(slug), if_match)


HANDLERS = [
    list_products,
    read_product,
    read_product_for_front,
    add_product,
    change_product,
    archive_product,
]


def _is_admin(keys: KeyRing, request: AnyRequest) -> bool:
    """Anyone may read, so a token that is not valid is as good as none."""
    try:
        identity = keys.identify(request.headers.get("authorization"))
    except Problem:
        return False
    return identity is not None and identity.is_admin


def _answer(
    product: Product, currency: str, *, status: int = 200, headers: dict[str, str] | None = None
) -> Response[ProductView]:
    headers = {**FRESH, "ETag": f'"{product.version}"', **(headers or {})}
    return Response(view(product, currency), status_code=status, headers=headers)
