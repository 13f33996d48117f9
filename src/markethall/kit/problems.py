"""Errors on the wire: one place turns them into `application/problem+json`."""

from collections.abc import Iterable
from dataclasses import replace
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
from markethall.kit.field_codes import FieldCode
from markethall.kit.field_errors import field_error, meaning

log = structlog.get_logger(__name__)


class FieldProblem(msgspec.Struct, frozen=True):
    """What is wrong with one field. `code` is stable; `values` are what the message names."""

    field: str
    message: str
    code: FieldCode
    values: dict[str, str | int]


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


def _from_validation(error: ValidationException) -> Problem:
    if str(error.__cause__) == "Object missing required field `data`":
        return Unreadable("The body is missing.")
    if isinstance(error.__cause__, msgspec.ValidationError):
        return Invalid(errors=[field_error(str(error.__cause__))])
    errors = []
    extra: Any = error.extra
    for entry in extra if isinstance(extra, list) else []:
        if isinstance(entry, dict):
            message = str(entry.get("message", "not valid"))
            errors.append(FieldError(str(entry.get("key", "")), message, *meaning(message)))
    return Invalid(errors=errors or [FieldError("", error.detail)])


def _with_wire_names(problem: Problem, request: Request[Any, Any, Any]) -> Problem:
    """A parameter is named as the client wrote it, not as the handler calls it."""
    handler = request.scope.get("route_handler")
    parameters = handler.parsed_fn_signature.parameters if handler is not None else {}

    def wire_name(field: str) -> str:
        definition = getattr(parameters.get(field), "kwarg_definition", None)
        return getattr(definition, "name", None) or field

    problem.errors = tuple(replace(each, field=wire_name(each.field)) for each in problem.errors)
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
