"""Which service answers which public path, and which requests may be sent twice.

| path | service |
|---|---|
| `/api/products`, `/api/categories`, `/api/media`, `/media` | catalog |
| `/api/stock` | inventory |
| `/api/carts`, `/api/orders` | orders |
| `/api/users`, `/api/sessions` | accounts |
| `/api/admin/…` | whoever has what the back office looks at |

Everything below `/internal/` is for the parts among themselves and is not reachable from outside.
"""

from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import quote, unquote_to_bytes

SERVICES = ("catalog", "inventory", "orders", "accounts")
RESOURCES = {
    "products": "catalog",
    "categories": "catalog",
    "media": "catalog",
    "stock": "inventory",
    "carts": "orders",
    "orders": "orders",
    "users": "accounts",
    "sessions": "accounts",
}
BACK_OFFICE = {
    "orders": "orders",
    "products": "catalog",
    "sales": "orders",
    "best-sellers": "orders",
    "rejections": "orders",
}
"""What follows `/api/admin`."""
METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})

Segments = tuple[str, ...]


@lru_cache(maxsize=4096)
def segments_of(raw_path: bytes) -> Segments | None:
    """The decoded segments of a path as it came; None for a path that could be read in two ways.

    Refused are `.` and `..`, empty segments, and slashes, backslashes or control characters in a
    segment, encoded or not: what is forwarded is what was looked at. One slash at the end is borne.
    """
    if raw_path == b"/":
        return ()
    if not raw_path.startswith(b"/"):
        return None
    segments = []
    for raw in raw_path[1:].removesuffix(b"/").split(b"/"):
        try:
            segment = unquote_to_bytes(raw).decode()
        except UnicodeDecodeError:
            return None
        if segment in ("", ".", "..") or any(c in "/\\\x7f" or c < " " for c in segment):
            return None
        segments.append(segment)
    return tuple(segments)


def canonical(segments: Sequence[str], query: bytes) -> str:
    """The path and query to forward, encoded anew."""
    path = "".join(f"/{quote(segment, safe='')}" for segment in segments)
    # Escapes in the query stay as they came; what may not stand there is escaped.
    return f"{path}?{quote(query, safe=_QUERY)}" if query else path


_QUERY = "!$%&'()*+,-./:;=?@_~"


def service_of(segments: Segments) -> str | None:
    """The service that answers `/api/…`; None where there is nothing."""
    if len(segments) < 2 or segments[0] != "api":
        return None
    if segments[1] == "admin":
        return BACK_OFFICE.get(segments[2]) if len(segments) > 2 else None
    return RESOURCES.get(segments[1])


def template(segments: Segments) -> str:
    """The path as metrics show it: bounded in number, whatever is asked for."""
    if service_of(segments) is None:
        return "other"
    named = 3 if segments[1] == "admin" else 2
    return "/" + "/".join(segments[:named]) + "/…" * (len(segments) > named)


def is_repeatable(method: str, segments: Segments, *, has_key: bool) -> bool:
    """Whether sending it to a second replica does no harm when the first broke off.

    An `Idempotency-Key` counts only where it is honoured. Refreshing a session is never
    repeated: the second use of a refresh token would end the session.
    """
    if method != "POST":
        return method != "PATCH"
    match segments:
        case ("api", "orders"):
            return True
        case ("api", "stock", _, "receipts"):
            return has_key
        case ("api", "orders", _, "cancellation" | "fulfilment"):
            return True
        case ("api", "carts", _, "claim"):
            return True
        # An empty cart or a session that nobody was told of is harmless.
        case ("api", "carts") | ("api", "sessions"):
            return True
    return False
