"""The body of `POST /api/orders`, and what it means."""

import hashlib
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from markethall.contracts.public import Money

MAX_LINES = 1000
MAX_KEY_CHARACTERS = 255

_TEXT = r"^[^\x00]*\Z"
Name = Annotated[str, Meta(min_length=1, max_length=200, pattern=_TEXT)]
OptionalLine = Annotated[str, Meta(max_length=200, pattern=_TEXT)]
Sku = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._\-]*\Z")]
Quantity = Annotated[int, Meta(ge=1, le=9999)]
Email = Annotated[str, Meta(max_length=254, pattern=r"^[^@\s\x00]+@[^@\s\x00.]+(\.[^@\s\x00.]+)+\Z")]
CartId = Annotated[
    str, Meta(pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z", extra_json_schema={"format": "uuid"})
]
Country = Annotated[str, Meta(pattern=r"^[A-Z]{2}\Z", description="ISO 3166-1 alpha-2")]

_ISO_3166 = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ "
    "CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO "
    "FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE "
    "JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO "
    "MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW "
    "PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM "
    "TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW"
)
COUNTRIES = frozenset(_ISO_3166.split())
"""ISO 3166-1 alpha-2."""


class RequestedLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many of a variant. Repeated SKUs are one line with the sum."""

    sku: Sku
    quantity: Quantity


class ShippingAddress(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where it goes."""

    name: Name
    line1: Name
    postal_code: Annotated[str, Meta(min_length=1, max_length=20, pattern=_TEXT)]
    city: Name
    country: Country
    line2: OptionalLine | UnsetType | None = UNSET


class OrderRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Exactly one of `cart_id` and `lines`."""

    cart_id: CartId | UnsetType | None = UNSET
    lines: Annotated[list[RequestedLine], Meta(max_length=MAX_LINES)] | UnsetType | None = UNSET
    email: Email | UnsetType | None = UNSET
    shipping_address: ShippingAddress | UnsetType | None = UNSET
    expected_total: Money | UnsetType | None = UNSET


def fingerprint(request: OrderRequest) -> bytes:
    """SHA-256 of what is asked for: neither spelling, nor the order of lines, nor repeated SKUs matter."""
    address, total = request.shipping_address or None, request.expected_total or None
    meaning = (
        request.cart_id.lower() if request.cart_id else None,
        sorted(merged(request.lines).items()) if request.lines else None,
        request.email or None,
        address and (address.name, address.line1, address.line2 or "", address.postal_code, address.city),
        address and address.country,
        total and (total.amount, total.currency),
    )
    return hashlib.sha256(msgspec.msgpack.encode(meaning)).digest()


def merged(lines: list[RequestedLine]) -> dict[str, int]:
    """SKU → quantity, repeated SKUs summed."""
    quantities: dict[str, int] = {}
    for line in lines:
        quantities[line.sku] = quantities.get(line.sku, 0) + line.quantity
    return quantities
