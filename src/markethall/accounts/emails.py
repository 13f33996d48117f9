"""E-mail addresses: which are taken, and which two are the same."""

import unicodedata
from contextlib import suppress

import email_validator

from markethall.kit.errors import FieldError, Invalid

# No mail is sent from here. A shop on an inner network, and a test, may use `.internal` or `.test`.
email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()


def checked_email(text: str) -> str:
    """The address in its usual spelling (NFC, lower-case domain, no Punycode). Nothing is looked up.

    Raises:
        Invalid: it is not an address.
    """
    try:
        return _validated(text)
    except email_validator.EmailNotValidError as error:
        raise Invalid(errors=[FieldError("email", str(error), "not_an_email")]) from error


def same_email(text: str) -> str:
    """The key of an account: equal for all spellings of one address. Takes any text, an address or not."""
    with suppress(email_validator.EmailNotValidError):
        text = _validated(text)
    return folded(text)


def folded(text: str) -> str:
    """Case and compatibility forms taken away (Unicode's NFKC_Casefold, near enough)."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _validated(text: str) -> str:
    return email_validator.validate_email(text, check_deliverability=False).normalized
