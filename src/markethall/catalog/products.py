"""Making, changing and archiving products."""

import dataclasses
import secrets
from collections.abc import Mapping
from typing import Any

from markethall.catalog import repository
from markethall.catalog.changes import Changes
from markethall.catalog.errors import SlugTaken, check_version
from markethall.catalog.media.referring import refer
from markethall.catalog.product import Content, Product, check, snapshot
from markethall.catalog.words import slug_of
from markethall.contracts.messages import CatalogChanged
from markethall.kit.db_reads import Reads
from markethall.kit.errors import Invalid, NotFound
from markethall.kit.ids import random_id

MAX_SLUG_STEM = 80
NUMBERED_SLUGS = 50
SLUG_ATTEMPTS = 5


class Products:
    """The products of the shop. Each method is one transaction."""

    def __init__(self, reads: Reads, changes: Changes) -> None:
        self._reads = reads
        self._changes = changes

    async def find(self, slug: str) -> Product:
        """
        Raises:
            NotFound: there never was one. An archived one is found.
        """
        product = await self._reads.begin(lambda connection: repository.find(connection, slug))
        if product is None:
            raise NotFound()
        return product

    async def add(self, slug: str | None, content: Content) -> Product:
        """A new product; without a slug, one is made from its name.

        Raises:
            Invalid, SlugTaken, SkuTaken: nothing is kept.
        """
        _check(content)
        async with self._changes.begin() as change:
            await repository.hold_tree(change.connection)
            await refer(change.connection, "images[{}]", content.images)
            product = None
            for attempt in range(1 if slug else SLUG_ATTEMPTS):
                chosen = slug or await self._free_slug(change.connection, content.name, attempt)
                product = await repository.add(change.connection, random_id(), chosen, content)
                if product is not None:
                    break
            if product is None:
                raise SlugTaken(f"The slug {chosen!r} is taken.")
            change.announce(CatalogChanged([snapshot(product)]))
        return product

    async def change(self, slug: str, if_match: str | None, given: Mapping[str, Any]) -> Product:
        """`given`: fields of `Content`, and `slug` and `active`, that are to be another value from now on.

        Raises:
            NotFound, VersionRequired, VersionMismatch, Invalid, SlugTaken, SkuTaken: nothing is changed.
        """
        async with self._changes.begin() as change:
            # The lock decides between two who read the same version: the second finds another one here.
            old = await repository.lock(change.connection, slug)
            if old is None:
                raise NotFound()
            check_version(if_match, old.version)
            named = {name: value for name, value in given.items() if name in ("slug", "active")}
            content = dataclasses.replace(old.content, **{k: v for k, v in given.items() if k not in named})
            _check(content)
            new = dataclasses.replace(old, version=old.version + 1, content=content, **named)
            if "images" in given:
                await refer(change.connection, "images[{}]", content.images)
            await repository.replace(change.connection, new)
            former = [old.slug] if new.slug != old.slug else []
            change.announce(CatalogChanged([snapshot(new)], former_slugs=former))
        return new

    async def archive(self, slug: str, if_match: str | None) -> None:
        """
        Raises:
            NotFound: there is none, or it is archived already.
            VersionMismatch: `if_match` is given and names another version.
        """
        async with self._changes.begin() as change:
            old = await repository.lock(change.connection, slug)
            if old is None or not old.active:
                raise NotFound()
            check_version(if_match, old.version, required=False)
            new = dataclasses.replace(old, version=old.version + 1, active=False)
            await repository.archive(change.connection, new)
            change.announce(CatalogChanged([snapshot(new)]))

    @staticmethod
    async def _free_slug(connection: Any, name: str, attempt: int) -> str:
        stem = slug_of(name)[:MAX_SLUG_STEM].strip("-") or "product"
        numbered = [stem, *(f"{stem}-{n}" for n in range(2, NUMBERED_SLUGS))]
        # Others take slugs meanwhile: from the second attempt on chance decides, and none are in each other's way.
        if attempt == 0:
            taken = await repository.taken_slugs(connection, numbered)
            free = next((slug for slug in numbered if slug not in taken), None)
            if free is not None:
                return free
        return f"{stem}-{secrets.token_hex(4)}"


def _check(content: Content) -> None:
    if errors := check(content):
        raise Invalid(errors=errors)
