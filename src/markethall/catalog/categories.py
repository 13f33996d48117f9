"""Making, changing and removing categories."""

import dataclasses
import secrets
from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from markethall.catalog import category_repository as repository
from markethall.catalog.category import Category, check_name, check_place
from markethall.catalog.changes import Changes
from markethall.catalog.errors import CategoryInUse, SlugTaken, check_version, unknown_category
from markethall.catalog.media.referring import refer
from markethall.catalog.words import slug_of
from markethall.contracts.messages import CatalogChanged
from markethall.kit.cursors import InvalidCursor, decode_cursor, encode_cursor
from markethall.kit.db_reads import Reads
from markethall.kit.errors import Invalid, NotFound

CHANGED = CatalogChanged([], categories_changed=True)
MAX_SLUG_STEM = 80
MAX_POSITION = 1_000_000
MAX_PRODUCTS_LOOKED_AT = 2_000
MAX_OPTIONS_SHOWN = 6
MAX_VALUES_SHOWN = 30
_LIST = "categories"


class Categories:
    """The tree of categories. Each method is one transaction; those that change the tree run one at a time."""

    def __init__(self, reads: Reads, changes: Changes) -> None:
        self._reads = reads
        self._changes = changes

    async def page(self, cursor: str | None, limit: int) -> tuple[list[Category], str | None]:
        """By position, then slug; and the cursor of the next page.

        Raises:
            InvalidCursor
        """
        after = None
        if cursor is not None:
            position, slug = decode_cursor(_LIST, None, cursor, (int, str))
            if not 0 <= position <= MAX_POSITION:
                raise InvalidCursor()
            after = position, slug
        found = await self._reads.begin(lambda connection: repository.page(connection, after, limit + 1))
        shown = found[:limit]
        more = len(found) > limit
        return shown, encode_cursor(_LIST, None, [shown[-1].position, shown[-1].slug]) if more else None

    async def find(self, slug: str) -> Category:
        """
        Raises:
            NotFound
        """
        return await self._reads.begin(lambda connection: _find(connection, slug))

    async def options(self, slug: str) -> list[tuple[str, str, int]]:
        """Option, value, and how many products of the category have it (of its newest `MAX_PRODUCTS_LOOKED_AT`).

        Raises:
            NotFound
        """

        async def read(connection: AsyncConnection) -> list[tuple[str, str, int]]:
            return await repository.options_in(
                connection,
                await _find(connection, slug),
                products=MAX_PRODUCTS_LOOKED_AT,
                names=MAX_OPTIONS_SHOWN,
                values=MAX_VALUES_SHOWN,
            )

        return await self._reads.begin(read)

    async def add(
        self, slug: str | None, name: str, parent: str | None, position: int, image: str | None = None
    ) -> Category:
        """A new category; without a slug, one is made from its name.

        Raises:
            Invalid, SlugTaken: nothing is kept.
        """
        _refuse(check_name(name))
        async with self._changes.begin() as change:
            connection = change.connection
            await repository.hold_tree_alone(connection)
            _refuse(check_place(0, 1, await _path(connection, parent)))
            if slug is None:
                slug = slug_of(name)[:MAX_SLUG_STEM].strip("-") or "category"
                if await repository.find(connection, slug) is not None:
                    slug = f"{slug}-{secrets.token_hex(4)}"
            await refer(connection, "image", [image] if image else [])
            if not await repository.add(connection, Category(0, slug, name, parent, position, 1, image)):
                raise SlugTaken(f"The slug {slug!r} is taken.")
            change.announce(CHANGED)
            return await _find(connection, slug)

    async def change(self, slug: str, if_match: str | None, given: Mapping[str, Any]) -> Category:
        """`given`: fields of `Category` that are to be another value from now on. Its slug is for good.

        Raises:
            NotFound, VersionRequired, VersionMismatch, Invalid: nothing is changed.
        """
        async with self._changes.begin() as change:
            connection = change.connection
            await repository.hold_tree_alone(connection)
            old = await _find(connection, slug)
            check_version(if_match, old.version)
            new = dataclasses.replace(old, version=old.version + 1, **given)
            _refuse(check_name(new.name))
            if new.parent != old.parent:
                path = await _path(connection, new.parent)
                _refuse(check_place(old.id, await repository.height(connection, old.id), path))
            if "image" in given:
                await refer(connection, "image", [new.image] if new.image else [])
            await repository.replace(connection, new)
            if new.parent != old.parent:
                await repository.reshelve(connection, new)
            if new.name != old.name:
                await repository.reword(connection, new)
            change.announce(CHANGED)
        return new

    async def remove(self, slug: str, if_match: str | None) -> None:
        """
        Raises:
            NotFound
            CategoryInUse: an active product or another category is in it.
            VersionMismatch: `if_match` is given and names another version.
        """
        async with self._changes.begin() as change:
            await repository.hold_tree_alone(change.connection)
            category = await _find(change.connection, slug)
            check_version(if_match, category.version, required=False)
            if await repository.is_in_use(change.connection, category):
                raise CategoryInUse()
            await repository.remove(change.connection, category)
            change.announce(CHANGED)


async def _find(connection: AsyncConnection, slug: str) -> Category:
    category = await repository.find(connection, slug)
    if category is None:
        raise NotFound()
    return category


async def _path(connection: AsyncConnection, parent: str | None) -> list[int]:
    """The ids from the parent up to the top."""
    if parent is None:
        return []
    category = await repository.find(connection, parent)
    if category is None:
        raise unknown_category("parent", parent)
    return await repository.ancestors(connection, category.id)


def _refuse(errors: list[Any]) -> None:
    if errors:
        raise Invalid(errors=errors)
