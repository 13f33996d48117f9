"""Which pictures there are, and since when nothing refers to them. Every function works in its caller's transaction."""

from collections.abc import Sequence

from sqlalchemy import bindparam, text, update
from sqlalchemy.dialects.postgresql import ARRAY, TEXT, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from markethall.catalog.media.picture import Picture
from markethall.catalog.tables import pictures

IN_USE = """
    SELECT substring(address FROM '/media/([0-9a-f]{32})-') AS digest
    FROM products, json_array_elements_text(products.images) AS address
    WHERE address LIKE '%/media/%'
    UNION
    SELECT substring(image FROM '/media/([0-9a-f]{32})-') FROM categories WHERE image LIKE '%/media/%'
"""
MARK_UNUSED = text(
    f"""
    WITH used AS ({IN_USE})
    UPDATE pictures SET unused_since = now()
    WHERE unused_since IS NULL AND NOT EXISTS (SELECT FROM used WHERE used.digest = pictures.digest)
    """  # noqa: S608
)
UNMARK_USED = text(
    f"""
    WITH used AS ({IN_USE})
    UPDATE pictures SET unused_since = NULL
    WHERE unused_since IS NOT NULL AND EXISTS (SELECT FROM used WHERE used.digest = pictures.digest)
    """  # noqa: S608
)
FORGET = text(
    """
    DELETE FROM pictures WHERE digest IN (
        SELECT digest FROM pictures
        WHERE unused_since < now() - make_interval(secs => :seconds)
        ORDER BY unused_since LIMIT :most FOR UPDATE SKIP LOCKED
    ) RETURNING digest
    """
)
HOLD = text("SELECT digest FROM pictures WHERE digest = ANY(:digests) ORDER BY digest FOR UPDATE").bindparams(
    bindparam("digests", type_=ARRAY(TEXT))
)
AGAIN = text("CASE WHEN pictures.unused_since IS NULL THEN NULL ELSE now() END")


async def find_again(connection: AsyncConnection, digest: str) -> Picture | None:
    """The picture that is there already. If nothing refers to it, its time begins anew."""
    statement = update(pictures).where(pictures.c.digest == digest).values(unused_since=AGAIN)
    row = (await connection.execute(statement.returning(pictures.c.width, pictures.c.height))).one_or_none()
    return None if row is None else Picture(digest, row.width, row.height)


async def add(connection: AsyncConnection, picture: Picture) -> None:
    """Nothing refers to it yet. If it is there already, as `find_again`."""
    values = {"digest": picture.digest, "width": picture.width, "height": picture.height}
    statement = insert(pictures).values(**values)
    await connection.execute(
        statement.on_conflict_do_update(index_elements=[pictures.c.digest], set_={"unused_since": AGAIN})
    )


async def hold(connection: AsyncConnection, digests: Sequence[str]) -> set[str]:
    """Those that are there. None of them is removed from now on, for the caller is about to refer to them."""
    found = set((await connection.execute(HOLD, {"digests": list(digests)})).scalars())
    used = update(pictures).where(pictures.c.digest.in_(found), pictures.c.unused_since.is_not(None))
    await connection.execute(used.values(unused_since=None))
    return found


async def mark(connection: AsyncConnection) -> None:
    """Notes which pictures nothing refers to any more, and takes it back where something does again."""
    await connection.execute(UNMARK_USED)
    await connection.execute(MARK_UNUSED)


async def forget(connection: AsyncConnection, unused_seconds: float, most: int) -> list[str]:
    """Takes out pictures that nothing has referred to for so long: their digests."""
    return list((await connection.execute(FORGET, {"seconds": unused_seconds, "most": most})).scalars())
