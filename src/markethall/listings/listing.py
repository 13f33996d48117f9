"""A product as a loader wants it in the shop, wherever it was read from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from markethall.contracts.public import ProductView
from markethall.listings.slugs import slug_of


@dataclass(frozen=True, slots=True)
class VariantListing:
    """`price` is in minor units; `stock` is what arrives with this load; `line` is where it was read."""

    sku: str
    price: int
    stock: int = 0
    options: Mapping[str, str] = field(default_factory=dict)
    line: int = 0


@dataclass(frozen=True, slots=True)
class ProductListing:
    """`category` is a path of names, from the root down; empty for none."""

    slug: str
    name: str
    variants: tuple[VariantListing, ...]
    description: str = ""
    category: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    images: tuple[str, ...] = ()
    line: int = 0

    @property
    def options(self) -> dict[str, list[str]]:
        """Each option's values, in the order the variants bring them."""
        found: dict[str, dict[str, None]] = {}
        for variant in self.variants:
            for name, value in variant.options.items():
                found.setdefault(name, {})[value] = None
        return {name: list(values) for name, values in found.items()}

    @property
    def category_slug(self) -> str | None:
        return category_slug(self.category) if self.category else None

    def body(self, currency: str) -> dict[str, Any]:
        """The payload of `POST /api/products`."""
        document: dict[str, Any] = {
            "slug": self.slug,
            "name": self.name,
            "description": self.description,
            "attributes": dict(self.attributes),
            "options": [{"name": name, "values": values} for name, values in self.options.items()],
            "variants": [
                {
                    "sku": variant.sku,
                    "options": dict(variant.options),
                    "price": {"amount": variant.price, "currency": currency},
                }
                for variant in self.variants
            ],
        }
        if self.category_slug is not None:
            document["category"] = self.category_slug
        if self.images:
            document["images"] = list(self.images)
        return document

    def is_sold_as(self, product: ProductView) -> bool:
        """Whether the shop's product has this name and these variants at these prices."""
        wanted = {v.sku: (v.price, dict(v.options)) for v in self.variants}
        there = {v.sku: (v.price.amount, v.options) for v in product.variants}
        return self.name == product.name and wanted == there


def category_slug(path: tuple[str, ...]) -> str:
    """The whole path goes in, so that `Women > Hats` and `Men > Hats` are two categories."""
    return slug_of(" ".join(path))
