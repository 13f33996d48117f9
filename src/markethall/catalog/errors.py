"""What catalog refuses, beside what any service may."""

from markethall.kit.errors import Conflict, FieldError, Invalid, VersionMismatch, VersionRequired


class SkuTaken(Conflict):
    code = "sku_taken"
    title = "Another product has, or had, that SKU"


class SlugTaken(Conflict):
    code = "slug_taken"
    title = "That slug is taken"


class CategoryInUse(Conflict):
    code = "category_in_use"
    title = "The category has products or categories in it"


def unknown_category(field: str, slug: str) -> Invalid:
    return Invalid(errors=[FieldError(field, f"There is no category {slug!r}.", "unknown_category", {"value": slug})])


def check_version(if_match: str | None, version: int, *, required: bool = True) -> None:
    """
    Raises:
        VersionRequired: no `If-Match`, and one is required.
        VersionMismatch: it names another version.
    """
    if if_match is None:
        if required:
            raise VersionRequired()
        return
    if not _names(if_match, version):
        raise VersionMismatch(f"Version {version} is there now.")


def _names(if_match: str, version: int) -> bool:
    """`"3"` and `"3-anything"` name version 3: front appends what it knows of availability."""
    tags = [tag.strip() for tag in if_match.split(",")]
    return any(tag in ("*", f'"{version}"') or (tag.startswith(f'"{version}-') and tag.endswith('"')) for tag in tags)
