"""No request makes the service fail: a corpus of hostile ones, then a fuzzer's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import schemathesis
from fastapi import FastAPI
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.service.app import create_app
from api.service.engine import Engine, open_engine
from api.service.problems import MEDIA_TYPE
from api.settings import load_settings
from data.workspace import Workspace
from production.configuration.products import add_products
from recsys.groups.groups import group_customers
from recsys.groups.saved import save_groups
from tests.api.client import Client
from tests.paths import ROOT

WHAT_IF = "/v1/plans/latest-one/what-if"
RELEASE = "/v1/plans/nothing/release"
CONFIGURE = "/v1/products/SH001/configuration"
CONFIRM = "/v1/orders/nothing/confirm"
POSTS = (
    "/v1/recommendations", "/v1/events", "/v1/plans", "/v1/overrides", WHAT_IF, RELEASE, CONFIGURE,
    "/v1/jobs", "/v1/quotes", "/v1/orders", CONFIRM, "/v1/answers", "/v1/session",
)  # fmt: skip
JSON = {"content-type": "application/json", "idempotency-key": "hostile"}

VALUES = [
    "null", "true", "-1", "0", "1.5", "1e2", "1e999", "-1e999", "NaN", "Infinity", "-Infinity",
    "9" * 30, "9" * 5000, "1" + "0" * 400, "9223372036854775808", "-0.0", '""', '" "', '"x"',
    '"\\u0000"', '"\\ud800"', '"\\udc00\\ud800"', '"\\u202e"', '"\\ufeff"', '"=1+1"', '"../../x"',
    '"%s%n"', '"\' OR 1=1 --"', json.dumps("x" * 201), json.dumps("é" * 200), "[]", "[null]",
    "[[[]]]", "{}", '{"a": {}}', "[" * 500 + "]" * 500, '"1970-01-01"', '"0000-00-00"',
    '"9999-12-31T23:59:59.999999+14:00"', '"2025-02-30"', '"2025-06-01T24:00:00"',
]  # fmt: skip

FIELDS = {
    "/v1/recommendations": ("customer_id", "variant_ids", "k", "exclude_seen", "rules", "extra"),
    "/v1/answers": ("question", "customer_id", "k", "language", "extra"),
    "/v1/plans": ("horizon", "as_of", "capacity", "extra"),
    "/v1/events": ("events", "extra"),
    "/v1/overrides": ("variant_id", "quantity", "by", "why", "until", "extra"),
    WHAT_IF: ("capacity", "groups", "lines", "extra"),
    RELEASE: ("by", "note", "extra"),
    "/v1/session": ("key", "extra"),
    "/v1/jobs": ("kind", "arguments", "extra"),
    "/v1/quotes": ("lines", "extra"),
    "/v1/orders": ("quote_id", "lines", "customer_id", "hold_minutes", "extra"),
    CONFIRM: ("version", "reason", "extra"),
    CONFIGURE: ("choices", "quantity", "customer_id", "likely", "list_open", "extra"),
}
JOB_ARGUMENTS = {
    "train": ("model", "as_of", "untuned", "extra"),
    "forecast": ("horizon", "as_of", "extra"),
    "plan": ("horizon", "capacity", "extra"),
    "import": ("files", "mapping", "quarantine", "extra"),
}
GROUP_FIELDS = ("column", "values", "demand", "price", "unit_cost", "extra")
GOOD_OVERRIDE = {"variant_id": "v", "quantity": 1, "by": "Ann", "why": "x"}
RULES = (
    "collapse", "per_style", "allow", "deny", "deny_styles", "in_stock", "region", "attributes",
    "min_price", "max_price", "boosts", "bonus", "plan_bonus", "explore", "extra",
)  # fmt: skip
BOOST_FIELDS = ("amount", "variant_id", "style_id", "attribute", "until", "extra")
EVENT_FIELDS = ("event_id", "customer_id", "variant_id", "kind", "value", "at", "extra")
GOOD_EVENT = {
    "event_id": "e", "customer_id": "c", "variant_id": "v", "kind": "view",
    "value": 1, "at": "2025-02-20T10:00:00",
}  # fmt: skip


def overrides_with(value: str) -> Iterator[str]:
    """The value in the place of each field of an override that is good otherwise."""
    for field in FIELDS["/v1/overrides"]:
        rest = {name: good for name, good in GOOD_OVERRIDE.items() if name != field}
        yield f'{json.dumps(rest)[:-1]}, "{field}": {value}}}'


def what_ifs_with(value: str) -> Iterator[str]:
    """The value as a capacity, and in the place of each field of a group."""
    yield f'{{"capacity": {{"units": {{"amount": {value}}}}}}}'
    yield f'{{"capacity": {{"sewing": {{"factor": {value}}}}}}}'
    for field in GROUP_FIELDS:
        yield f'{{"groups": [{{"demand": 2.0, "{field}": {value}}}]}}'
        yield f'{{"groups": [{{"column": "size", "{field}": [{value}]}}]}}'
        yield f'{{"groups": [{{"{field}": {{"factor": {value}}}}}]}}'


def bodies(url: str) -> Iterator[str]:
    """Each value in the place of each field, and of the body itself."""
    inner = {"/v1/recommendations": rules_with, "/v1/overrides": overrides_with}
    inner |= {WHAT_IF: what_ifs_with, "/v1/jobs": jobs_with}
    for value in VALUES:
        yield value
        for field in FIELDS[url]:
            yield f'{{"{field}": {value}}}'
            yield f'{{"{field}": [{value}]}}'
        if url in inner:
            yield from inner[url](value)
        if url == "/v1/plans":
            yield f'{{"capacity": {{"units": {value}}}}}'
        if url == "/v1/events":
            for field in EVENT_FIELDS:
                rest = {name: good for name, good in GOOD_EVENT.items() if name != field}
                yield f'{{"events": [{json.dumps(rest)[:-1]}, "{field}": {value}}}]}}'


def jobs_with(value: str) -> Iterator[str]:
    """The value in the place of each argument of each kind of job."""
    for kind, names in JOB_ARGUMENTS.items():
        for name in names:
            yield f'{{"kind": "{kind}", "arguments": {{"{name}": {value}}}}}'
            yield f'{{"kind": "{kind}", "arguments": {{"{name}": [{value}]}}}}'
    yield f'{{"kind": "import", "arguments": {{"files": [{value}], "mapping": "sample"}}}}'


def rules_with(value: str) -> Iterator[str]:
    """The value in the place of each rule, bare and wrapped, and of each field of a boost."""
    for rule in RULES:
        for shape in (value, f"[{value}]", f'{{"size": {value}}}', f'{{"size": [{value}]}}'):
            yield f'{{"customer_id": "c", "rules": {{"{rule}": {shape}}}}}'
    good = {"amount": "1", "style_id": '"x"'}
    for field in BOOST_FIELDS:
        boost = ", ".join(f'"{name}": {text}' for name, text in (good | {field: value}).items())
        yield f'{{"customer_id": "c", "rules": {{"boosts": [{{{boost}}}]}}}}'


@pytest.fixture(scope="module")
def engine(market: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    import shutil

    root = shutil.copytree(str(market), tmp_path_factory.mktemp("hostile") / "workspace")
    workspace = Workspace.open(root)
    save_groups(workspace, group_customers(workspace, count=2))
    add_products(workspace, sorted((ROOT / "data" / "sample" / "products").iterdir()))
    with open_engine(root, load_settings(root)) as engine:
        yield engine


@pytest.fixture(scope="module")
def app(engine: Engine) -> FastAPI:
    return create_app(engine)


@pytest.mark.parametrize("url", POSTS)
def test_hostile_bodies_are_refused_as_problems(app: FastAPI, url: str) -> None:
    client = Client(app)
    kept = client.get("/v1/plans").json()["plans"][0]["plan_id"]
    for body in bodies(url):
        response = client.post(url.replace("latest-one", kept), content=body.encode(), headers=JSON)
        assert response.status_code < 500, (body[:200], response.text)
        if response.status_code >= 400:
            assert response.headers["content-type"] == MEDIA_TYPE, body[:200]
            assert {"code", "detail", "where", "do"} <= response.json().keys(), body[:200]


@pytest.mark.parametrize("url", POSTS)
@pytest.mark.parametrize(
    "body", [b"", b"\x00", b"\xff\xfe", b"\x1f\x8b\x08", b"k=3", b"<x/>", b"--b\r\n\r\n--b--"]
)
def test_what_is_no_json_at_all_is_a_400(app: FastAPI, url: str, body: bytes) -> None:
    assert Client(app).post(url, content=body, headers=JSON).status_code == 400


@pytest.mark.parametrize(
    "url",
    [
        "/v1/customers/%00/recommendations",
        "/v1/customers/%FF/recommendations",
        "/v1/customers/../recommendations",
        "/v1/customers//recommendations",
        "/v1/customers/c/recommendations?k=%00",
        "/v1/customers/c/recommendations?k[]=1",
        "/v1/customers/c/recommendations?%FF=%FF",
        "/v1/customers/c/recommendations?exclude_seen=maybe",
        "/v1/customers/c/recommendations?attribute=%00=%00",
        "/v1/customers/c/recommendations?attribute=size=%FF&attribute=%ED%A0%80=x",
        "/v1/customers/c/recommendations?attribute=" + "=" * 500,
        "/v1/customers/c/recommendations?" + "attribute=size=M&" * 1000,
        "/v1/customers/c/recommendations?min_price=1e999&max_price=-1e999",
        "/v1/customers/c/recommendations?min_price=nan",
        "/v1/customers/c/recommendations?per_style=" + "9" * 5000,
        "/v1/customers/c/recommendations?region=%00",
        "/v1/customers/c/styles/s/variants?k=%00",
        "/v1/customers/c/styles//variants",
        "/v1/customers//styles//variants",
        "/v1/customers/c/styles/%FF/variants",
        "/v1/customers/c/styles/%2e%2e%2f/variants?region=%ED%A0%80",
        "/v1/variants/v/similar?attribute=size",
        "/v1/variants/%2e%2e%2f/similar",
        "/v1/plans/%2e%2e%2f%2e%2e%2fatelier.db",
        "/v1/plans/..%00",
        "/v1/plans/%2e%2e/diff?against=%2e%2e%2flatest",
        "/v1/plans/x/diff",
        "/v1/plans/%FF/what-if",
        "/v1/plans/%2e%2e%2foverrides.jsonl/release",
        "/v1/plans?offset=-1",
        "/v1/overrides?every=maybe",
        "/v1/variant-mix?plan_id=%2e%2e%2flatest",
        "/v1/variant-mix?plan_id=",
        "/v1/products/%2e%2e%2f%2e%2e%2fatelier/configuration",
        "/v1/products/%00/configuration",
        "/v1/products//configuration",
        "/v1/products/SH001/configuration?option=%FF",
        "/v1/products/SH001/configuration?levels=-1&limit=0",
        "/v1/products/SH001/configuration?offset=" + "9" * 5000,
        "/configure/",
        "/configure/%FF%00",
        "/configure/x?y=1",
        "/v1/",
        "//v1/variant-mix",
        "/healthz/",
        "/metrics?x=1",
        "/metrics/",
        "/openapi.json/x",
        "/?x=1",
        "/planner",
        "/planner/style",
        "/planner/style?id=%00",
        "/planner/style?id=%ED%A0%80",
        "/planner/style?id=../../x&id=y",
        "/planner/customer?id=%FF",
        "/planner/customer?id=%27%20OR%201=1%20--",
        "/planner/customer?id=" + "x" * 5000,
        "/planner/search?q=%00%FF",
        "/planner/search?q=" + "%20a" * 30,
        "/planner/planner.css?v=" + "9" * 65,
        "/planner/../planner.py",
    ],
)
def test_hostile_paths_are_answered(app: FastAPI, url: str) -> None:
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "BREW"):
        response = Client(app).request(method, url, headers=JSON, content=b"{}")
        assert response.status_code < 500, (method, response.text)
        if response.status_code >= 400:
            assert response.headers["content-type"] == MEDIA_TYPE


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def fuzz(app: FastAPI, *, examples: int, seed: int) -> int:
    """Send generated requests, fitting and not, to every operation; how many were sent."""
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    sent = 0
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()

        @hypothesis.seed(seed)
        @hypothesis.settings(
            max_examples=examples,
            deadline=None,
            database=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(case=operation.as_strategy())
        def attack(case: schemathesis.Case[Any]) -> None:
            nonlocal sent
            sent += 1
            case.call_and_validate(checks=CHECKS)

        attack()
    return sent


def test_a_fuzzer_finds_nothing(app: FastAPI) -> None:
    assert fuzz(app, examples=8, seed=1) >= 8


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3, 4])
def test_a_fuzzer_finds_nothing_in_long_runs(app: FastAPI, seed: int) -> None:
    assert fuzz(app, examples=200, seed=seed) >= 200
