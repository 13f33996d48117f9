"""Errors on the wire: one place turns them into `application/problem+json`."""

import re
from collections.abc import Iterable
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
        allowed = next((value for name, value in (error.headers or {}).items() if name.lower() == "allow"), "")
        methods = {name.strip() for name in allowed.split(",")} - {""}
        return NotAllowed(headers={"Allow": ", ".join(sorted(with_head(methods)))})
    if isinstance(error, ClientException):
        return Unreadable(error.detail)
    if isinstance(error, HTTPException) and error.status_code < 500:
        return Unreadable(error.detail)
    if is_passing(error):
        return DatabaseUnavailable()
    log.error("unexpected error", exc_info=error)
    return Internal()


def with_head(methods: Iterable[str]) -> set[str]:
    """Whoever answers GET answers HEAD."""
    named = set(methods)
    return named | {"HEAD"} if "GET" in named else named


def field_error(message: str) -> FieldError:
    """msgspec's "Expected `int`, got `str` - at `$.lines[0].quantity`" as a field and a message."""
    text, separator, path = message.rpartition(" - at `")
    if not separator:
        text, path = message, ""
    # Of a wrong key the path is "key` in `$.attributes`".
    path = path.rstrip("`").rpartition("`")[2].removeprefix("$").removeprefix(".")
    member = _MEMBER.search(text)
    if member is not None:
        path = f"{path}.{member[1]}" if path else member[1]
    return FieldError(path, text)


# "Object contains unknown field `colour`", "Object missing required field `name`": that member is meant.
_MEMBER = re.compile(r"(?:unknown|required) field `([^`]*)`\Z")


def _from_validation(error: ValidationException) -> Problem:
    if str(error.__cause__) == "Object missing required field `data`":
        return Unreadable("The body is missing.")
    if isinstance(error.__cause__, msgspec.ValidationError):
        return Invalid(errors=[field_error(str(error.__cause__))])
    errors = []
    extra: Any = error.extra
    for entry in extra if isinstance(extra, list) else []:
        if isinstance(entry, dict):
            errors.append(FieldError(str(entry.get("key", "")), str(entry.get("message", "not valid"))))
    return Invalid(errors=errors or [FieldError("", error.detail)])


def _with_wire_names(problem: Problem, request: Request[Any, Any, Any]) -> Problem:
    """A parameter is named as the client wrote it, not as the handler calls it."""
    handler = request.scope.get("route_handler")
    parameters = handler.parsed_fn_signature.parameters if handler is not None else {}

    def wire_name(field: str) -> str:
        definition = getattr(parameters.get(field), "kwarg_definition", None)
        return getattr(definition, "name", None) or field

    problem.errors = tuple(FieldError(wire_name(each.field), each.message) for each in problem.errors)
    return problem


def answer(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Litestar's exception handler."""
    problem = to_problem(error)
    if isinstance(error, ValidationException):
        problem = _with_wire_names(problem, request)
    return Response(
        content=msgspec.json.encode(problem.document()),
        status_code=problem.status,
        headers=problem.headers,
        media_type=PROBLEM_JSON,
    )
