"""`POST /internal/products-by-slug`: products for front, many at once. Plain ASGI, MessagePack.

Only what buyers see is answered here. Where there is nothing to see, `GET /internal/products/{slug}` says so.
"""

from collections.abc import Sequence

import msgspec

from markethall.catalog.finding import find_active
from markethall.catalog.product import Product, view
from markethall.catalog.requests import is_known_form
from markethall.contracts.internal import ProductDocument, ProductDocuments, ProductsBySlug
from markethall.kit.asgi import ASGIApp, Receive, Scope, Send
from markethall.kit.db_reads import Reads
from markethall.kit.errors import TooLarge
from markethall.kit.freshness import CarriesFreshness
from markethall.kit.packed import read_packed, send_packed

MAX_SLUGS = 500

_decoder = msgspec.msgpack.Decoder(ProductsBySlug)


class InnerProducts:
    """As new as the request wants them, all of them."""

    def __init__(self, reads: Reads, currency: str) -> None:
        self._reads = reads
        self._currency = currency

    def handler(self) -> ASGIApp:
        """A plain ASGI handler."""

        async def products_by_slug(scope: Scope, receive: Receive, send: Send) -> None:
            slugs = (await read_packed(scope, receive, _decoder.decode)).slugs
            if len(slugs) > MAX_SLUGS:
                raise TooLarge(f"At most {MAX_SLUGS} products at once.")
            await send_packed(send, ProductDocuments(await self.find(slugs)))

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
