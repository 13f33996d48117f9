"""String types that the wire schemas use: bounded, and without what PostgreSQL cannot store."""

from typing import Annotated

from msgspec import Meta

NO_NUL = r"^[^\x00]*\Z"

ShortText = Annotated[str, Meta(min_length=1, max_length=200, pattern=NO_NUL)]
"""A name or a title."""
OptionalText = Annotated[str, Meta(max_length=200, pattern=NO_NUL)]
LongText = Annotated[str, Meta(max_length=20_000, pattern=NO_NUL)]
"""A description."""
Sku = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._\-]*\Z")]
Slug = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*\Z")]
Quantity = Annotated[int, Meta(ge=1, le=9999)]
IdempotencyKey = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^[\x20-\x7e]+\Z")]
MAX_AMOUNT = 10**12
"""Bound on prices, in minor units."""
