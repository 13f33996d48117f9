"""The storefront: one page for every route that it knows, and the files that the page is made of.

Below `/assets` a file's name says its content, so browsers keep it for good. All else they ask for anew.
The page may load nothing from anywhere else, and runs no script but those files.
"""

import hashlib
import mimetypes
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from markethall.front.upstream import respond
from markethall.kit.asgi import Scope, Send, header
from markethall.kit.errors import NotAllowed, NotFound

PAGES = re.compile(
    r"/|/(search|cart|checkout|orders|sign-in|register|account|admin)"
    r"|/(categories|products|orders|account)/[^/]+|/admin/.+"
)
"""Routes of the storefront: these are answered 200. The page itself says so where it has nothing to show."""
ELSEWHERE = ("/api", "/health", "/metrics", "/ping", "/docs", "/openapi.json", "/media", "/schema")

_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; font-src 'self'; "
    b"connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_PAGE_HEADERS = [
    (b"content-security-policy", _POLICY),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
]
_PAGE = "/index.html"
_FOR_GOOD = b"public, max-age=31536000, immutable"
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class _File:
    """`bodies` by encoding; the plain one by the empty name."""

    media_type: bytes
    etag: bytes
    bodies: dict[str, bytes]


def is_storefront(scope: Scope) -> bool:
    """Whether the storefront answers: a file or page of it, or a page in a browser that nobody has."""
    path = scope["path"]
    if (path in _files() and path != _PAGE) or path.startswith("/assets/"):
        return True
    if any(path == other or path.startswith(f"{other}/") for other in ELSEWHERE):
        return False
    return PAGES.fullmatch(path.rstrip("/") or "/") is not None or _is_visit(scope)


async def serve_storefront(scope: Scope, send: Send) -> None:
    """GET and HEAD of the page or of one of its files.

    Raises:
        NotAllowed: another method.
        NotFound: no such file below `/assets`; or the storefront was not built.
    """
    path = scope["path"]
    if scope["method"] not in ("GET", "HEAD"):
        raise NotAllowed(headers={"Allow": "GET, HEAD"})
    file = _files().get(path)
    if file is not None and path != _PAGE:
        scope["path_template"] = "/assets/…" if path.startswith("/assets/") else path
        await _send(
            scope, send, 200, file, [(b"cache-control", _FOR_GOOD if path.startswith("/assets/") else b"no-cache")]
        )
        return
    page = _files().get(_PAGE)
    if page is None or path.startswith("/assets/"):
        raise NotFound()
    scope["path_template"] = "page"
    is_known = PAGES.fullmatch(path.rstrip("/") or "/") is not None
    await _send(scope, send, 200 if is_known else 404, page, [(b"cache-control", b"no-cache"), *_PAGE_HEADERS])


async def _send(scope: Scope, send: Send, status: int, file: _File, headers: Headers) -> None:
    encoding, body = _chosen(file, header(scope, b"accept-encoding") or "")
    etag = file.etag if not encoding else file.etag[:-1] + f'-{encoding}"'.encode()
    sent = [*headers, (b"etag", etag), (b"vary", b"Accept-Encoding")]
    if status == 200 and header(scope, b"if-none-match") == etag.decode():
        await respond(send, 304, sent, b"")
        return
    sent.append((b"content-type", file.media_type))
    if encoding:
        sent.append((b"content-encoding", encoding.encode()))
    await respond(send, status, sent, body, method=scope["method"])


def _chosen(file: _File, accepted: str) -> tuple[str, bytes]:
    """The smallest form that the browser takes."""
    parts = [part.replace(" ", "").lower().partition(";q=") for part in accepted.split(",")]
    taken = {coding for coding, _, weight in parts if weight.strip("0.") or not weight}
    for name, _ in _ENCODINGS:
        if name in taken and name in file.bodies:
            return name, file.bodies[name]
    return "", file.bodies[""]


def _is_visit(scope: Scope) -> bool:
    return scope["method"] in ("GET", "HEAD") and "text/html" in (header(scope, b"accept") or "")


@cache
def _files() -> dict[str, _File]:
    """All of the built storefront by path, held in memory: a new build beside a running shop takes nothing from it."""
    root = files("markethall.front").joinpath("storefront")
    if not root.is_dir():
        return {}
    bodies = {path: entry.read_bytes() for path, entry in _walk(root, "") if not path.startswith("/.")}
    compressed = tuple(ending for _, ending in _ENCODINGS)
    return {path: _file(path, bodies) for path in bodies if not path.endswith(compressed) and path != "/built-from"}


def _file(path: str, bodies: dict[str, bytes]) -> _File:
    forms = {"": bodies[path]} | {name: bodies[path + end] for name, end in _ENCODINGS if path + end in bodies}
    etag = f'"{hashlib.sha256(bodies[path]).hexdigest()[:16]}"'.encode()
    return _File(_media_type(path).encode(), etag, forms)


def _media_type(path: str) -> str:
    """The system's own table of types may say anything: those that matter are said here."""
    ending = path.rpartition(".")[2]
    known = {
        "html": "text/html; charset=utf-8",
        "js": "text/javascript; charset=utf-8",
        "css": "text/css; charset=utf-8",
        "svg": "image/svg+xml",
        "woff2": "font/woff2",
        "webmanifest": "application/manifest+json",
        "txt": "text/plain; charset=utf-8",
    }
    return known.get(ending) or mimetypes.guess_type(path)[0] or "application/octet-stream"


def _walk(folder: Traversable, prefix: str) -> list[tuple[str, Traversable]]:
    found: list[tuple[str, Traversable]] = []
    for entry in folder.iterdir():
        path = f"{prefix}/{entry.name}"
        found += _walk(entry, path) if entry.is_dir() else [(path, entry)]
    return found
