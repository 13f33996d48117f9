"""The public HTTP of stock."""

import re
from typing import Annotated, Any

from litestar import Request, Response, Router, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import HeaderParameter, JSONBody, Parameter, QueryParameter

from markethall.inventory import repository
from markethall.inventory.errors import NoReplenishment, UnknownSku
from markethall.inventory.listing import Sort, StockQuery, stock_page
from markethall.inventory.receipts import Receiving, stock_view
from markethall.inventory.schemas import (
    MovementPage,
    MovementView,
    ReceiptRequest,
    ReceiptView,
    ReplenishmentRequest,
    ReplenishmentView,
    StockPage,
    StockView,
)
from markethall.inventory.tables import MAX_ON_HAND
from markethall.kit.conditional import UNCHANGED, conditional
from markethall.kit.cursors import decode_cursor, encode_cursor
from markethall.kit.db import Database
from markethall.kit.guards import admin_only
from markethall.kit.problems import responses
from markethall.kit.text import NO_NUL

_SKU = re.compile(r"[A-Za-z0-9][A-Za-z0-9._\-]{0,63}")

Sku = Annotated[str, Parameter(description="The SKU of a variant, as catalog has it.")]
IdempotencyKey = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x20-\x7e]+\Z",
        description="The same key and body again get the same receipt, and nothing more comes in.",
    ),
]
Limit = Annotated[int, Parameter(ge=1, le=100, description="At most so many items.")]
Cursor = Annotated[str | None, Parameter(description="`next_cursor` of the page before.", max_length=1000)]


@get(
    "/",
    summary="Stock of all SKUs",
    guards=[admin_only],
    responses={304: UNCHANGED, **responses(401, 403)},
)
async def list_stock(
    request: Request[Any, Any, Any],
    database: NamedDependency[Database],
    text: Annotated[
        str, QueryParameter(name="query", max_length=64, pattern=NO_NUL, description="A part of the SKU.")
    ] = "",
    sort: Annotated[Sort, Parameter(description="`available`: the lowest first.")] = "sku",
    available_below: Annotated[
        int | None, Parameter(ge=0, le=MAX_ON_HAND, description="Only what there is less of.")
    ] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response[StockPage]:
    """For admins. Every SKU that catalog ever had. The work grows with the number of SKUs, not with that of orders."""
    return conditional(request, await stock_page(database, StockQuery(text, sort, available_below), limit, cursor))


@get("/{sku:str}", summary="Stock of a SKU", responses=responses(404))
async def read_stock(sku: Sku, database: NamedDependency[Database]) -> StockView:
    """What is on hand, what orders hold of it, and what can be bought."""
    _check(sku)
    async with database.begin() as connection:
        level = await repository.find_level(connection, sku)
    if level is None:
        raise UnknownSku(f"There is no SKU {sku!r}.")
    return stock_view(sku, level)


@post(
    "/{sku:str}/receipts",
    summary="Receive goods",
    guards=[admin_only],
    responses=responses(401, 403, 404, 409, 413, 415),
)
async def receive(
    sku: Sku,
    data: JSONBody[ReceiptRequest],
    receiving: NamedDependency[Receiving],
    idempotency_key: IdempotencyKey = None,
) -> ReceiptView:
    """For admins. A negative quantity corrects what was counted too high, never below what is reserved."""
    _check(sku)
    return await receiving.receive(sku, data, idempotency_key)


@get(
    "/{sku:str}/movements",
    summary="The ledger of a SKU",
    guards=[admin_only],
    responses=responses(401, 403, 404),
)
async def list_movements(
    sku: Sku,
    database: NamedDependency[Database],
    limit: Limit = 20,
    cursor: Cursor = None,
) -> MovementPage:
    """For admins. Newest first, each with the balance after it."""
    _check(sku)
    before, balance = _ledger_position(sku, cursor)
    async with database.begin() as connection:
        if await repository.find_level(connection, sku) is None:
            raise UnknownSku(f"There is no SKU {sku!r}.")
        rows = await repository.movements_before(connection, sku, before, limit + 1)
    if not rows:
        return MovementPage([], None)
    on_hand, reserved = balance or (rows[0].now_on_hand, rows[0].now_reserved)
    items = []
    for row in rows[:limit]:
        order_id = str(row.order_id) if row.order_id else None
        deltas = row.on_hand_delta, row.reserved_delta
        items.append(MovementView(row.id, row.kind, *deltas, order_id, row.reference, row.at, on_hand, reserved))
        on_hand, reserved = on_hand - row.on_hand_delta, reserved - row.reserved_delta
    more = encode_cursor("movements", sku, [items[-1].id, on_hand, reserved]) if len(rows) > limit else None
    return MovementPage(items, more)


def _ledger_position(sku: str, cursor: str | None) -> tuple[int | None, tuple[int, int] | None]:
    """The movement before which to go on, and the balance before it: the ledger only grows, so it stays that.

    Raises:
        InvalidCursor: it belongs to another list.
    """
    if cursor is None:
        return None, None
    before, on_hand, reserved = decode_cursor("movements", sku, cursor, (int, int, int))
    return before, (on_hand, reserved)


@get(
    "/{sku:str}/replenishment",
    summary="How a SKU is topped up",
    guards=[admin_only],
    responses=responses(401, 403, 404),
)
async def read_replenishment(sku: Sku, database: NamedDependency[Database]) -> ReplenishmentView:
    """For admins."""
    _check(sku)
    async with database.begin() as connection:
        row = await repository.find_replenishment(connection, sku)
    if row is None:
        raise NoReplenishment(f"{sku!r} is not topped up.")
    return ReplenishmentView(row.sku, row.target, row.interval_seconds, row.next_at)


@put(
    "/{sku:str}/replenishment",
    summary="Top a SKU up on a timer",
    guards=[admin_only],
    responses=responses(401, 403, 404, 413, 415),
)
async def put_replenishment(
    sku: Sku,
    data: JSONBody[ReplenishmentRequest],
    database: NamedDependency[Database],
) -> ReplenishmentView:
    """For admins. Every interval, as much comes in as is missing until `target` are available."""
    _check(sku)
    async with database.begin() as connection:
        if await repository.find_level(connection, sku) is None:
            raise UnknownSku(f"There is no SKU {sku!r}.")
        row = await repository.put_replenishment(connection, sku, data.target, data.interval_seconds)
    return ReplenishmentView(row.sku, row.target, row.interval_seconds, row.next_at)


@delete(
    "/{sku:str}/replenishment",
    summary="Stop topping up",
    guards=[admin_only],
    responses=responses(401, 403, 404),
)
async def delete_replenishment(sku: Sku, database: NamedDependency[Database]) -> None:
    """For admins. Harmless to repeat."""
    _check(sku)
    async with database.begin() as connection:
        if await repository.find_level(connection, sku) is None:
            raise UnknownSku(f"There is no SKU {sku!r}.")
        await repository.delete_replenishment(connection, sku)


def _check(sku: str) -> None:
    """Raises UnknownSku for what can be no SKU, and may be no text that the database can hold."""
    if not _SKU.fullmatch(sku):
        raise UnknownSku(f"{sku[:64]!r} is no SKU.")


router = Router(
    "/api/stock",
    tags=["stock"],
    route_handlers=[
        list_stock,
        read_stock,
        receive,
        list_movements,
        read_replenishment,
        put_replenishment,
        delete_replenishment,
    ],
)
