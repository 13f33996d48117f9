"""`/openapi.json` and `/docs`: the public API, and a page to try it on. No third-party host is asked for anything."""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import msgspec

from markethall.front.upstream import respond
from markethall.kit.asgi import Scope, Send, header
from markethall.kit.errors import NotAllowed

_FILES = {
    "/openapi.json": ("openapi.json", b"application/json"),
    "/docs": ("docs_page/index.html", b"text/html; charset=utf-8"),
    "/docs/page.css": ("docs_page/page.css", b"text/css; charset=utf-8"),
    "/docs/page.js": ("docs_page/page.js", b"text/javascript; charset=utf-8"),
}
_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True)
class _File:
    body: bytes
    media_type: bytes
    etag: bytes


def is_document(path: str) -> bool:
    return path in _FILES


async def serve_document(scope: Scope, send: Send) -> None:
    """GET and HEAD of one of them.

    Raises:
        NotAllowed: another method.
    """
    if scope["method"] not in ("GET", "HEAD"):
        raise NotAllowed(headers={"Allow": "GET, HEAD"})
    scope["path_template"] = scope["path"]
    file = _read(scope["path"])
    headers = [
        (b"content-type", file.media_type),
        (b"cache-control", b"no-cache"),
        (b"etag", file.etag),
        (b"content-security-policy", _POLICY),
    ]
    if header(scope, b"if-none-match") == file.etag.decode():
        await respond(send, 304, headers[1:], b"")
        return
    await respond(send, 200, headers, file.body, method=scope["method"])


@cache
def _read(path: str) -> _File:
    name, media_type = _FILES[path]
    body = files("markethall.front").joinpath(name).read_bytes()
    if media_type == b"application/json":
        # In the repository it is laid out for reading.
        body = bytes(msgspec.json.format(body, indent=-1))
    return _File(body, media_type, f'"{hashlib.sha256(body).hexdigest()[:16]}"'.encode())
