"""The drawings of the toy store, which come with catalog: `scripts/drawings` makes them."""

import re
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from importlib.resources import files

SIDE = 800
"""Width and height that an address tells. They are drawings: any size suits them."""
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True)
class Drawing:
    """An SVG, and the address that changes with it."""

    body: bytes
    url: str


@lru_cache(maxsize=128)
def drawing(name: str) -> Drawing | None:
    """`name` is the slug of a product, or of a category, of the toy store."""
    file = files("markethall.catalog.media").joinpath("drawings", f"{name}.svg")
    if NAME.fullmatch(name) is None or not file.is_file():
        return None
    body = file.read_bytes()
    digest = blake2b(body, digest_size=16).hexdigest()
    return Drawing(body, f"/media/{digest}-{SIDE}x{SIDE}/{name}.svg")
