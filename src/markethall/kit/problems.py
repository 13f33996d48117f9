"""Errors on the wire: one place turns them into `application/problem+json`."""

from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import (
    ClientException,
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    SerializationException,
    ValidationException,
)
from litestar.openapi.datastructures import ResponseSpec

from markethall.kit.db import DatabaseUnavailable, is_passing
from markethall.kit.errors import (
    PROBLEM_JSON,
    FieldError,
    Internal,
    Invalid,
    NotAllowed,
    NotFound,
    Problem,
    Unreadable,
)

log = structlog.get_logger(__name__)


class FieldProblem(msgspec.Struct, frozen=True):
    """What is wrong with one field."""

    field: str
    message: str


class ProblemDocument(msgspec.Struct, frozen=True):
    """RFC 9457, with a stable `code`."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldProblem] | msgspec.UnsetType = msgspec.UNSET


def responses(*statuses: int) -> dict[int, ResponseSpec]:
    """For a route's `responses`: the problems it may answer, beside those any route may (400, 422, 503)."""
    return {
        status: ResponseSpec(
            data_container=ProblemDocument,
            generate_examples=False,
            description=_DESCRIPTIONS.get(status, "Problem"),
            media_type=PROBLEM_JSON,
        )
        for status in sorted({*statuses, 400, 422, 429, 500, 503})
    }


_DESCRIPTIONS = {
    400: "The request cannot be read",
    401: "No valid identity",
    403: "Not allowed",
    404: "Absent, or not yours",
    409: "Conflict",
    412: "Another version is there by now",
    413: "Body over the limit",
    415: "Not application/json",
    422: "Readable, but not valid",
    428: "If-Match is missing",
    429: "Too many requests",
    500: "Something went wrong",
    503: "Not just now",
}


def to_problem(error: Exception) -> Problem:
    """Any error as the problem it is to a client."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, msgspec.ValidationError):
        return Invalid(errors=[field_error(str(error))])
    if isinstance(error, msgspec.DecodeError | SerializationException | UnicodeDecodeError):
        return Unreadable()
    if isinstance(error, ValidationException):
        return _from_validation(error)
    if isinstance(error, NotFoundException):
        return NotFound()
    if isinstance(error, MethodNotAllowedException):
        return NotAllowed(headers=dict(error.headers or {}))
    if isinstance(error, ClientException):
        return Unreadable(error.detail)
    if isinstance(error, HTTPException) and error.status_code < 500:
        return Unreadable(error.detail)
    if is_passing(error):
        return DatabaseUnavailable()
    log.error("unexpected error", exc_info=error)
    return Internal()


def field_error(message: str) -> FieldError:
    """msgspec's "Expected `int`, got `str` - at `$.lines[0].quantity`" as a field and a message."""
    text, separator, path = message.rpartition(" - at `")
    if not separator:
        return FieldError("", message)
    # Of a wrong key the path is "key` in `$.attributes`".
    path = path.rstrip("`").rpartition("`")[2]
    return FieldError(path.removeprefix("$").removeprefix("."), text)


def _from_validation(error: ValidationException) -> Problem:
    if isinstance(error.__cause__, msgspec.ValidationError):
        return Invalid(errors=[field_error(str(error.__cause__))])
    errors = []
    extra: Any = error.extra
    for entry in extra if isinstance(extra, list) else []:
        if isinstance(entry, dict):
            errors.append(FieldError(str(entry.get("key", "")), str(entry.get("message", "not valid"))))
    return Invalid(errors=errors or [FieldError("", error.detail)])


def answer(_request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Litestar's exception handler."""
    problem = to_problem(error)
    return Response(
        content=msgspec.json.encode(problem.document()),
        status_code=problem.status,
        headers=problem.headers,
        media_type=PROBLEM_JSON,
    )
