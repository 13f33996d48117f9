"""Product documents with `available` filled in: catalog's share is encoded once, numbers are put between."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec

from markethall.contracts.internal import ListDocument, ListedProducts, ProductDocument
from markethall.contracts.public import ProductPage, ProductView
from markethall.front.availability import Availability
from markethall.kit.http_exchange import Prepared

# Nothing but the places to fill in can look like this: in text, quotes are escaped, and no
# attribute is null.
_PLACE = b'"available":null'
_FILLED = b'"available":'

Count = Callable[[tuple[str, ...]], int | None]


@dataclass(slots=True)
class Document:
    """What is sent: the JSON, and an entity tag that differs where the JSON does."""

    body: bytes
    etag: bytes
    hit: Prepared | None = field(default=None, compare=False)
    """The answer to who finds it in the cache, once it was given."""
    unchanged: Prepared | None = field(default=None, compare=False)
    """The same to who has it already."""


class Template:
    """A document with places for numbers. Each place shows the sum over its SKUs."""

    __slots__ = ("_composed", "_generation", "_parts", "_places", "_tag")

    def __init__(self, encoded: bytes, places: Sequence[tuple[str, ...]], tag: str) -> None:
        self._parts = encoded.split(_PLACE)
        assert len(self._parts) == len(places) + 1, "a place without its SKUs"
        self._places = tuple(places)
        self._tag = tag
        self._composed: Document | None = None
        self._generation = -1

    @property
    def skus(self) -> list[str]:
        return [sku for skus in self._places for sku in skus]

    def composed(self, availability: Availability) -> Document | None:
        """The document as it was last put together, if no number has changed since then."""
        availability.refresh()
        return self._composed if self._generation == availability.generation else None

    async def compose(self, availability: Availability) -> Document:
        """Filled in with what is known, after asking for what is not."""
        await availability.learn(self.skus)
        values = [availability.total(skus) for skus in self._places]
        self._composed = self._fill(values)
        # What is not known is looked for again each time.
        self._generation = -1 if None in values else availability.generation
        return self._composed

    def compose_from(self, count: Count) -> Document:
        """Filled in by `count`, and not kept."""
        return self._fill([count(skus) for skus in self._places])

    def _fill(self, values: Sequence[int | None]) -> Document:
        numbers = _numbers(values)
        body = _joined(self._parts, numbers)
        digest = hashlib.blake2b(b",".join(numbers), digest_size=8).hexdigest()
        return Document(body, f'"{self._tag}-{digest}"'.encode())


def filled(encoded: bytes, values: Sequence[int | None]) -> bytes:
    """A document that is shown once, with a number for each of its places."""
    return _joined(encoded.split(_PLACE), _numbers(values))


def _numbers(values: Sequence[int | None]) -> list[bytes]:
    return [b"null" if value is None else b"%d" % value for value in values]


def _joined(parts: Sequence[bytes], numbers: Sequence[bytes]) -> bytes:
    between = (_FILLED + number + part for number, part in zip(numbers, parts[1:], strict=True))
    return parts[0] + b"".join(between)


def document_template(document: ProductDocument) -> Template:
    """The same as `product_template` of what catalog has encoded."""
    return Template(document.body, [(sku,) for sku in document.skus], str(document.version))


def product_template(view: ProductView) -> Template:
    encoded = msgspec.json.encode(view)
    return Template(encoded, [(variant.sku,) for variant in view.variants], str(view.version))


def list_document_template(document: ListDocument) -> Template:
    """The same as `list_template` of what catalog has encoded."""
    return _list_template(document.body, document.skus)


def list_template(listed: ListedProducts) -> Template:
    encoded = msgspec.json.encode(ProductPage([item.summary for item in listed.items], listed.next_cursor))
    return _list_template(encoded, [item.skus for item in listed.items])


def _list_template(encoded: bytes, skus: Sequence[Sequence[str]]) -> Template:
    return Template(encoded, [tuple(each) for each in skus], hashlib.blake2b(encoded, digest_size=8).hexdigest())
