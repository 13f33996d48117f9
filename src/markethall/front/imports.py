"""`POST /api/imports/products`: a catalogue as CSV, first looked at, then put into the shop. All of it, or nothing."""

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from markethall.front.inner_shop import InnerShop
from markethall.kit.balancing import Balancer
from markethall.kit.errors import Conflict, FieldError, Invalid, Unavailable, UnsupportedMedia
from markethall.kit.field_codes import FieldCode
from markethall.kit.guards import admin_only
from markethall.kit.problems import responses
from markethall.listings import catalog_csv
from markethall.listings.calls import ApiError, Refused, Unreachable
from markethall.listings.complaints import BadFile
from markethall.listings.listing import ProductListing, category_slug
from markethall.listings.loading import LoadFailed, Taken, load
from markethall.listings.pool import each

IMPORT_PATH = "/api/imports/products"
MAX_BYTES = 1 << 20
MAX_PRODUCTS = 2_000
"""Of one file; larger catalogues are loaded by `markethall load catalog`."""
WORKERS = 16

Verdict = Literal["create", "restore", "unchanged", "conflict"]


class BadCatalogue(Invalid):
    """`lines`: what is wrong with the file, the first hundred mistakes of `mistakes`."""

    code = "bad_catalogue"
    title = "The file is not a catalogue as it should be"


class ImportRefused(Conflict):
    """`line` and `product` name where; what had been created is archived again, but for what `remains` names."""

    code = "import_refused"
    title = "The shop does not take the catalogue"


class ImportsBusy(Unavailable):
    code = "imports_busy"
    title = "Another catalogue is being imported just now"


class LineError(msgspec.Struct, frozen=True):
    """`line` counts from 1, the header's line. `column` is empty where the whole line is meant. `code` is stable;
    `values` are what the message names."""

    line: int
    column: str
    message: str
    code: FieldCode
    values: dict[str, str | int]


class ImportedProduct(msgspec.Struct, frozen=True):
    """What becomes of a product of the file: `restore`, of one that is archived; `unchanged`, it is there as it is
    in the file; `conflict`, another one has its slug, and nothing of the file is taken."""

    slug: str
    name: str
    line: int
    variants: int
    units: int
    """In the file."""
    verdict: Verdict


class ImportReport(msgspec.Struct, frozen=True):
    """`applied` false: only looked at. `mistakes` counts all errors, of which the first hundred are in `errors`."""

    applied: bool
    products: list[ImportedProduct]
    new_categories: list[str]
    units: int
    """Of stock in the file. What has arrived from the very same file before does not arrive again."""
    errors: list[LineError]
    mistakes: int


class Imports:
    """One at a time in each front: a catalogue keeps all workers of catalog busy."""

    def __init__(self, balancer: Balancer, currency: str) -> None:
        self._balancer = balancer
        self._currency = currency
        self._busy = asyncio.Lock()

    async def take(self, content: bytes, authorization: str, *, dry_run: bool) -> ImportReport:
        """
        Raises:
            BadCatalogue: the file has mistakes, and was to be applied.
            ImportRefused, Unavailable: nothing of it is kept, save what the problem names.
            ImportsBusy: another one is under way.
        """
        if self._busy.locked():
            raise ImportsBusy(retry_after_seconds=5)
        async with self._busy:
            try:
                listings = await asyncio.to_thread(catalog_csv.parse, content, self._currency)
                _check_size(listings)
            except BadFile as bad:
                errors = [LineError(c.line, c.column, c.reason, c.code, dict(c.values)) for c in bad.complaints]
                if dry_run:
                    return ImportReport(False, [], [], 0, errors, bad.count)
                raise BadCatalogue(
                    f"{bad.count} mistakes; nothing was imported.",
                    errors=[
                        FieldError(f"line {e.line}: {e.column}".rstrip(": "), e.message, e.code, e.values)
                        for e in errors
                    ],
                    lines=[msgspec.to_builtins(error) for error in errors],
                    mistakes=bad.count,
                ) from bad
            shop = InnerShop(self._balancer, authorization)
            try:
                report = await _looked_at(shop, listings)
            except ApiError as error:
                raise _problem(error) from error
            if dry_run:
                return report
            if report.mistakes:
                lines = [msgspec.to_builtins(error) for error in report.errors]
                raise ImportRefused(report.errors[0].message, reason="slug_taken", lines=lines)
            return await self._apply(shop, listings, report, content)

    async def _apply(
        self, shop: InnerShop, listings: Sequence[ProductListing], report: ImportReport, content: bytes
    ) -> ImportReport:
        # As `markethall load catalog` names it: the same file counts once, whichever way it comes.
        source = f"catalog:{hashlib.sha256(content).hexdigest()[:32]}"
        try:
            await load(shop, listings, currency=self._currency, source=source, taken=Taken.REFUSE)
        except LoadFailed as failed:
            raise _problem(failed.reason, failed) from failed
        return msgspec.structs.replace(report, applied=True)


@post(
    IMPORT_PATH,
    status_code=200,
    summary="Import products from CSV",
    tags=["back office"],
    guards=[admin_only],
    responses=responses(401, 403, 409, 413, 415),
)
async def import_products(
    request: Request[Any, Any, Any],
    imports: NamedDependency[Imports],
    dry_run: Annotated[bool, QueryParameter(description="Only say what would become of it")] = False,
) -> ImportReport:
    """For admins. A body of `text/csv`, up to 1 MiB and 2,000 products, as `markethall load catalog` takes it. All of
    it is taken, or nothing. The same file again changes nothing, and no stock arrives twice."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "text/csv":
        raise UnsupportedMedia("Send text/csv", headers={"Accept": "text/csv"})
    return await imports.take(await request.body(), request.headers.get("authorization", ""), dry_run=dry_run)


async def _looked_at(shop: InnerShop, listings: Sequence[ProductListing]) -> ImportReport:
    """
    Raises:
        ApiError: the shop does not answer.
    """
    verdicts: dict[str, Verdict] = {}
    paths = {listing.category[:depth] for listing in listings for depth in range(1, len(listing.category) + 1)}
    missing: list[str] = []

    async def judge(listing: ProductListing) -> None:
        verdicts[listing.slug] = await _verdict(shop, listing)

    async def look(slug: str) -> None:
        if not await shop.has_category(slug):
            missing.append(slug)

    await each(listings, judge, WORKERS)
    await each(sorted({category_slug(path) for path in paths}), look, WORKERS)
    products = [
        ImportedProduct(
            listing.slug,
            listing.name,
            listing.line,
            len(listing.variants),
            sum(variant.stock for variant in listing.variants),
            verdicts[listing.slug],
        )
        for listing in listings
    ]
    errors = [
        LineError(
            product.line,
            "product",
            f"{product.slug!r} is another product of the shop",
            "other_product",
            {"value": product.slug},
        )
        for product in products
        if product.verdict == "conflict"
    ]
    units = sum(product.units for product in products)
    return ImportReport(False, products, sorted(missing), units, errors[:100], len(errors))


async def _verdict(shop: InnerShop, listing: ProductListing) -> Verdict:
    try:
        there = await shop.product(listing.slug)
    except Refused as refused:
        if refused.status != 404:
            raise
        return "create"
    if there.status == "archived":
        return "restore"
    return "unchanged" if listing.is_sold_as(there) else "conflict"


def _check_size(listings: Sequence[ProductListing]) -> None:
    if len(listings) > MAX_PRODUCTS:
        message = f"At most {MAX_PRODUCTS:,} products in one file"
        raise Invalid(errors=[FieldError("", message, "too_many", {"most": MAX_PRODUCTS})])


def _problem(error: ApiError, failed: LoadFailed | None = None) -> Exception:
    known: dict[str, Any] = {}
    if failed is not None:
        listing = failed.listing
        known = {
            "line": listing.line if listing else None,
            "product": listing.slug if listing else None,
            "archived": failed.archived,
            "remains": list(failed.remains[:100]),
        }
    if isinstance(error, Refused):
        return ImportRefused(str(error), reason=error.code, **known)
    if isinstance(error, Unreachable):
        return Unavailable(str(error), **known)
    raise error
