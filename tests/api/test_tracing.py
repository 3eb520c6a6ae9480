"""Traces of requests: what a span says, whose it is, and what never stands in it."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from api.errors import SettingsError
from api.service.app import create_app
from api.service.engine import Engine
from api.service.tracing_asked import ENDPOINTS, spans_if_asked
from tests.api.client import Client
from tests.paths import ROOT

LIST = "/v1/customers/{}/recommendations"
TEMPLATE = LIST.format("{customer_id}")
CALLER = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class Traced:
    """A service whose spans are kept."""

    def __init__(self, engine: Engine) -> None:
        self._kept = InMemorySpanExporter()
        self.provider = TracerProvider(shutdown_on_exit=False)
        self.provider.add_span_processor(SimpleSpanProcessor(self._kept))
        self.app = create_app(engine, self.provider)
        self.client = Client(self.app)

    def spans(self) -> tuple[ReadableSpan, ...]:
        return self._kept.get_finished_spans()

    def last(self) -> dict[str, object]:
        return dict(self.spans()[-1].attributes or {})


@pytest.fixture
def traced(engine: Engine) -> Traced:
    return Traced(engine)


def test_a_span_is_named_by_the_template_in_either_lane(engine: Engine, traced: Traced) -> None:
    customer = engine.snapshot().recommender.interactions.customers[0]
    for query in ("", "", "?k=5&in_stock=true"):  # the second is the fast lane's in any case
        answer = traced.client.get(LIST.format(customer) + query)
        span = traced.spans()[-1]
        assert (span.name, span.kind) == (f"GET {TEMPLATE}", SpanKind.SERVER)
        assert traced.last() == {
            "http.request.method": "GET",
            "http.route": TEMPLATE,
            "http.response.status_code": answer.status_code,
            "atelier.request_id": answer.headers["x-request-id"],
        }
        assert span.status.status_code is StatusCode.UNSET
    assert len(traced.spans()) == 3


def test_nothing_that_a_client_sends_stands_in_a_span(traced: Traced) -> None:
    event = {"event_id": "canary-event", "customer_id": "canary-customer", "kind": "canary-kind"}
    headers = {
        "authorization": "Bearer canary-key", "user-agent": "canary-agent",
        "tracestate": "canary=state", "baggage": "canary=bag", "traceparent": CALLER,
    }  # fmt: skip
    for method, path in (
        ("GET", LIST.format("canary-customer") + "?k=canary-query"),
        ("GET", LIST.format("canary-customer") + "?k=3"),
        ("POST", "/v1/events?canary-query=1"),
        ("GET", "/canary-nowhere"),
        ("CANARY", "/v1/events"),
    ):
        traced.client.request(method, path, headers=headers, json={"events": [event]})
        traced.client.request(method, path, json={"events": [event]})
    assert len(traced.spans()) == 10
    assert "canary" not in "".join(span.to_json().lower() for span in traced.spans())


def test_a_span_lies_within_the_callers(traced: Traced) -> None:
    traced.client.get("/healthz", headers={"traceparent": CALLER})
    parent = traced.spans()[-1].parent
    assert parent is not None
    assert (f"{parent.trace_id:032x}", f"{parent.span_id:016x}") == tuple(CALLER.split("-")[1:3])
    for none in ({}, {"traceparent": "nonsense"}):
        traced.client.get("/healthz", headers=none)
        assert traced.spans()[-1].parent is None


def test_a_caller_that_samples_nothing_gets_no_span(traced: Traced) -> None:
    answer = traced.client.get("/healthz", headers={"traceparent": CALLER.removesuffix("1") + "0"})
    assert answer.status_code == 200
    assert traced.spans() == ()


def test_errors_of_the_service_are_marked_and_those_of_clients_are_not(traced: Traced) -> None:
    @traced.app.get("/broken")
    def broken() -> None:
        raise RuntimeError("canary-message")

    assert traced.client.get("/broken").status_code == 500
    span = traced.spans()[-1]
    assert span.status.status_code is StatusCode.ERROR
    assert traced.last()["error.type"] == "RuntimeError"
    assert traced.last()["http.response.status_code"] == 500
    assert "canary" not in span.to_json()

    assert traced.client.get(LIST.format("c") + "?k=none").status_code == 422
    assert traced.spans()[-1].status.status_code is StatusCode.UNSET
    assert traced.last()["http.response.status_code"] == 422


def test_fastapis_own_spans_stay_off(
    engine: Engine, traced: Traced, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: traced.provider)
    Client(create_app(engine)).get(LIST.format("canary-customer"))
    assert traced.spans() == ()


def test_spans_are_sent_off_when_the_service_ends(engine: Engine, traced: Traced) -> None:
    async def life() -> None:
        async with traced.app.router.lifespan_context(traced.app):
            pass

    ended: list[bool] = []
    traced.provider.shutdown = lambda: ended.append(True)  # type: ignore[method-assign]
    asyncio.run(life())
    assert ended == [True]


def test_tracing_is_off_unless_a_collector_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ENDPOINTS:
        monkeypatch.delenv(name, raising=False)
    assert spans_if_asked() is None
    monkeypatch.setenv(ENDPOINTS[0], "http://127.0.0.1:1")
    spans = spans_if_asked()
    assert spans is not None
    assert spans.resource.attributes["service.name"] == "atelier"
    spans.shutdown()
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    assert spans_if_asked() is None


def test_the_service_loads_none_of_it_where_it_is_off() -> None:
    script = "import sys, api.service.server; print('opentelemetry.sdk' in sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert ran.stdout.strip() == "False"


def test_a_missing_package_is_named_with_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENDPOINTS[0], "http://127.0.0.1:1")
    monkeypatch.delitem(sys.modules, "api.service.tracing", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http", None)
    monkeypatch.delitem(
        sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", raising=False
    )
    with pytest.raises(SettingsError) as refused:
        spans_if_asked()
    assert "pip install atelier[tracing]" in refused.value.fix
    assert ENDPOINTS[0] in str(refused.value.where)
