"""Amounts as people write them (`15.99`), and as the shop takes them (whole minor units)."""

import re
from decimal import Decimal

from markethall.contracts.public import Money

# ISO 4217: currencies whose minor unit is not a hundredth.
_WHOLE = re.compile("BIF|CLP|DJF|GNF|ISK|JPY|KMF|KRW|PYG|RWF|UGX|UYI|VND|VUV|XAF|XOF|XPF")
_THOUSANDTHS = re.compile("BHD|IQD|JOD|KWD|LYD|OMR|TND")


def minor_digits(currency: str) -> int:
    """How many digits follow the point."""
    if _WHOLE.fullmatch(currency):
        return 0
    return 3 if _THOUSANDTHS.fullmatch(currency) else 2


def parse_amount(text: str, currency: str) -> int:
    """Minor units. Raises ValueError, with a reason for whoever wrote it."""
    if re.fullmatch(r"[0-9]+,[0-9]+", text):
        raise ValueError(f"{text!r}: write the amount with a point, not a comma")
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        raise ValueError(f"{text!r} is not an amount such as {example(currency)}")
    digits = minor_digits(currency)
    minor = Decimal(text).scaleb(digits)
    if minor != minor.to_integral_value():
        raise ValueError(f"{text!r} is finer than {currency} goes: {digits} digits after the point")
    return int(minor)


def example(currency: str) -> str:
    """An amount as this currency is written."""
    return str(Decimal(1599).scaleb(-minor_digits(currency)))


def show(money: Money) -> str:
    """`15.99 EUR`, thousands grouped."""
    digits = minor_digits(money.currency)
    return f"{Decimal(money.amount).scaleb(-digits):,.{digits}f} {money.currency}"
