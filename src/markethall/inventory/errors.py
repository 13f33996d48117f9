"""What inventory may refuse."""

from markethall.kit.errors import Conflict, Invalid, NotFound


class UnknownSku(NotFound):
    """Catalog never had a variant with this SKU, or inventory has not heard of it yet."""

    title = "There is no such SKU"


class NoReplenishment(NotFound):
    title = "This SKU is not replenished"


class BelowReserved(Conflict):
    """A correction would take goods that orders hold already."""

    code = "below_reserved"
    title = "More than that is reserved"


class TooMuchStock(Conflict):
    code = "too_much_stock"
    title = "So much cannot be on hand"


class KeyReused(Invalid):
    code = "idempotency_key_reused"
    title = "This Idempotency-Key came with another body before"
