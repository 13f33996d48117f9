"""The demo's goods, before any shop sees them."""

import re

from markethall.cli.loaders.demo import toy_store
from markethall.listings.listing import category_slug

STORE = toy_store("EUR")


def test_there_are_60_products_in_8_categories() -> None:
    assert len({listing.slug for listing in STORE}) == 60
    paths = {listing.category[:depth] for listing in STORE for depth in range(1, len(listing.category) + 1)}
    assert len({category_slug(path) for path in paths}) == 8


def test_skus_are_unique() -> None:
    skus = [variant.sku for listing in STORE for variant in listing.variants]
    assert len(skus) == len(set(skus))


def test_shirts_have_sizes_hats_colours_and_candy_flavours() -> None:
    for category, option in (("T-Shirts", "size"), ("Hats", "colour"), ("Candy", "flavour")):
        inside = [listing for listing in STORE if listing.category[-1] == category]
        assert len(inside) >= 8
        assert all(len(listing.options[option]) > 1 for listing in inside)


def test_everything_is_in_stock_at_a_price_and_described() -> None:
    for listing in STORE:
        assert all(variant.stock > 0 and variant.price >= 100 for variant in listing.variants), listing.slug
        assert re.fullmatch(r"[^ ].{40,}[.]", listing.description), listing.slug
