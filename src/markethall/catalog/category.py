"""A category, and the rules of the tree. Pure: no SQL, no HTTP."""

from collections.abc import Sequence
from dataclasses import dataclass

from markethall.kit.errors import FieldError

MAX_LEVELS = 8
"""Of the tree: each product stands on one shelf a level."""


@dataclass(frozen=True)
class Category:
    """A category as it is stored. `parent` is a slug; `id` is 0 until it is."""

    id: int
    slug: str
    name: str
    parent: str | None
    position: int
    """Where it stands among others; lower comes first."""
    version: int
    image: str | None = None
    """The address of its picture."""


def check_name(name: str) -> list[FieldError]:
    return [] if name.strip() else [FieldError("name", "Is blank.", "needed")]


def check_place(category_id: int, height: int, path: Sequence[int]) -> list[FieldError]:
    """Whether a category with `height` levels below it, its own included, may stand below `path`.

    `path`: the ids of the wanted parent, its parent, and so on up; empty at the top.
    """
    if category_id in path:
        return [FieldError("parent", "Is the category itself, or below it.", "below_itself")]
    if len(path) + height > MAX_LEVELS:
        message = f"The tree would have more than {MAX_LEVELS} levels."
        return [FieldError("parent", message, "too_many_levels", {"most": MAX_LEVELS})]
    return []
