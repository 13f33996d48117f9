"""Logs as JSON lines, metrics for Prometheus, and W3C trace context."""

import logging
import re
import sys
from contextvars import ContextVar
from typing import Any

import structlog
from prometheus_client import Counter, Gauge

from markethall.kit.figures import FIGURES
from markethall.kit.ids import random_hex
from markethall.kit.request_times import REQUEST_TIMES

RELAYED = Counter("markethall_relayed_messages_total", "Outbox messages taken to the bus.")
RELAY_FAILURES = Counter("markethall_relay_failures_total", "Times the bus or the database refused the relay.")
CONSUMED = Counter("markethall_consumed_messages_total", "Messages applied.", ["consumer"])
CONSUMER_FAILURES = Counter("markethall_consumer_failures_total", "Batches to be tried again.", ["consumer"])
DEAD_LETTERS = Counter("markethall_dead_letters_total", "Messages set aside with a reason.", ["consumer"])
BUS_CONNECTED = Gauge("markethall_bus_connected", "1 while connected to the bus.")

request_id: ContextVar[str] = ContextVar("request_id", default="")
trace: ContextVar["Trace | None"] = ContextVar("trace", default=None)

_TRACEPARENT = re.compile(r"^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$")


class Trace:
    """The trace context of one request. Most need none: it is made once somebody asks."""

    __slots__ = ("_given", "_made")

    def __init__(self, given: str | None = None, made: str | None = None) -> None:
        """`given`: the caller's `traceparent`, to be continued; `made`: ours, where it is known."""
        self._given = given
        self._made = made

    @property
    def parent(self) -> str:
        """The `traceparent` for the next hop."""
        if self._made is None:
            self._made = continue_trace(self._given)
        return self._made


def traceparent() -> str:
    """Of the request that is being answered; empty outside of one."""
    current = trace.get()
    return current.parent if current is not None else ""


def observe_request(method: str, route: str, status: int, seconds: float, count: int = 1) -> None:
    """Count an answer, or so many of one kind. `route` is a template: few of them exist."""
    REQUEST_TIMES.observe(method, route, status, seconds, count)
    FIGURES.answered(route, status, seconds, count)


def configure_logging(service: str, replica: str, level: str) -> None:
    """One JSON object a line on standard output; the libraries' own records too."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _bind(service, replica),
    ]
    structlog.configure(
        processors=[
            *shared,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)


def _bind(service: str, replica: str) -> Any:
    def add(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
        event["service"] = service
        event["replica"] = replica
        if current := request_id.get():
            event["request_id"] = current
        if parent := traceparent():
            event["trace_id"] = parent[3:35]
        return event

    return add


def continue_trace(header: str | None) -> str:
    """The `traceparent` of this hop: a child of the caller's, or a new trace (W3C Trace Context, level 1)."""
    match = _TRACEPARENT.match(header) if header else None
    if match is None or match[1] == "0" * 32 or match[2] == "0" * 16:
        return f"00-{random_hex(32)}-{random_hex(16)}-00"
    return f"00-{match[1]}-{random_hex(16)}-{match[3]}"
