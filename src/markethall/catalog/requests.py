"""What is read from a request's address: slugs, the question put to a list, the filters by option."""

import re
from collections.abc import Iterable
from typing import Annotated

from litestar.params import HeaderParameter, QueryParameter

from markethall.catalog.listing import Query, Sort
from markethall.kit.errors import FieldError, Invalid, NotFound
from markethall.kit.text import NO_NUL

SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*\Z"
MAX_SLUG_CHARACTERS = 100
OPTION = "option."
MAX_OPTION_FILTERS = 20
MAX_OPTION_CHARACTERS = 200

SearchParameter = Annotated[
    str | None,
    QueryParameter(
        name="query",
        max_length=200,
        pattern=NO_NUL,
        description="Words to search for; the last may be the beginning of one.",
    ),
]
CategoryParameter = Annotated[
    str | None,
    QueryParameter(
        name="category",
        max_length=MAX_SLUG_CHARACTERS,
        pattern=SLUG,
        description="A category's slug; what is in categories below it is in it too.",
    ),
]
SortParameter = Annotated[
    Sort | None,
    QueryParameter(name="sort", description="`relevance` is for searches, and their default; else `newest`."),
]
LimitParameter = Annotated[int, QueryParameter(name="limit", ge=1, le=100)]
CursorParameter = Annotated[
    str | None,
    QueryParameter(name="cursor", max_length=1000, pattern=NO_NUL, description="`next_cursor` of the page before."),
]
IfMatch = Annotated[
    str | None,
    HeaderParameter(name="If-Match", max_length=1000, description='The version that is meant: `"3"`.'),
]


def known_form(slug: str) -> str:
    """
    Raises:
        NotFound: nothing can have that slug.
    """
    if not is_known_form(slug):
        raise NotFound()
    return slug


def is_known_form(slug: str) -> bool:
    """Whether something can have that slug."""
    return len(slug) <= MAX_SLUG_CHARACTERS and re.match(SLUG, slug) is not None


def list_query(
    parameters: Iterable[tuple[str, str]],
    text: str | None,
    category: str | None,
    sort: Sort | None,
    limit: int,
    cursor: str | None,
) -> Query:
    """
    Args:
        parameters: all of the request, by name; those that begin with `OPTION` are filters.

    Raises:
        Invalid: the filters by option are not usable, or relevance is asked for without a search.
    """
    text = text if text and text.strip() else None
    if sort == "relevance" and text is None:
        raise Invalid(errors=[FieldError("sort", "Relevance takes a query.", "needs_search")])
    options = option_filters(parameters)
    return Query(sort or ("relevance" if text else "newest"), limit, text, category, options, cursor)


def option_filters(parameters: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """The wanted values by option, from all `option.<name>=<value>`; a name that comes again widens the choice.

    Raises:
        Invalid: too many, too long, or not text.
    """
    options: dict[str, list[str]] = {}
    for count, (parameter, value) in enumerate((p for p in parameters if p[0].startswith(OPTION)), start=1):
        name = parameter.removeprefix(OPTION)
        if count > MAX_OPTION_FILTERS:
            message = f"At most {MAX_OPTION_FILTERS} of these."
            raise Invalid(errors=[FieldError(OPTION, message, "too_many", {"most": MAX_OPTION_FILTERS})])
        if not name or not value or len(name) + len(value) > MAX_OPTION_CHARACTERS or "\x00" in parameter + value:
            message = "Takes the name of an option, and a value of it."
            raise Invalid(errors=[FieldError(parameter[:100], message, "unknown_option")])
        options.setdefault(name, []).append(value)
    return options
