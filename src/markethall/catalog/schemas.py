"""What clients send and what only catalog answers. What others read too: `markethall.contracts.public`."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from markethall.catalog.categories import MAX_POSITION
from markethall.catalog.product import (
    MAX_ATTRIBUTES,
    MAX_IMAGES,
    MAX_OPTION_VALUES,
    MAX_OPTIONS,
    MAX_VARIANTS,
    Option,
    Variant,
)
from markethall.contracts.public import ProductSummary
from markethall.kit.errors import FieldError, Invalid
from markethall.kit.text import MAX_AMOUNT, LongText, ShortText, Sku, Slug

OptionName = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[^\x00=]+\Z")]
AttributeText = Annotated[str, Meta(max_length=1000, pattern=r"^[^\x00]*\Z")]
AttributeNumber = Annotated[int, Meta(ge=-(2**53), le=2**53)]
Attributes = Annotated[dict[ShortText, AttributeText | AttributeNumber | float | bool], Meta(max_length=MAX_ATTRIBUTES)]
Image = Annotated[
    str, Meta(max_length=2000, pattern=r"^(https?://|/)[^\s\x00-\x1f\x7f<>\"]*\Z", description="A URL or a path.")
]
Images = Annotated[list[Image], Meta(max_length=MAX_IMAGES)]
Position = Annotated[int, Meta(ge=0, le=MAX_POSITION)]


class Price(Struct, frozen=True, forbid_unknown_fields=True):
    """Whole minor units of the shop's currency."""

    amount: Annotated[int, Meta(ge=0, le=MAX_AMOUNT)]
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")]


class NewOption(Struct, frozen=True, forbid_unknown_fields=True):
    """A choice that the buyer makes, and what there is to choose from, in order."""

    name: OptionName
    values: Annotated[list[ShortText], Meta(min_length=1, max_length=MAX_OPTION_VALUES)]


class NewVariant(Struct, frozen=True, forbid_unknown_fields=True):
    """One choice for each option, its SKU and its price."""

    sku: Sku
    price: Price
    options: Annotated[dict[OptionName, ShortText], Meta(max_length=MAX_OPTIONS)] = {}


Options = Annotated[list[NewOption], Meta(max_length=MAX_OPTIONS)]
Variants = Annotated[list[NewVariant], Meta(min_length=1, max_length=MAX_VARIANTS)]


class NewProduct(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /api/products`."""

    name: ShortText
    variants: Variants
    slug: Slug | None = None
    """Made from the name where it is not given."""
    description: LongText = ""
    category: Slug | None = None
    attributes: Attributes = {}
    options: Options = []
    images: Images = []


class ProductPatch(Struct, frozen=True, forbid_unknown_fields=True):
    """`PATCH /api/products/{slug}`: what is given replaces what was, as a whole."""

    slug: Slug | UnsetType = UNSET
    name: ShortText | UnsetType = UNSET
    description: LongText | UnsetType = UNSET
    category: Slug | UnsetType | None = UNSET
    status: Literal["active", "archived"] | UnsetType = UNSET
    attributes: Attributes | UnsetType = UNSET
    options: Options | UnsetType = UNSET
    variants: Variants | UnsetType = UNSET
    images: Images | UnsetType = UNSET


class ProductPage(Struct, frozen=True):
    """May be short, or empty, and yet not the last: `next_cursor` is null on the last only."""

    items: list[ProductSummary]
    next_cursor: str | None


class NewCategory(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /api/categories`."""

    name: ShortText
    slug: Slug | None = None
    """Made from the name where it is not given. It is for good."""
    parent: Slug | None = None
    position: Position = 0
    """Lower comes first."""
    image: Image | None = None


class CategoryPatch(Struct, frozen=True, forbid_unknown_fields=True):
    """`PATCH /api/categories/{slug}`."""

    name: ShortText | UnsetType = UNSET
    parent: Slug | UnsetType | None = UNSET
    position: Position | UnsetType = UNSET
    image: Image | UnsetType | None = UNSET


class CategoryView(Struct, frozen=True):
    """`GET /api/categories/{slug}`."""

    slug: str
    name: str
    parent: str | None
    position: int
    version: int
    image: str | None = None


class CategoryPage(Struct, frozen=True):
    """By position, then slug."""

    items: list[CategoryView]
    next_cursor: str | None


class OfferedValue(Struct, frozen=True):
    """`products`: how many have it."""

    value: str
    products: int


class OfferedOption(Struct, frozen=True):
    """What a list of a category can be narrowed by: `option.<name>=<value>`."""

    name: str
    values: list[OfferedValue]


class CategoryOptions(Struct, frozen=True):
    """`GET /api/categories/{slug}/options`."""

    items: list[OfferedOption]


def options_of(given: list[NewOption]) -> list[Option]:
    return [Option(option.name, option.values) for option in given]


def variants_of(given: list[NewVariant], currency: str) -> list[Variant]:
    """
    Raises:
        Invalid: a price is in another currency than the shop's.
    """
    errors = [
        FieldError(
            f"variants[{i}].price.currency", f"The shop sells in {currency}.", "other_currency", {"value": currency}
        )
        for i, variant in enumerate(given)
        if variant.price.currency != currency
    ]
    if errors:
        raise Invalid(errors=errors)
    return [Variant(variant.sku, variant.options, variant.price.amount) for variant in given]
