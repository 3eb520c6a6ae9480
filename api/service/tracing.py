"""Traces of requests by OpenTelemetry; loaded only where `api.service.tracing_asked` says so.

A span says the method, the route's template, the status and the request id. Path, query, headers
and bodies stay out, and so does an exception's message: any of them may hold what names a customer.
"""

from __future__ import annotations

from typing import Final

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.service.request_log import method_of, route_of

_PROPAGATOR: Final = TraceContextTextMapPropagator()
_PARENT: Final = "traceparent"


def open_spans() -> TracerProvider:
    """Where spans go: sent in batches to the collector that OTEL_… variables name."""
    named = Resource.create({SERVICE_NAME: "atelier"}).merge(OTELResourceDetector().detect())
    spans = TracerProvider(resource=named)
    spans.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return spans


class Tracing:
    """Pure ASGI: a span a request, within the one that the caller's traceparent names.

    Args:
        app: the service behind it.
        spans: where they go.
    """

    def __init__(self, app: ASGIApp, spans: TracerProvider) -> None:
        self._app = app
        self._tracer = spans.get_tracer("atelier")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and keep what became of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method = method_of(scope)
        span = self._tracer.start_span(method, context=_parent(scope), kind=SpanKind.SERVER)
        if not span.is_recording():
            await self._app(scope, receive, send)
            return
        status = 0

        async def seen(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, seen)
        except Exception as error:
            _failed(span, type(error).__name__)
            status = status or 500  # what the request log makes of it
            raise
        else:
            if status >= 500:
                _failed(span, str(status))
        finally:
            _finish(span, scope, method, status)


def _parent(scope: Scope) -> Context:
    """The caller's span; its tracestate and baggage, which may say anything, are not taken over."""
    given = [value.decode("latin-1") for name, value in scope["headers"] if name == b"traceparent"]
    return _PROPAGATOR.extract({_PARENT: given[0]} if len(given) == 1 else {}, Context())


def _failed(span: Span, kind: str) -> None:
    span.set_status(StatusCode.ERROR)
    span.set_attribute("error.type", kind)


def _finish(span: Span, scope: Scope, method: str, status: int) -> None:
    """Name the span, once the route is known, and send it off."""
    span.set_attribute("http.request.method", method)
    span.set_attribute("atelier.request_id", scope["atelier.request_id"])
    if status:
        span.set_attribute("http.response.status_code", status)
    route = route_of(scope)
    if route is not None:
        span.set_attribute("http.route", route)
        span.update_name(f"{method} {route}")
    span.end()
