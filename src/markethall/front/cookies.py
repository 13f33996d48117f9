"""Sessions in cookies, for pages in a browser: the script of a page never holds a token.

`POST /api/sessions` and `POST /api/sessions/refresh` with the header `X-Session: cookie` hand out
cookies in place of tokens:

| cookie | holds | readable by scripts | sent to |
|---|---|---|---|
| `markethall_session` | the access token | no | everything |
| `markethall_refresh` | the refresh token | no | `/api/sessions` |
| `markethall_csrf` | a random value | yes | everything |

A request without `Authorization` is made in the name of the session cookie. If it may change
something it must repeat the third cookie in `X-CSRF-Token`, which a foreign page cannot read,
and must not come from a foreign page by what the browser says (`Sec-Fetch-Site`, `Origin`).
"""

import hmac
from typing import Any
from urllib.parse import urlsplit

import msgspec

from markethall.front.routes import Segments
from markethall.kit.asgi import Receive, Scope, header, with_body
from markethall.kit.balancing import Answer
from markethall.kit.errors import Forbidden
from markethall.kit.ids import random_hex

SESSION, REFRESH, CSRF = "markethall_session", "markethall_refresh", "markethall_csrf"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
MAX_COOKIE_BYTES = 8192

Headers = list[tuple[bytes, bytes]]


class CrossSite(Forbidden):
    """A request with a session cookie that a page of this shop did not make."""

    code = "cross_site"
    title = "This request did not come from the shop's own page"


class CookieSession(msgspec.Struct, frozen=True):
    """What is answered in place of the tokens. `csrf_token` goes into `X-CSRF-Token`."""

    token_type: str
    expires_in: int
    csrf_token: str
    user: Any


class _Tokens(msgspec.Struct):
    access_token: str
    expires_in: int
    refresh_token: str
    user: Any


_tokens = msgspec.json.Decoder(_Tokens)


def cookies_of(scope: Scope) -> dict[str, str]:
    """The request's cookies; of a name that comes twice, the first."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        if name == b"cookie" and len(value) <= MAX_COOKIE_BYTES:
            for pair in value.decode("latin-1").split(";"):
                key, equals, content = pair.strip().partition("=")
                if equals:
                    found.setdefault(key, content)
    return found


def act_for_cookie(scope: Scope) -> bool:
    """Put the session cookie's token into `Authorization`, where there is none; whether that was done.

    Raises:
        CrossSite: it may change something, and does not show that the shop's own page made it.
    """
    if header(scope, b"cookie") is None or header(scope, b"authorization") is not None:
        return False
    cookies = cookies_of(scope)
    token = cookies.get(SESSION)
    if not token:
        return False
    if scope["method"] not in SAFE_METHODS:
        _check_own_page(scope, cookies)
    scope["headers"] = [*scope["headers"], (b"authorization", f"Bearer {token}".encode("latin-1"))]
    return True


def wants_cookies(scope: Scope, segments: Segments) -> bool:
    """Whether it asks for a session, or a new pair of tokens, in cookies."""
    return (
        scope["method"] == "POST"
        and segments in (("api", "sessions"), ("api", "sessions", "refresh"))
        and (header(scope, b"x-session") or "").strip().lower() == "cookie"
    )


def refresh_token(scope: Scope, segments: Segments) -> str | None:
    """The token that is to be exchanged; None: it signs in, or there is no cookie.

    Raises:
        CrossSite: the request does not show that the shop's own page made it.
    """
    # A foreign page may not set `X-Session`; what the browser says about it must agree.
    _check_same_origin(scope)
    cookies = cookies_of(scope)
    if segments[-1] != "refresh" or not cookies.get(REFRESH):
        return None
    _check_own_page(scope, cookies)
    return cookies[REFRESH]


def with_refresh_token(scope: Scope, receive: Receive, token: str | None) -> Receive:
    """The body of the request to refresh, made from the cookie's token. Without one it stays as it is."""
    if token is None:
        return receive
    body = msgspec.json.encode({"refresh_token": token})
    replaced = (b"content-length", b"content-type", b"transfer-encoding", b"authorization")
    kept = [pair for pair in scope["headers"] if pair[0] not in replaced]
    scope["headers"] = [*kept, (b"content-type", b"application/json")]
    return with_body(scope, receive, body)


def into_cookies(answer: Answer, *, secure: bool, refresh_seconds: int) -> tuple[bytes, Headers]:
    """The answer's body and the cookies to set, in place of the tokens it handed out."""
    if answer.status not in (200, 201):
        return answer.body, forgotten(secure=secure) if answer.status == 401 else []
    tokens = _tokens.decode(answer.body)
    csrf = random_hex(32)
    cookies = [
        _cookie(SESSION, tokens.access_token, "/", tokens.expires_in, secure=secure, hidden=True),
        _cookie(REFRESH, tokens.refresh_token, "/api/sessions", refresh_seconds, secure=secure, hidden=True),
        _cookie(CSRF, csrf, "/", refresh_seconds, secure=secure, hidden=False),
    ]
    return msgspec.json.encode(CookieSession("Cookie", tokens.expires_in, csrf, tokens.user)), cookies


def forgotten(*, secure: bool) -> Headers:
    """What makes the browser forget the session."""
    return [
        session_forgotten(secure=secure),
        _cookie(REFRESH, "", "/api/sessions", 0, secure=secure, hidden=True),
        _cookie(CSRF, "", "/", 0, secure=secure, hidden=False),
    ]


def session_forgotten(*, secure: bool) -> tuple[bytes, bytes]:
    """The access token alone: the page may still refresh it."""
    return _cookie(SESSION, "", "/", 0, secure=secure, hidden=True)


def ends_session(method: str, segments: Segments, status: int) -> bool:
    """Whether the answer tells that the session of the cookie is over."""
    ended = method == "DELETE" and segments in (("api", "sessions", "current"), ("api", "users", "me"))
    return ended and status == 204


def _check_own_page(scope: Scope, cookies: dict[str, str]) -> None:
    _check_same_origin(scope)
    shown, expected = header(scope, b"x-csrf-token") or "", cookies.get(CSRF, "")
    if not expected or not hmac.compare_digest(shown.encode(), expected.encode()):
        raise CrossSite(f"Send the value of the cookie {CSRF} in X-CSRF-Token.")


def _check_same_origin(scope: Scope) -> None:
    if header(scope, b"sec-fetch-site") not in (None, "same-origin", "none"):
        raise CrossSite()
    origin = header(scope, b"origin")
    if origin is not None and urlsplit(origin).netloc.lower() != (header(scope, b"host") or "").lower():
        raise CrossSite()


def _cookie(name: str, value: str, path: str, seconds: int, *, secure: bool, hidden: bool) -> tuple[bytes, bytes]:
    parts = [f"{name}={value}", f"Path={path}", f"Max-Age={seconds}", "SameSite=Lax"]
    parts += ["HttpOnly"] * hidden + ["Secure"] * secure
    return (b"set-cookie", "; ".join(parts).encode("latin-1"))
