"""Products for the back office."""

from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from markethall.catalog.back_office_listing import ProductRows, Status, Wanted, all_products
from markethall.catalog.requests import CategoryParameter, CursorParameter, LimitParameter
from markethall.kit.conditional import UNCHANGED, conditional
from markethall.kit.db_reads import Reads
from markethall.kit.guards import admin_only
from markethall.kit.problems import responses
from markethall.kit.text import NO_NUL


@get(
    "/api/admin/products",
    summary="Products, archived ones too",
    tags=["back office"],
    guards=[admin_only],
    responses={304: UNCHANGED, **responses(401, 403)},
)
async def get_all_products(
    request: Request[Any, Any, Any],
    reads: NamedDependency[Reads],
    currency: NamedDependency[str],
    text: Annotated[
        str | None,
        QueryParameter(name="query", max_length=200, pattern=NO_NUL, description="A part of the name, slug or a SKU"),
    ] = None,
    category: CategoryParameter = None,
    status: Annotated[Status | None, QueryParameter()] = None,
    limit: LimitParameter = 20,
    cursor: CursorParameter = None,
) -> Response[ProductRows]:
    """Newest first; all conditions have to be met. A page may be short: follow `next_cursor`."""
    wanted = Wanted(text.strip() if text else None, category, status)
    page = await reads.hot(lambda connection: all_products(connection, wanted, limit, cursor, currency))
    return conditional(request, page)


HANDLERS = [get_all_products]
