"""Figures of sales for the back office."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.types import ControllerRouterHandler

from markethall.contracts.public import Money
from markethall.kit.conditional import UNCHANGED, conditional
from markethall.kit.db import Database
from markethall.kit.errors import FieldError, Invalid
from markethall.kit.guards import admin_only
from markethall.kit.problems import responses
from markethall.kit.settings import Settings
from markethall.kit.text import NO_NUL
from markethall.orders.order import rfc3339
from markethall.orders.sales import repository
from markethall.orders.sales.periods import DAY, HOUR, MAX_POINTS, Interval, starts, whole_hours, zone
from markethall.orders.sales.schemas import BestSeller, BestSellers, Rejections, SalesPoint, SalesSeries, ShortSku

MAX_PERIOD = timedelta(days=366)
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)

TAGS = ["back office"]
From = Annotated[datetime | None, QueryParameter(name="from", description="RFC 3339; included")]
To = Annotated[datetime | None, QueryParameter(name="to", description="RFC 3339; not included. Without it: now")]
Limit = Annotated[int, QueryParameter(ge=1, le=100)]
AnyRequest = Request[Any, Any, Any]


@get(
    "/api/admin/sales",
    summary="Sales by hour or by day",
    tags=TAGS,
    guards=[admin_only],
    responses={304: UNCHANGED, **responses(401, 403)},
)
async def get_sales(
    request: AnyRequest,
    database: NamedDependency[Database],
    settings: NamedDependency[Settings],
    interval: Annotated[Interval, QueryParameter()] = "hour",
    tz: Annotated[str, QueryParameter(max_length=64, pattern=NO_NUL, description="An IANA time zone")] = "UTC",
    begin: From = None,
    end: To = None,
) -> Response[SalesSeries]:
    """Sold is what was confirmed and not cancelled since; it counts when it was placed. Without `from`: the last 24
    hours, or the last 30 days. At most 750 points. Counted until some 12 s ago: `counted_until` says it."""
    within = zone(tz)
    if within is None:
        raise Invalid(errors=[FieldError("tz", "There is no such time zone", "unknown_time_zone")])
    begin, end = _period(begin, end, timedelta(hours=24) if interval == "hour" else timedelta(days=30))
    step = HOUR if interval == "hour" else DAY
    edges = starts(interval, within, begin, end) if (end - begin) / step <= MAX_POINTS + 1 else []
    if not 2 <= len(edges) <= MAX_POINTS + 1:
        raise Invalid(errors=[FieldError("from", f"At most {MAX_POINTS} points at once", "period_too_long")])
    async with database.hot() as connection:
        found = await repository.series(connection, edges)
        until = await repository.counted_until(connection)
    points = [_point(at, found.get(place), settings.currency) for place, at in enumerate(edges[:-1])]
    total = _sum(points, settings.currency)
    body = SalesSeries(interval, tz, rfc3339(until) if until else None, points, total)
    return conditional(request, body)


@get(
    "/api/admin/best-sellers",
    summary="What sells best",
    tags=TAGS,
    guards=[admin_only],
    responses={304: UNCHANGED, **responses(401, 403)},
)
async def get_best_sellers(
    request: AnyRequest,
    database: NamedDependency[Database],
    settings: NamedDependency[Settings],
    by: Annotated[Literal["units", "revenue"], QueryParameter()] = "units",
    begin: From = None,
    end: To = None,
    limit: Limit = 20,
) -> Response[BestSellers]:
    """Of orders placed in the period, which is widened to whole hours (UTC). Without `from`: 30 days; at most 366."""
    begin, end = _whole_period(begin, end)
    async with database.hot() as connection:
        rows = await repository.ranked(connection, begin, end, by, limit)
        until = await repository.counted_until(connection)
    items = [
        BestSeller(
            row["sku"], row["name"], row["slug"], row["orders"], row["units"], Money(row["revenue"], settings.currency)
        )
        for row in rows
    ]
    return conditional(request, BestSellers(rfc3339(begin), rfc3339(end), rfc3339(until) if until else None, items))


@get(
    "/api/admin/rejections",
    summary="What there was too little of",
    tags=TAGS,
    guards=[admin_only],
    responses={304: UNCHANGED, **responses(401, 403)},
)
async def get_rejections(
    request: AnyRequest,
    database: NamedDependency[Database],
    begin: From = None,
    end: To = None,
    limit: Limit = 20,
) -> Response[Rejections]:
    """SKUs that were short when orders were placed, the most often short first. Period as for best sellers."""
    begin, end = _whole_period(begin, end)
    async with database.hot() as connection:
        rows = await repository.ranked(connection, begin, end, "short_orders", limit)
        until = await repository.counted_until(connection)
    items = [ShortSku(row["sku"], row["name"], row["slug"], row["short_orders"], row["short_units"]) for row in rows]
    return conditional(request, Rejections(rfc3339(begin), rfc3339(end), rfc3339(until) if until else None, items))


HANDLERS: list[ControllerRouterHandler] = [get_sales, get_best_sellers, get_rejections]


def _whole_period(begin: datetime | None, end: datetime | None) -> tuple[datetime, datetime]:
    begin, end = _period(begin, end, timedelta(days=30))
    if end - begin > MAX_PERIOD:
        raise Invalid(errors=[FieldError("from", f"At most {MAX_PERIOD.days} days at once", "period_too_long")])
    return whole_hours(begin, end)


def _period(begin: datetime | None, end: datetime | None, usual: timedelta) -> tuple[datetime, datetime]:
    """
    Raises:
        Invalid: without an offset, out of all bounds, or empty.
    """
    for name, given in (("from", begin), ("to", end)):
        if given is not None and given.tzinfo is None:
            raise Invalid(errors=[FieldError(name, "Takes an offset, such as Z", "no_offset")])
        if given is not None and not EARLIEST <= given <= LATEST:
            raise Invalid(errors=[FieldError(name, f"From {EARLIEST.year} to {LATEST.year}", "period_too_long")])
    end = end or datetime.now(UTC)
    begin = begin or end - usual
    if begin >= end:
        raise Invalid(errors=[FieldError("from", "Must be before `to`", "period_reversed")])
    return begin, end


def _point(at: datetime, row: Any, currency: str) -> SalesPoint:
    if row is None:
        return SalesPoint(rfc3339(at), 0, 0, 0, Money(0, currency), 0, 0)
    revenue = Money(row["revenue"], currency)
    return SalesPoint(
        rfc3339(at), row["placed"], row["orders"], row["units"], revenue, row["rejected"], row["cancelled"]
    )


def _sum(points: list[SalesPoint], currency: str) -> SalesPoint:
    return SalesPoint(
        at=points[0].at,
        placed=sum(point.placed for point in points),
        orders=sum(point.orders for point in points),
        units=sum(point.units for point in points),
        revenue=Money(sum(point.revenue.amount for point in points), currency),
        rejected=sum(point.rejected for point in points),
        cancelled=sum(point.cancelled for point in points),
    )
