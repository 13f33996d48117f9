"""Amounts as people write them (`15.99`), and as the shop takes them (whole minor units)."""

import re
from decimal import Decimal

from markethall.contracts.public import Money
from markethall.kit.field_codes import FieldCode

# ISO 4217: currencies whose minor unit is not a hundredth.
_WHOLE = re.compile("BIF|CLP|DJF|GNF|ISK|JPY|KMF|KRW|PYG|RWF|UGX|UYI|VND|VUV|XAF|XOF|XPF")
_THOUSANDTHS = re.compile("BHD|IQD|JOD|KWD|LYD|OMR|TND")


def minor_digits(currency: str) -> int:
    """How many digits follow the point."""
    if _WHOLE.fullmatch(currency):
        return 0
    return 3 if _THOUSANDTHS.fullmatch(currency) else 2


class BadAmount(ValueError):
    """No amount of that currency. The message is for whoever wrote it; `code` and `values` as of a `FieldError`."""

    def __init__(self, message: str, code: FieldCode, **values: str | int) -> None:
        super().__init__(message)
        self.code = code
        self.values = values


def parse_amount(text: str, currency: str) -> int:
    """Minor units. Raises BadAmount."""
    if re.fullmatch(r"[0-9]+,[0-9]+", text):
        raise BadAmount(f"{text!r}: write the amount with a point, not a comma", "comma", value=text)
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        such = example(currency)
        raise BadAmount(f"{text!r} is not an amount such as {such}", "not_an_amount", value=text, such=such)
    digits = minor_digits(currency)
    minor = Decimal(text).scaleb(digits)
    if minor != minor.to_integral_value():
        message = f"{text!r} is finer than {currency} goes: {digits} digits after the point"
        raise BadAmount(message, "too_fine", value=text, digits=digits)
    return int(minor)


def example(currency: str) -> str:
    """An amount as this currency is written."""
    return str(Decimal(1599).scaleb(-minor_digits(currency)))


def show(money: Money) -> str:
    """`15.99 EUR`, thousands grouped."""
    digits = minor_digits(money.currency)
    return f"{Decimal(money.amount).scaleb(-digits):,.{digits}f} {money.currency}"
