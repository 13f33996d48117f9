"""What products and categories say of pictures: one that is referred to is there, and stays."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from markethall.catalog.media import repository
from markethall.catalog.media.picture import digests_in
from markethall.kit.errors import FieldError, Invalid


async def refer(connection: AsyncConnection, field: str, addresses: Sequence[str]) -> None:
    """Before a row with these addresses is written, in the same transaction. `field` is what the payload calls them.

    Raises:
        Invalid: a picture of this shop is named that is not there.
    """
    wanted = digests_in(addresses)
    if not wanted:
        return
    there = await repository.hold(connection, list(wanted))
    errors = [
        FieldError(field.format(place), "There is no such picture: upload it (again).", "unknown_picture")
        for digest, place in wanted.items()
        if digest not in there
    ]
    if errors:
        raise Invalid(errors=errors)
