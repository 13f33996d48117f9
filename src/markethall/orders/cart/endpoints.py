"""Carts over HTTP."""

from uuid import UUID

from litestar import Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler

from markethall.contracts.public import Money
from markethall.kit.identity import Identity, require_user
from markethall.kit.ids import parse_id
from markethall.kit.problems import responses
from markethall.kit.settings import Settings
from markethall.orders.cart.repository import FilledCart
from markethall.orders.cart.schemas import CartLineView, CartView, LineQuantity
from markethall.orders.cart.service import Carts
from markethall.orders.errors import CartNotFound


@post(
    "/api/carts",
    summary="Open a cart",
    tags=["carts"],
    responses={
        200: ResponseSpec(CartView, description="The open cart that the user has", generate_examples=False),
        **responses(401, 413, 415),
    },
)
async def open_cart(
    identity: NamedDependency[Identity | None],
    carts: NamedDependency[Carts],
    settings: NamedDependency[Settings],
) -> Response[CartView]:
    """A guest gets a new cart, reached by whoever holds its id. A user gets the one open cart: 200 if there is one."""
    filled, is_new = await carts.open(identity)
    view = view_of(filled, settings.currency)
    return Response(view, status_code=201 if is_new else 200, headers={"Location": f"/api/carts/{view.id}"})


@get("/api/carts/{cart_id:str}", summary="A cart", tags=["carts"], responses=responses(401, 404))
async def show_cart(
    cart_id: FromPath[str],
    identity: NamedDependency[Identity | None],
    carts: NamedDependency[Carts],
    settings: NamedDependency[Settings],
) -> CartView:
    """At today's prices. A line whose variant is no longer sold stays, with its last price and `available` 0."""
    return view_of(await carts.show(cart_id_from(cart_id), identity), settings.currency)


@put(
    "/api/carts/{cart_id:str}/lines/{sku:str}",
    summary="Set a line's quantity",
    tags=["carts"],
    responses=responses(401, 404, 413, 415),
)
async def put_line(
    cart_id: FromPath[str],
    sku: FromPath[str],
    data: JSONBody[LineQuantity],
    identity: NamedDependency[Identity | None],
    carts: NamedDependency[Carts],
    settings: NamedDependency[Settings],
) -> CartView:
    """Adds the line where it is missing. 422 `unknown_sku` if it is not for sale."""
    return view_of(await carts.put(cart_id_from(cart_id), sku, data.quantity, identity), settings.currency)


@delete(
    "/api/carts/{cart_id:str}/lines/{sku:str}",
    status_code=200,
    summary="Take a line out",
    tags=["carts"],
    responses=responses(401, 404, 413, 415),
)
async def take_line_out(
    cart_id: FromPath[str],
    sku: FromPath[str],
    identity: NamedDependency[Identity | None],
    carts: NamedDependency[Carts],
    settings: NamedDependency[Settings],
) -> CartView:
    """The cart without it, whether it was in or not."""
    return view_of(await carts.take_out(cart_id_from(cart_id), sku, identity), settings.currency)


@delete(
    "/api/carts/{cart_id:str}", summary="Throw a cart away", tags=["carts"], responses=responses(401, 404, 413, 415)
)
async def delete_cart(
    cart_id: FromPath[str], identity: NamedDependency[Identity | None], carts: NamedDependency[Carts]
) -> None:
    """With all that is in it."""
    await carts.delete(cart_id_from(cart_id), identity)


@post(
    "/api/carts/{cart_id:str}/claim",
    status_code=200,
    summary="Merge a guest's cart into one's own",
    tags=["carts"],
    responses=responses(401, 404, 413, 415),
)
async def claim_cart(
    cart_id: FromPath[str],
    identity: NamedDependency[Identity | None],
    carts: NamedDependency[Carts],
    settings: NamedDependency[Settings],
) -> CartView:
    """Answers one's own cart, quantities added. Repeating it adds nothing; the guest's id leads nowhere then."""
    user = require_user(identity)
    return view_of(await carts.claim(cart_id_from(cart_id), user), settings.currency)


HANDLERS: list[ControllerRouterHandler] = [open_cart, show_cart, put_line, take_line_out, delete_cart, claim_cart]


def cart_id_from(text: str) -> UUID:
    """
    Raises:
        CartNotFound: no cart can have that id.
    """
    parsed = parse_id(text)
    if parsed is None:
        raise CartNotFound()
    return parsed


def view_of(filled: FilledCart, currency: str) -> CartView:
    lines = [
        CartLineView(
            sku=line.sku,
            name=line.name,
            options=line.options,
            quantity=line.quantity,
            unit_price=Money(line.price, currency),
            line_total=Money(line.price * line.quantity, currency),
            available=None if line.active else 0,
            slug=line.slug,
        )
        for line in filled.lines
    ]
    total = sum(line.line_total.amount for line in lines)
    return CartView(str(filled.cart.id), lines, Money(total, currency), filled.cart.version)
