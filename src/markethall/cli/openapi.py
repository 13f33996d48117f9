"""`python -m markethall.cli.openapi`: the public API as one OpenAPI document, merged from all services'.

Writes the file that front serves at `/openapi.json`. A test fails when the file is not current.
"""

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from litestar import Litestar

from markethall import __version__
from markethall.front.cookies import SESSION, CookieSession
from markethall.kit.app import Service
from markethall.kit.errors import PROBLEM_JSON
from markethall.kit.settings import Settings

TARGET = Path(__file__).parents[1] / "front" / "openapi.json"
SERVICES = ("front", "catalog", "inventory", "orders", "accounts")
"""Where two of them have the same path (health, metrics), the first one's is shown."""

DESCRIPTION = """\
The public address of the shop. JSON, `snake_case`; times are RFC 3339 in UTC; money is whole minor units.

Errors are `application/problem+json` (RFC 9457) with a stable `code`. Lists answer `items` and `next_cursor`.
`Authorization: Bearer <access_token>` says who asks; a guest's cart or order belongs to whoever knows its id.
Every answer carries `X-Request-ID`: the one that was sent, or a new one.
"""
TAGS = {
    "catalog": "Products and categories. Reads come from front's cache and carry `ETag` and `Cache-Status`.",
    "stock": "What is there, what is reserved, and how it came to be so.",
    "carts": "Carts of guests and of users.",
    "orders": "Orders, from placing to fulfilment.",
    "accounts": "Users and sessions.",
    "back office": "What the shopkeeper looks at: all orders, and figures of them. For admins.",
    "system": "Health, metrics, and who is alive.",
}
COOKIES = (
    "Set where `POST /api/sessions` was asked for it by `X-Session: cookie`. Requests that may change something "
    "repeat the cookie `markethall_csrf` in `X-CSRF-Token`."
)
PICTURES = ("image/webp", "image/svg+xml")
SIGNED_IN: dict[str, list[str]] = {"access_token": []}
PROBLEM = {
    "description": "A problem",
    "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
}

Document = dict[str, Any]


def merged() -> Document:
    """The document, the same for the same code.

    Raises:
        ValueError: two services call different schemas by one name.
    """
    paths: Document = {}
    schemas: Document = {}
    for name in SERVICES:
        app = _app(name)
        part = app.openapi_schema.to_schema()
        guarded = set(_guarded(app))
        for path, item in part["paths"].items():
            for method, operation in item.items():
                _complete(operation, required=(method.upper(), path) in guarded)
            paths.setdefault(path, item)
        for schema_name, schema in part.get("components", {}).get("schemas", {}).items():
            if schemas.setdefault(schema_name, schema) != schema:
                raise ValueError(f"{name} has another schema {schema_name!r}")
    _show_conditional_reads(paths)
    _show_cookies(paths, schemas)
    _show_uploads(paths)
    used = {tag for item in paths.values() for operation in item.values() for tag in operation.get("tags", ())}
    document: Document = {
        "openapi": "3.1.0",
        "info": {"title": "Markethall", "version": __version__, "description": DESCRIPTION},
        "servers": [{"url": "/"}],
        "tags": [{"name": tag, "description": text} for tag, text in TAGS.items() if tag in used],
        "paths": {path: paths[path] for path in sorted(paths)},
        "components": {
            "schemas": {name: schemas[name] for name in sorted(schemas)},
            "securitySchemes": {
                "access_token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "session_cookie": {"type": "apiKey", "in": "cookie", "name": SESSION, "description": COOKIES},
            },
        },
    }
    _speak_ecma(document)
    return document


def encoded() -> str:
    """As it stands in the file."""
    return json.dumps(merged(), indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    TARGET.write_text(encoded())


def _app(name: str) -> Litestar:
    settings = Settings(service=name, database_url="postgresql://nobody@127.0.0.1:1/nowhere")
    service: Service = importlib.import_module(f"markethall.{name}.app").create(settings)
    return service.litestar


def _guarded(app: Litestar) -> Iterator[tuple[str, str]]:
    """(method, path) of the routes that take somebody who is signed in."""
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if handler.guards:
                path = route.path_format
                yield from ((method, path) for method in handler.http_methods)


def _complete(operation: Document, *, required: bool) -> None:
    """Who may call it; and that any other status is a problem."""
    operation["security"] = [SIGNED_IN] if required or "403" in operation["responses"] else [{}, SIGNED_IN]
    operation["responses"].setdefault("default", PROBLEM)
    operation.pop("deprecated", None)
    for parameter in operation.get("parameters", ()):
        for noise in ("deprecated", "allowEmptyValue", "allowReserved"):
            parameter.pop(noise, None)


def _show_conditional_reads(paths: Document) -> None:
    """What front adds to reads of products."""
    for path in ("/api/products", "/api/products/{slug}"):
        operation = paths[path]["get"]
        text = {"schema": {"type": "string"}}
        operation.setdefault("parameters", []).append(
            {"name": "If-None-Match", "in": "header", "required": False, **text}
        )
        headers = {"ETag": text, "Cache-Control": text, "Cache-Status": {**text, "description": "RFC 9211"}}
        operation["responses"]["200"]["headers"] = headers
        operation["responses"]["304"] = {"description": "You have it already", "headers": headers}


def _show_cookies(paths: Document, schemas: Document) -> None:
    """The form of a session that front alone knows."""
    (schema,), components = msgspec.json.schema_components([CookieSession], ref_template="#/components/schemas/{name}")
    schemas |= components
    for path in ("/api/sessions", "/api/sessions/refresh"):
        operation = paths[path]["post"]
        operation.setdefault("parameters", []).append(
            {
                "name": "X-Session",
                "in": "header",
                "required": False,
                "schema": {"type": "string"},
                "description": "`cookie`: set cookies in place of handing out tokens.",
            }
        )
        answers = [operation["responses"][status] for status in ("200", "201") if status in operation["responses"]]
        for answer in answers:
            content = answer["content"]["application/json"]
            content["schema"] = {"anyOf": [content["schema"], schema]}


def _show_uploads(paths: Document) -> None:
    """A body that is a file, and answers that are."""
    upload = paths["/api/media"]["post"]
    upload["requestBody"] = {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
    paths["/api/imports/products"]["post"]["requestBody"] = {
        "required": True,
        "content": {"text/csv": {"schema": {"type": "string"}}},
    }
    upload["responses"]["200"] = {**upload["responses"]["201"], "description": "The same picture was there already"}
    files = {media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in PICTURES}
    answers = paths["/media/{picture}/{file}"]["get"]["responses"]
    answers["200"]["content"] = files
    answers["304"] = {"description": "You have it already"}


def _speak_ecma(part: Any) -> None:
    """Patterns are Python's here and ECMA 262's there: the end of the text is `$`."""
    if isinstance(part, dict):
        if isinstance(pattern := part.get("pattern"), str):
            part["pattern"] = pattern.replace(r"\Z", "$")
        for value in part.values():
            _speak_ecma(value)
    elif isinstance(part, list):
        for value in part:
            _speak_ecma(value)


if __name__ == "__main__":
    main()
