"""Answers that whoever asks again and again need not be sent twice: `ETag` and `If-None-Match`."""

import hashlib
from typing import Any, TypeVar

import msgspec
from litestar import Request, Response
from litestar.openapi.datastructures import ResponseSpec

UNCHANGED = ResponseSpec(None, description="You have it already", generate_examples=False)

Body = TypeVar("Body")


def conditional(request: Request[Any, Any, Any], body: Body) -> Response[Body]:
    """200 with the body and its tag; 304 where the client has just this (RFC 9110, weak comparison)."""
    tag = f'"{hashlib.blake2b(msgspec.json.encode(body), digest_size=12).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    asked = request.headers.get("if-none-match")
    if asked is not None and any(each.strip().removeprefix("W/") in ("*", tag) for each in asked.split(",")):
        return Response(None, status_code=304, headers=headers)  # type: ignore[arg-type]
    return Response(body, headers=headers)
