"""Puts listings into a shop: categories, then products, then their stock. All of it, or nothing.

Products first: what is refused is refused before any stock moved. A load that was cut off can be
repeated: products that are there as listed are left, archived ones come back, receipts of stock carry a key.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from markethall.contracts.public import ProductView
from markethall.listings.calls import ApiError, LoadingShop, Refused
from markethall.listings.listing import ProductListing, VariantListing, category_slug
from markethall.listings.pool import each

WORKERS = 24

Advance = Callable[[], None]


class Taken(Enum):
    """What to do where the shop has another product at a listing's slug."""

    REFUSE = "refuse"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True)
class Loaded:
    products: int
    """New ones."""
    left: int
    """Those that were there already."""
    units: int
    """Received for the new ones."""


class LoadFailed(Exception):
    """Nothing of the load is kept, save what `remains` names."""

    def __init__(self, listing: ProductListing | None, reason: ApiError, archived: int, remains: list[str]) -> None:
        super().__init__(str(reason))
        self.listing = listing
        self.reason = reason
        self.archived = archived
        self.remains = tuple(remains)


async def load(
    shop: LoadingShop,
    listings: Sequence[ProductListing],
    *,
    currency: str,
    source: str,
    taken: Taken,
    category_images: Mapping[str, str] | None = None,
    advance: Advance = lambda: None,
) -> Loaded:
    """`source` names the load in the stock's ledger and makes its keys: the same source counts once.
    `category_images`: addresses by slug, for categories that are new.

    Calls `advance` for each product and each SKU with stock. Raises LoadFailed.
    """
    loading = _Loading(shop, currency, source, taken, category_images or {}, advance)
    try:
        await loading.categories(listings)
        await each(listings, loading.product, WORKERS)
        await each(loading.arriving(), loading.receipt, WORKERS)
    except ApiError as error:
        archived, remains = await asyncio.shield(loading.undo())
        raise LoadFailed(loading.failed_at, error, archived, remains) from error
    units = sum(variant.stock for listing in loading.created for variant in listing.variants)
    return Loaded(len(loading.created), len(loading.present) + len(loading.skipped), units)


@dataclass(slots=True)
class _Loading:
    shop: LoadingShop
    currency: str
    source: str
    taken: Taken
    category_images: Mapping[str, str]
    advance: Advance
    new_categories: list[str] = field(default_factory=list)
    created: list[ProductListing] = field(default_factory=list)
    present: list[ProductListing] = field(default_factory=list)
    skipped: list[ProductListing] = field(default_factory=list)
    failed_at: ProductListing | None = None
    unknown: list[ProductListing] = field(default_factory=list)
    """Nobody answered when they were to be created."""

    async def categories(self, listings: Sequence[ProductListing]) -> None:
        """Parents before children, those of one depth at once."""
        paths = {listing.category[:depth] for listing in listings for depth in range(1, len(listing.category) + 1)}
        for depth in sorted({len(path) for path in paths}):
            await each(sorted(path for path in paths if len(path) == depth), self._category, WORKERS)

    async def _category(self, path: tuple[str, ...]) -> None:
        slug = category_slug(path)
        payload = {"slug": slug, "name": path[-1]}
        if len(path) > 1:
            payload["parent"] = category_slug(path[:-1])
        if slug in self.category_images:
            payload["image"] = self.category_images[slug]
        try:
            await self.shop.create_category(payload)
        except Refused as refused:
            if refused.status != 409:
                raise
        else:
            self.new_categories.append(slug)

    async def product(self, listing: ProductListing) -> None:
        try:
            try:
                await self.shop.create_product(listing.body(self.currency))
            except Refused as refused:
                await self._refused(listing, refused)
            else:
                self.created.append(listing)
        except ApiError as error:
            self._note(listing)
            if not isinstance(error, Refused):
                self.unknown.append(listing)
            raise
        self.advance()

    async def _refused(self, listing: ProductListing, refused: Refused) -> None:
        """A slug that is taken may be this very product, from a load that was cut off or undone."""
        there = await self._find(listing.slug) if refused.code == "slug_taken" else None
        if there is not None and there.status == "active" and listing.is_sold_as(there):
            self.present.append(listing)
        elif refused.code == "slug_taken" and self.taken is Taken.LEAVE:
            self.skipped.append(listing)
        elif refused.code == "slug_taken" and (there is None or there.status == "archived"):
            await self.shop.revive_product(listing.slug, listing.body(self.currency))
            self.created.append(listing)
        else:
            raise refused

    async def _find(self, slug: str) -> ProductView | None:
        """None where it is archived and the shop does not show it."""
        try:
            return await self.shop.product(slug)
        except Refused as refused:
            if refused.status != 404:
                raise
            return None

    def _note(self, listing: ProductListing) -> None:
        """The first to fail is the one to name."""
        self.failed_at = self.failed_at or listing

    def arriving(self) -> list[tuple[ProductListing, VariantListing]]:
        ours = (*self.created, *self.present)
        return [(listing, variant) for listing in ours for variant in listing.variants if variant.stock]

    async def receipt(self, arrival: tuple[ProductListing, VariantListing]) -> None:
        listing, variant = arrival
        key = f"{self.source}:{variant.line}:{variant.sku}"
        try:
            await self.shop.receive(variant.sku, variant.stock, reference=self.source, key=key)
        except ApiError:
            self._note(listing)
            raise
        self.advance()

    async def undo(self) -> tuple[int, list[str]]:
        """How many products were archived, and what could not be taken away again.

        Receipts stay in the ledger: it only grows. Nobody can buy what is archived, and the same
        source loaded again does not count them twice.
        """
        remains = [f"product {listing.slug}, if it was created" for listing in self.unknown]
        archived = 0

        async def archive(listing: ProductListing) -> None:
            nonlocal archived
            try:
                await self.shop.archive_product(listing.slug)
                archived += 1
            except ApiError:
                remains.append(f"product {listing.slug}")

        await each(self.created, archive, WORKERS)
        for slug in reversed(self.new_categories):
            try:
                await self.shop.delete_category(slug)
            except ApiError:
                remains.append(f"category {slug}")
        return archived, remains
