"""`POST /internal/products-by-slug`: products for front, many at once. Plain ASGI, MessagePack.

Only what buyers see is answered here. Where there is nothing to see, `GET /internal/products/{slug}` says so.
"""

from collections.abc import Sequence

import msgspec

from markethall.catalog.finding import find_active
from markethall.catalog.product import Product, view
from markethall.catalog.requests import is_known_form
from markethall.contracts.internal import ProductDocument, ProductDocuments, ProductsBySlug
from markethall.kit.asgi import INTERNAL_BODY_BYTES, ASGIApp, Receive, Scope, Send, read_body, send_answer
from markethall.kit.db_reads import Reads
from markethall.kit.errors import TooLarge, Unreadable
from markethall.kit.freshness import CarriesFreshness

MAX_SLUGS = 500
BODY_SECONDS = 10.0

_decoder = msgspec.msgpack.Decoder(ProductsBySlug)


class InnerProducts:
    """As new as the request wants them, all of them."""

    def __init__(self, reads: Reads, currency: str) -> None:
        self._reads = reads
        self._currency = currency

    def handler(self) -> ASGIApp:
        """A plain ASGI handler."""

        async def products_by_slug(scope: Scope, receive: Receive, send: Send) -> None:
            body = await read_body(scope, receive, INTERNAL_BODY_BYTES, BODY_SECONDS)
            try:
                slugs = _decoder.decode(body).slugs
            except msgspec.DecodeError as error:
                raise Unreadable() from error
            if len(slugs) > MAX_SLUGS:
                raise TooLarge(f"At most {MAX_SLUGS} products at once.")
            answer = msgspec.msgpack.encode(ProductDocuments(await self.find(slugs)))
            await send_answer(send, 200, [(b"content-type", b"application/msgpack")], answer)

        return CarriesFreshness(products_by_slug)

    async def find(self, slugs: Sequence[str]) -> list[ProductDocument | None]:
        """In the order of the request; None where buyers see nothing."""
        wanted = [slug for slug in dict.fromkeys(slugs) if is_known_form(slug)]
        if not wanted:
            return [None] * len(slugs)
        found = await self._reads.single(lambda connection: find_active(connection, wanted))
        documents = {slug: self._document(product) for slug, product in found.items()}
        return [documents.get(slug) for slug in slugs]

    def _document(self, product: Product) -> ProductDocument:
        skus = [variant.sku for variant in product.content.variants]
        return ProductDocument(msgspec.json.encode(view(product, self._currency)), skus, product.version)
