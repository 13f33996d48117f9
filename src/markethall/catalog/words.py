"""How text is made comparable: for search, for sorting by name, for filters by option.

Products and queries go through the same function before PostgreSQL sees them, so both are cut
into words at the same places, whatever its own parser would make of `3.5mm` or `wi-fi`.
"""

import re
import unicodedata
from dataclasses import dataclass

MAX_QUERY_WORDS = 12
MAX_WORD_CHARACTERS = 60
MAX_KEY_CHARACTERS = 200

_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class SearchTerms:
    """A query as PostgreSQL's `to_tsquery` takes it: quoted words of letters and digits, nothing else.

    `whole` must be in the product, after stemming (empty: nothing must); `last` may be the
    beginning of a word, for whoever is still typing.
    """

    whole: str
    last: str


def search_terms(query: str) -> SearchTerms | None:
    """None where the query has no word. Words beyond `MAX_QUERY_WORDS` are not looked at."""
    found = [word[:MAX_WORD_CHARACTERS] for word in words(query)[:MAX_QUERY_WORDS]]
    if not found:
        return None
    *whole, last = found
    return SearchTerms(" & ".join(f"'{word}'" for word in whole), f"'{last}':*")


def words(text: str) -> list[str]:
    """Runs of letters and digits, case and accents folded away."""
    return _WORD.findall(_folded(text))


def searchable(text: str) -> str:
    """The words of a text, parted by blanks."""
    return " ".join(words(text))


def sort_key(name: str) -> str:
    """Sorts names as a reader expects, compared byte by byte: `émile` beside `Emil`, not after `Zoe`."""
    return " ".join(_folded(name).split())[:MAX_KEY_CHARACTERS]


def option_key(name: str, value: str) -> str:
    """An option and its value as one comparable text; names have no `=` in them."""
    return f"{sort_key(name)}={sort_key(value)}"


def slug_of(text: str) -> str:
    """Lower-case ASCII words joined by hyphens; empty where nothing of the text is left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


def _folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))
