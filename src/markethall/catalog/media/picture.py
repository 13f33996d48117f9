"""A picture: its sizes, and the address that tells them. Pure: no SQL, no HTTP, no pixels."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

WIDTHS = (320, 640, 1280)
"""In pixels. Each picture is kept in all three; none is wider than what was uploaded."""
MAX_PIXELS = 50_000_000
"""Of what is uploaded: a photograph of a good telephone. Decoded, it takes 200 MB."""
MAX_SIDE = 16_383
"""Of what is uploaded, in pixels: WebP has no more."""
RECIPE = b"webp 1"
"""Part of every name. Another way of making pictures must have another one, for what has a name never changes."""

_ADDRESS = re.compile(r"/media/([0-9a-f]{32})-[0-9]{1,5}x[0-9]{1,5}/(?:320|640|1280)\.webp\Z")


@dataclass(frozen=True)
class Size:
    """A picture as one file, in pixels."""

    url: str
    width: int
    height: int


@dataclass(frozen=True)
class Picture:
    """A picture that was uploaded. `width` and `height` are those of its largest file, in pixels."""

    digest: str
    width: int
    height: int

    @property
    def sizes(self) -> list[Size]:
        """From the smallest to the largest."""
        return [self._size(width) for width in WIDTHS]

    def _size(self, width: int) -> Size:
        folder = f"/media/{self.digest}-{self.width}x{self.height}"
        return Size(f"{folder}/{width}.webp", *scaled(self.width, self.height, width))


def digest_of(content: bytes) -> str:
    """The name of the picture that is made of `content`."""
    return blake2b(content, digest_size=16, key=RECIPE).hexdigest()


def file_name(digest: str, width: int) -> str:
    """Under which storage has it."""
    return f"{digest}/{width}.webp"


def scaled(width: int, height: int, to_width: int) -> tuple[int, int]:
    """In the same proportions, and never enlarged."""
    if width <= to_width:
        return width, height
    return to_width, max(1, round(height * to_width / width))


def digests_in(addresses: Iterable[str]) -> dict[str, int]:
    """The pictures of this shop that are named, each with the place where it is named first."""
    found: dict[str, int] = {}
    for place, address in enumerate(addresses):
        if match := _ADDRESS.search(address):
            found.setdefault(match[1], place)
    return found
