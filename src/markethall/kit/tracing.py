"""Traces: W3C trace context passed on always, spans exported (OTLP over HTTP) where a collector is set.

The OpenTelemetry SDK is loaded only then: it would cost each process memory and start time.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from markethall.kit import telemetry
from markethall.kit.settings import Settings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Tracer

_tracer: "Tracer | None" = None


class RequestSpan(Protocol):
    """What the surroundings of a request tell its span."""

    def answered(self, route: str, status: int) -> None: ...


def configure(service: str, settings: Settings) -> "TracerProvider | None":
    """Export spans from now on, if a collector is set. Shut the provider down at the end."""
    global _tracer
    if not settings.otlp_endpoint:
        return None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create({"service.name": f"markethall-{service}", "service.instance.id": settings.replica})
    provider = TracerProvider(resource=resource)
    endpoint = settings.otlp_endpoint.rstrip("/") + "/v1/traces"
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint, timeout=5)))
    _tracer = provider.get_tracer("markethall")
    return provider


def is_on() -> bool:
    """Whether spans are exported."""
    return _tracer is not None


@contextmanager
def request_span(method: str, traceparent: str | None) -> Iterator[RequestSpan]:
    """Around one request, where spans are exported (`is_on`); sets the trace that its inner hops carry."""
    assert _tracer is not None
    from opentelemetry.trace import SpanKind
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    propagator = TraceContextTextMapPropagator()
    parent = propagator.extract({"traceparent": traceparent} if traceparent else {})
    with _tracer.start_as_current_span(method, context=parent, kind=SpanKind.SERVER) as span:
        carrier: dict[str, str] = {}
        propagator.inject(carrier)
        telemetry.trace.set(telemetry.Trace(made=carrier.get("traceparent", "")))
        span.set_attribute("http.request.method", method)
        yield _Recorded(span, method)


class _Recorded:
    def __init__(self, span: "object", method: str) -> None:
        self._span = span
        self._method = method

    def answered(self, route: str, status: int) -> None:
        from opentelemetry.trace import Span, StatusCode

        assert isinstance(self._span, Span)
        self._span.update_name(f"{self._method} {route}")
        self._span.set_attribute("http.route", route)
        self._span.set_attribute("http.response.status_code", status)
        if status >= 500:
            self._span.set_status(StatusCode.ERROR)
