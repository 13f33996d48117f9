"""A product, and the rules that one must keep. Pure: no SQL, no HTTP."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from markethall.contracts.messages import ProductSnapshot, VariantSnapshot
from markethall.contracts.public import AttributeValue, Money, OptionView, ProductView, VariantView
from markethall.kit.errors import FieldError

MAX_OPTIONS = 10
MAX_OPTION_VALUES = 100
MAX_VARIANTS = 200
MAX_ATTRIBUTES = 50
MAX_IMAGES = 20


@dataclass(frozen=True)
class Option:
    """A choice that the buyer makes, such as size."""

    name: str
    values: Sequence[str]


@dataclass(frozen=True)
class Variant:
    """What is ordered. `price` is in minor units of the shop's currency."""

    sku: str
    options: Mapping[str, str]
    price: int


@dataclass(frozen=True)
class Content:
    """All of a product that its owner writes."""

    name: str
    description: str
    category: str | None
    """The slug of its category."""
    attributes: dict[str, AttributeValue]
    options: Sequence[Option]
    variants: Sequence[Variant]
    images: Sequence[str]

    @property
    def lowest_price(self) -> int:
        return min(variant.price for variant in self.variants)


@dataclass(frozen=True)
class Product:
    """A product as it is stored. `number` rises with each new product."""

    id: UUID
    number: int
    slug: str
    version: int
    active: bool
    content: Content


def check(content: Content) -> list[FieldError]:
    """All that is wrong with it; fields are named as in the JSON payload."""
    errors = [] if content.name.strip() else [FieldError("name", "Is blank.", "needed")]
    errors += _check_options(content.options)
    # Variants are measured against their options: with bad ones every variant would seem wrong too.
    return errors or [*_check_variants(content)]


def _check_options(options: Sequence[Option]) -> Iterator[FieldError]:
    names: set[str] = set()
    for i, option in enumerate(options):
        if option.name.casefold() in names:
            yield FieldError(
                f"options[{i}].name", f"There is another option {option.name!r}.", "twice", {"value": option.name}
            )
        names.add(option.name.casefold())
        values: set[str] = set()
        for j, value in enumerate(option.values):
            if value.casefold() in values:
                yield FieldError(f"options[{i}].values[{j}]", f"{value!r} stands twice.", "twice", {"value": value})
            values.add(value.casefold())


def _check_variants(content: Content) -> Iterator[FieldError]:
    if not content.variants:
        yield FieldError("variants", "There must be at least one.", "too_few", {"least": 1})
    allowed = {option.name: set(option.values) for option in content.options}
    skus: set[str] = set()
    choices: dict[tuple[str | None, ...], int] = {}
    for i, variant in enumerate(content.variants):
        if variant.sku in skus:
            yield FieldError(f"variants[{i}].sku", f"{variant.sku!r} stands twice.", "twice", {"value": variant.sku})
        skus.add(variant.sku)
        if variant.options.keys() != allowed.keys():
            wanted = ", ".join(allowed) or "none"
            message = f"Must name exactly the product's options: {wanted}."
            yield FieldError(f"variants[{i}].options", message, "options_differ", {"value": ", ".join(allowed)})
            continue
        for name, value in variant.options.items():
            if value not in allowed[name]:
                message = f"{value!r} is not among the option's values."
                yield FieldError(f"variants[{i}].options.{name}", message, "no_such_value", {"value": value})
        earlier = choices.setdefault(tuple(variant.options.get(name) for name in allowed), i)
        if earlier != i:
            message = f"The same as those of variants[{earlier}]."
            yield FieldError(f"variants[{i}].options", message, "same_options", {"place": earlier + 1})


def view(product: Product, currency: str) -> ProductView:
    """What clients read. Availability is front's to fill in."""
    content = product.content
    order = [option.name for option in content.options]
    return ProductView(
        slug=product.slug,
        name=content.name,
        description=content.description,
        category=content.category,
        status="active" if product.active else "archived",
        attributes=content.attributes,
        options=[OptionView(option.name, list(option.values)) for option in content.options],
        variants=[
            VariantView(v.sku, {name: v.options[name] for name in order}, Money(v.price, currency))
            for v in content.variants
        ],
        images=list(content.images),
        version=product.version,
    )


def snapshot(product: Product) -> ProductSnapshot:
    """What the other services keep of it."""
    return ProductSnapshot(
        product_id=product.id.bytes,
        slug=product.slug,
        name=product.content.name,
        version=product.version,
        active=product.active,
        variants=[VariantSnapshot(v.sku, dict(v.options), v.price) for v in product.content.variants],
    )
