"""The tree of errors that a client may see.

Problem
├── Unreadable          400
│   └── DuplicateKey    400 duplicate_key
├── Unauthenticated     401
├── Forbidden           403
├── NotFound            404
├── NotAllowed          405
├── Conflict            409
├── VersionMismatch     412
├── TooLarge            413
├── UnsupportedMedia    415
├── Invalid             422
├── VersionRequired     428
├── TooManyRequests     429
├── Internal            500
└── Unavailable         503

A feature adds its own leaves, with its own `code`, beside its rules. `markethall.kit.problems`
turns each into `application/problem+json` (RFC 9457).
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from markethall.kit.field_codes import FieldCode, Values

PROBLEM_JSON = "application/problem+json"


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field.

    `field` is a path such as `lines[0].quantity`. `message` is for people who read English; `code` and `values`,
    what the message names, say the same to whoever speaks another language.
    """

    field: str
    message: str
    code: FieldCode = "invalid"
    values: Values = dataclasses.field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        return {"field": self.field, "message": self.message, "code": self.code, "values": dict(self.values)}


class Problem(Exception):
    """An answer that is not what was asked for. `code` is stable; `detail` is for people."""

    status: ClassVar[int] = 500
    code: str = "internal"
    title: str = "Something went wrong"

    def __init__(
        self,
        detail: str = "",
        *,
        code: str | None = None,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        if code is not None:
            self.code = code
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.extra = extra

    def document(self) -> dict[str, Any]:
        """The body, RFC 9457."""
        body: dict[str, Any] = {
            "type": f"urn:markethall:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
        }
        if self.errors:
            body["errors"] = [error.document() for error in self.errors]
        return body | self.extra


class Unreadable(Problem):
    status = 400
    code = "unreadable"
    title = "The request cannot be read"


class DuplicateKey(Unreadable):
    code = "duplicate_key"
    title = "A JSON object names a member twice"


class Unauthenticated(Problem):
    status = 401
    code = "unauthenticated"
    title = "Sign in first"

    def __init__(self, detail: str = "", **kwargs: Any) -> None:
        super().__init__(detail, **kwargs)
        self.headers.setdefault("WWW-Authenticate", "Bearer")


class Forbidden(Problem):
    status = 403
    code = "forbidden"
    title = "Not allowed"


class NotFound(Problem):
    status = 404
    code = "not_found"
    title = "There is no such thing here"


class NotAllowed(Problem):
    status = 405
    code = "method_not_allowed"
    title = "This address does not take that method"


class Conflict(Problem):
    status = 409
    code = "conflict"
    title = "That conflicts with what is there"


class VersionMismatch(Problem):
    status = 412
    code = "version_mismatch"
    title = "It has changed since you read it"


class TooLarge(Problem):
    status = 413
    code = "too_large"
    title = "The body is too large"


class UnsupportedMedia(Problem):
    status = 415
    code = "unsupported_media_type"
    title = "Send application/json"


class Invalid(Problem):
    status = 422
    code = "invalid"
    title = "The request is readable, but not valid"


class VersionRequired(Problem):
    status = 428
    code = "version_required"
    title = "Say in If-Match which version you mean to change"


class TooManyRequests(Problem):
    status = 429
    code = "too_many_requests"
    title = "Too many requests"

    def __init__(self, detail: str = "", *, retry_after_seconds: int, **kwargs: Any) -> None:
        super().__init__(detail, **kwargs)
        self.headers["Retry-After"] = str(retry_after_seconds)


class Internal(Problem):
    status = 500
    code = "internal"
    title = "Something went wrong"


class Unavailable(Problem):
    status = 503
    code = "unavailable"
    title = "This part of the shop cannot answer just now"

    def __init__(self, detail: str = "", *, retry_after_seconds: int = 1, **kwargs: Any) -> None:
        super().__init__(detail, **kwargs)
        self.headers["Retry-After"] = str(retry_after_seconds)
