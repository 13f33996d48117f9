"""Reading `POST /api/orders`: the body, the key, and how long the buyer wants to wait."""

import re
import uuid
from typing import NamedTuple

import msgspec

from markethall.contracts.internal import OrderLine, PlaceOrder
from markethall.contracts.order_request import COUNTRIES, MAX_KEY_CHARACTERS, OrderRequest, merged
from markethall.kit.asgi import Scope, check_json, header, request_id_of
from markethall.kit.errors import FieldError, Invalid
from markethall.kit.identity import InvalidToken
from markethall.kit.ids import random_hex
from markethall.kit.problems import to_problem

DEFAULT_WAIT_SECONDS = 5.0
MAX_WAIT_SECONDS = 30.0

_decoder = msgspec.json.Decoder(OrderRequest)
_KEY = re.compile(rf"[\x20-\x7e]{{1,{MAX_KEY_CHARACTERS}}}\Z")
_DIGITS = re.compile(r"[0-9]{1,9}\Z")


class EmptyOrder(Invalid):
    code = "empty_order"
    title = "An order takes at least one line"


class OrderCall(NamedTuple):
    """A request to order, read and found in order."""

    request: OrderRequest
    quantities: dict[str, int] | None
    """By SKU; None where the order takes a cart."""
    token: str | None
    key: str | None
    """As the client gave it."""
    wait_seconds: float
    preference_applied: str | None
    request_id: str

    def place(self) -> PlaceOrder:
        """What orders is asked. Without a key it gets one, so that a repeat of it is harmless."""
        request = self.request
        address, total = request.shipping_address, request.expected_total
        return PlaceOrder(
            key=self.key if self.key is not None else random_hex(32),
            token=self.token,
            cart_id=uuid.UUID(request.cart_id).bytes if request.cart_id else None,
            lines=[OrderLine(line.sku, line.quantity) for line in request.lines] if request.lines else None,
            email=request.email or None,
            shipping_address=msgspec.to_builtins(address) if address else None,
            expected_total=total.amount if total else None,
            request_id=self.request_id,
        )


def read_order(scope: Scope, body: bytes, currency: str) -> OrderCall:
    """
    Raises:
        InvalidToken, UnsupportedMedia, Unreadable, DuplicateKey, Invalid, EmptyOrder
    """
    token = bearer_token(scope)
    request = parse(scope, body)
    _check(request, currency)
    key = header(scope, b"idempotency-key")
    if key is not None and not _KEY.match(key):
        field = FieldError("Idempotency-Key", f"1 to {MAX_KEY_CHARACTERS} printable ASCII characters", "wrong_form")
        raise Invalid(errors=[field])
    quantities = merged(request.lines) if request.lines else None
    return OrderCall(request, quantities, token, key, *patience(header(scope, b"prefer")), request_id_of(scope))


def parse(scope: Scope, body: bytes) -> OrderRequest:
    """The body, strictly: no leniency about types, no unknown and no repeated members."""
    media = header(scope, b"content-type")
    if media != "application/json":
        check_json(scope, body)
    try:
        request = _decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        check_json(scope, body)
        raise to_problem(error) from error
    # Every member has a colon. As many colons as members: none stands twice, for the decoder
    # keeps one of two. More of them: text with a colon, or a repeated member.
    if body.count(b":") != _members(request):
        check_json(scope, body)
    return request


def _members(request: OrderRequest) -> int:
    """How many members the objects of the request have."""
    unset = msgspec.UNSET
    address, total = request.shipping_address, request.expected_total
    count = (request.cart_id is not unset) + (request.email is not unset)
    if request.lines is not unset:
        count += 1 + 2 * len(request.lines or ())
    if address is not unset:
        count += 1 + (5 + (address.line2 is not unset) if address else 0)
    if total is not unset:
        count += 1 + (2 if total else 0)
    return count


def _check(request: OrderRequest, currency: str) -> None:
    """What the types do not say."""
    lines_given = isinstance(request.lines, list)
    if lines_given and not request.lines and not request.cart_id:
        raise EmptyOrder()
    if lines_given == bool(request.cart_id):
        raise Invalid(errors=[FieldError("", "exactly one of `cart_id` and `lines`", "either")])
    if request.shipping_address and request.shipping_address.country not in COUNTRIES:
        raise Invalid(errors=[FieldError("shipping_address.country", "not in ISO 3166-1 alpha-2", "unknown_country")])
    if request.expected_total and request.expected_total.currency != currency:
        message = f"this shop sells in {currency}"
        raise Invalid(errors=[FieldError("expected_total.currency", message, "other_currency", {"value": currency})])


def patience(prefer: str | None) -> tuple[float, str | None]:
    """Seconds to wait, and the value of `Preference-Applied` (RFC 7240).

    `wait=N` in seconds, at most 30, beats `respond-async`; what is not understood is passed over.
    """
    if prefer is None:
        return DEFAULT_WAIT_SECONDS, None
    seconds, asynchronous = None, False
    for preference in prefer.split(","):
        name, _, value = preference.partition(";")[0].partition("=")
        match name.strip().lower():
            case "wait" if seconds is None and _DIGITS.match(value := value.strip().strip('"')):
                seconds = min(float(value), MAX_WAIT_SECONDS)
            case "respond-async":
                asynchronous = True
    if seconds is not None:
        return seconds, f"wait={seconds:.0f}"
    return (0.0, "respond-async") if asynchronous else (DEFAULT_WAIT_SECONDS, None)


def bearer_token(scope: Scope) -> str | None:
    """The access token as it came; the service that acts on it verifies it.

    Raises:
        InvalidToken: the header names another scheme, or no token.
    """
    authorization = header(scope, b"authorization")
    if not authorization:
        return None
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise InvalidToken("Use: Authorization: Bearer <access token>.")
    return token.strip()
