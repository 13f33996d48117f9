"""What `POST /api/orders` answers beside an order."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from markethall.contracts.messages import Shortage
from markethall.contracts.public import Money


class OrderConflict(msgspec.Struct, frozen=True):
    """The problem documents `out_of_stock`, `price_changed` and `order_cancelled`."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    order_id: Annotated[str | UnsetType | None, Meta(description="The order that was made, if one was")] = UNSET
    shortages: Annotated[list[Shortage] | UnsetType, Meta(description="out_of_stock: what was short")] = UNSET
    total: Annotated[Money | UnsetType, Meta(description="price_changed: what it would cost now")] = UNSET
