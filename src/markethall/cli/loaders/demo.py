"""The toy store: 60 products in 8 categories, kept as catalogue files like anyone's, each with a drawing of its own."""

from dataclasses import replace
from importlib.resources import files

from markethall.catalog.media.drawings import drawing
from markethall.cli.api import Shop
from markethall.listings.catalog_csv import parse
from markethall.listings.listing import ProductListing, category_slug
from markethall.listings.loading import WORKERS, Taken, load

SOURCE = "toy-store"


def toy_store(currency: str) -> list[ProductListing]:
    """Prices are written for euros; a shop of another currency takes the numbers as they are."""
    folder = files("markethall.cli.loaders").joinpath("toy_store")
    listings: list[ProductListing] = []
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".csv"):
            listings += parse(file.read_bytes(), currency)
    return [replace(listing, images=_drawn(listing.slug)) for listing in listings]


def category_images(listings: list[ProductListing]) -> dict[str, str]:
    """By slug."""
    paths = {listing.category[:depth] for listing in listings for depth in range(1, len(listing.category) + 1)}
    return {slug: url for slug in map(category_slug, sorted(paths)) for url in _drawn(slug)}


def _drawn(slug: str) -> tuple[str, ...]:
    drawn = drawing(slug)
    return (drawn.url,) if drawn else ()


async def load_demo(base_url: str, admin_email: str, admin_password: str, currency: str = "EUR") -> int:
    """Stocks the toy store and returns how many products were new. Slugs that are taken are left alone.

    Raises ApiError where the shop cannot be reached or the admin not signed in, LoadFailed where
    the shop refuses a part; nothing of the toy store is kept then.
    """
    async with Shop(base_url, connections=WORKERS) as shop:
        await shop.sign_in(admin_email, admin_password)
        listings = toy_store(currency)
        loaded = await load(
            shop,
            listings,
            currency=currency,
            source=SOURCE,
            taken=Taken.LEAVE,
            category_images=category_images(listings),
        )
    return loaded.products
