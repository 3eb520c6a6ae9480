"""The client against the OpenAPI document, and against the service."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Unpack, cast, get_args, get_origin, get_type_hints, is_typeddict

import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel, TypeAdapter, ValidationError

from api.client import Client, Retries, ServiceAway, ServiceRefused
from api.lists import ListRequest
from api.service.app import create_app
from api.service.engine import Engine, open_engine
from api.service.event_schemas import Event, Events
from api.service.plan_schemas import PlanRequest
from api.settings import load_settings
from recsys.groups.groups import group_customers
from recsys.groups.saved import save_groups

KEY_HEADER = "Idempotency-Key"
IGNORED = {"accept"}
"""Headers that a parameter of the query says better."""

HOW = """
Each operation of /openapi.json needs a method of the client. In the file of its subject under
api/client/ (shop.py, planning.py, orders.py, health.py, …) add:

    def name(self, some_id: str, request: TheRequest, *, limit: int | None = None) -> TheAnswer:
        \"\"\"The route's summary.\"\"\"
        return self._ask(
            TheAnswer, "POST", "/v1/things/{some_id}", some_id=some_id, body=request,
            query={"limit": limit},
        )

The answer is the route's model (bytes or str for what is no JSON). again=True where doing it twice
is as doing it once. self._once(…, key=key), with `key: str | None = None`, where the route takes an
Idempotency-Key. Missing:
"""


@dataclass
class Call:
    """What a method of the client sends."""

    name: str
    answer: type
    path: dict[str, Any]
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None


class Recorder(Client):
    """Sends nothing, and remembers what it would have sent."""

    def __init__(self) -> None:
        super().__init__("http://test")
        self.sent: list[tuple[str, Call]] = []

    def _ask(self, answer: type, method: str, path: str, **rest: Any) -> Any:
        parts = {name: rest.pop(name, None) or {} for name in ("query", "headers")}
        body, _ = rest.pop("body", None), rest.pop("again", None)
        self.sent.append((f"{method} {path}", Call("", answer, rest, body=body, **parts)))


class Marked(str):
    """An argument that is told from every other; `key` of a step is text."""

    __slots__ = ()


def arguments(method: Callable[..., Any]) -> dict[str, Any]:
    """The annotations of a method's parameters, those of a TypedDict one by one."""
    hints = get_type_hints(method)
    found: dict[str, Any] = {}
    for name, parameter in list(inspect.signature(method).parameters.items())[1:]:
        hint = hints[name]
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            assert get_origin(hint) is Unpack
            (inner,) = get_args(hint)
            assert is_typeddict(inner)
            found |= get_type_hints(inner)
        else:
            found[name] = hint
    return found


METHODS = {
    name: method
    for name, method in inspect.getmembers(Client, inspect.isfunction)
    if not name.startswith("_") and name != "close"
}


def calls() -> dict[str, Call]:
    """By operation, what the client's method of it sends."""
    found: dict[str, Call] = {}
    with Recorder() as recorder:
        for name, method in METHODS.items():
            recorder.sent.clear()
            method(recorder, **{argument: Marked(argument) for argument in arguments(method)})
            assert len(recorder.sent) == 1, f"{name} must ask for exactly one operation"
            ((operation, call),) = recorder.sent
            assert operation not in found, f"{name} and {found[operation].name}: {operation}"
            call.name = name
            found[operation] = call
    return found


CALLS = calls()


@pytest.fixture(scope="module")
def document(market: Path) -> dict[str, Any]:
    with open_engine(market, load_settings(market)) as engine:
        return create_app(engine).openapi()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The document's operations, without the pages that only a browser asks for."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if set(answered(operation).get("content", {})) != {"text/html"}:
                yield f"{method.upper()} {path}", operation


def answered(operation: dict[str, Any]) -> dict[str, Any]:
    """What the document says of an operation's success."""
    codes = operation["responses"]
    return cast("dict[str, Any]", codes[min(code for code in codes if code.startswith("2"))])


def test_every_operation_has_a_method_and_every_method_its_operation(
    document: dict[str, Any],
) -> None:
    stated = {name for name, _ in operations(document)}
    missing = sorted(stated - CALLS.keys())
    assert not missing, HOW + "\n".join(f"    {name}" for name in missing)
    gone = {CALLS[name].name: name for name in CALLS.keys() - stated}
    assert not gone, f"methods of operations that the document does not have: {gone}"


def test_parameters_are_those_of_the_document(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        call, hints = CALLS[name], arguments(METHODS[CALLS[name].name])
        signature = inspect.signature(METHODS[call.name])
        sent = {"path": call.path, "query": call.query, "header": call.headers}
        stated: dict[str, set[str]] = {place: set() for place in sent}
        for parameter in operation.get("parameters", []):
            place, its_name = parameter["in"], parameter["name"]
            if place == "header" and its_name.lower() in IGNORED:
                continue
            stated[place].add(its_name.lower() if place == "header" else its_name)
            if its_name.lower() == KEY_HEADER.lower():
                assert "key" in hints, f"{call.name} takes no key: use self._once"
                continue
            values = {key.lower() if place == "header" else key: value
                      for key, value in sent[place].items()}  # fmt: skip
            wanted = its_name.lower() if place == "header" else its_name
            assert wanted in values, f"{call.name} does not send '{its_name}'"
            argument = str(values[wanted])
            assert kinds(parameter["schema"], document) == kinds_of(hints[argument]), (
                call.name,
                argument,
            )
            if parameter.get("required"):
                assert signature.parameters[argument].default is inspect.Parameter.empty
        for place, names in stated.items():
            given = {one.lower() if place == "header" else one for one in sent[place]}
            assert given == names, (call.name, place)


def test_bodies_and_answers_are_those_of_the_document(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        call = CALLS[name]
        content = operation.get("requestBody", {}).get("content", {})
        assert (call.body is not None) == bool(content), f"{call.name}: a body or none"
        if content:
            hint = arguments(METHODS[call.name])[call.body]
            assert same(document, content["application/json"]["schema"], hint), call.name
        answers = answered(operation).get("content", {})
        if issubclass(call.answer, BaseModel):
            assert same(document, answers["application/json"]["schema"], call.answer), call.name
        else:
            text = set(answers) == {"text/plain"}
            assert call.answer is (str if text else bytes), call.name
        assert get_type_hints(METHODS[call.name])["return"] is call.answer


def same(document: dict[str, Any], stated: dict[str, Any], model: Any) -> bool:
    """Whether the document's schema is the model's, or those of a union's models."""
    if "oneOf" in stated:
        models = {f"#/components/schemas/{one.__name__}": one for one in get_args(model)}
        refs = [one["$ref"] for one in stated["oneOf"]]
        return set(refs) == models.keys() and all(
            same(document, {"$ref": ref}, models[ref]) for ref in refs
        )
    return stated == {"$ref": f"#/components/schemas/{model.__name__}"} and set(
        document["components"]["schemas"][model.__name__]["properties"]
    ) == {one.alias or name for name, one in model.model_fields.items()}


def kinds(schema: dict[str, Any], document: dict[str, Any]) -> frozenset[str]:
    """The types, or the choices, that a schema takes; null aside."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        named = document.get("$defs") or document["components"]["schemas"]
        return kinds(named[name], document)
    if "anyOf" in schema:
        return frozenset[str]().union(*(kinds(one, document) for one in schema["anyOf"]))
    if "enum" in schema:
        return frozenset(schema["enum"])
    if "const" in schema:
        return frozenset([schema["const"]])
    if schema.get("type") == "array":
        return frozenset(f"array of {one}" for one in kinds(schema["items"], document))
    return frozenset([schema["type"]]) - {"null"}


def kinds_of(hint: Any) -> frozenset[str]:
    """Those of an annotation."""
    schema = TypeAdapter(hint).json_schema()
    return kinds(schema, schema)


class InProcess(httpx.BaseTransport):
    """Asks an app in the same process."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return asyncio.run(self._handle(request))

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self._app)) as client:
            answer = await client.send(request_of(request))
            return httpx.Response(answer.status_code, headers=answer.headers, content=answer.read())


def request_of(request: httpx.Request) -> httpx.Request:
    return httpx.Request(
        request.method, request.url, headers=request.headers, content=request.read()
    )


@pytest.fixture
def atelier(engine: Engine) -> Iterator[Client]:
    with Client("http://test", transport=InProcess(create_app(engine))) as client:
        yield client


def test_answers_of_the_service_are_read(atelier: Client, engine: Engine) -> None:
    save_groups(engine.workspace, group_customers(engine.workspace, count=2))
    customer = str(engine.snapshot().recommender.interactions.customers[0])
    first, second = atelier.recommendations(customer, k=2, attribute=[]).recommendations
    assert (first.rank, second.rank) == (1, 2)
    assert first.reasons
    assert atelier.recommend(ListRequest(customer_id=customer, k=2)).recommendations[0] == first
    assert atelier.similar(first.variant_id, k=3, collapse="none").recommendations
    assert atelier.variants_of_style(customer, first.style_id, k=1).recommendations
    assert atelier.demand(limit=1).variants[0].mean > 0
    assert atelier.demand_of(first.variant_id, past=2).past
    assert atelier.customer_groups().groups
    assert atelier.group_of(customer).klass
    made = atelier.make_plan(PlanRequest(horizon=2, capacity={"units": 100.0}))
    assert atelier.plan(made.plan_id) == made
    assert made.plan_id in {one.plan_id for one in atelier.plans().plans}
    assert atelier.plan_risk(made.plan_id, scenarios=100).scenarios == 100
    assert atelier.variant_mix(level="styles").startswith(b"{")
    assert atelier.readyz().model_id == engine.snapshot().model_id
    assert "atelier_request_seconds" in atelier.metrics()


def test_ids_with_any_letter_find_their_way(atelier: Client, engine: Engine) -> None:
    for strange in ("a/b", "100 %", "..", "é?#", "+"):
        assert atelier.recommendations(strange, k=1).customer_id == strange


def test_events_take_times_and_texts(atelier: Client, engine: Engine) -> None:
    variant = str(engine.snapshot().recommender.catalogue.variants[0])
    known: dict[str, Any] = {"customer_id": "new", "variant_id": variant, "kind": "cart"}
    batch = Events(
        events=[
            Event(event_id="1", at=datetime(2024, 1, 2, 3, 4), **known),  # noqa: DTZ001
            Event.model_validate({"event_id": "2", "at": "2024-01-02T03:04:00", **known}),
        ]
    )
    assert atelier.store_events(batch).stored == 2
    assert atelier.store_events(batch).stored == 0
    assert PlanRequest(as_of=date(2024, 1, 1)).as_of == date(2024, 1, 1)
    for wrong in (5, date(1969, 1, 1), datetime(2024, 1, 1)):  # noqa: DTZ001
        with pytest.raises(ValidationError):
            PlanRequest.model_validate({"as_of": wrong})


def test_a_problem_says_what_the_service_said(atelier: Client) -> None:
    with pytest.raises(ServiceRefused) as refusal:
        atelier.similar("nothing")
    assert refusal.value.status == 404
    assert refusal.value.problem == "recsys.unknown-variant"
    assert refusal.value.fix
    assert refusal.value.request_id


class Flaky(httpx.BaseTransport):
    """Answers as told, one after the other; an error is raised."""

    def __init__(self, *answers: int | type[httpx.TransportError]) -> None:
        self._answers = list(answers)
        self.requests: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers.pop(0)
        if not isinstance(answer, int):
            raise answer("lost")
        body = {"status": "ok"} if answer == 200 else {"code": "api.busy", "detail": "Busy."}
        return httpx.Response(answer, json=body, headers={"Retry-After": "3"})


class Steps(Client):
    """A client with a step under a key."""

    def step(self, key: str | None = None) -> str:
        return self._once(str, "POST", "/step", key=key)

    def once_only(self) -> str:
        return self._ask(str, "POST", "/step")


def flaky(*answers: int | type[httpx.TransportError]) -> tuple[Steps, Flaky, list[float]]:
    transport, waits = Flaky(*answers), list[float]()
    return Steps("http://test", transport=transport, sleep=waits.append), transport, waits


def test_a_step_is_sent_again_under_its_key() -> None:
    client, transport, waits = flaky(503, httpx.ReadError, httpx.ReadTimeout, 429, 200)
    client.step()
    keys = {request.headers[KEY_HEADER] for request in transport.requests}
    assert len(transport.requests) == 5
    assert len(keys) == 1
    assert waits[0] == 3.0  # what Retry-After asks for
    assert 0 < waits[1] <= 0.4
    client, transport, _ = flaky(200, 200, 200)
    client.step("mine")
    client.step()
    client.step()
    assert len({request.headers[KEY_HEADER] for request in transport.requests}) == 3
    assert transport.requests[0].headers[KEY_HEADER] == "mine"


def test_what_is_not_safe_to_repeat_is_not_repeated() -> None:
    for answer in (503, 500, 409):
        client, transport, _ = flaky(answer)
        with pytest.raises(ServiceRefused) as refusal:
            client.once_only()
        assert refusal.value.status == answer
        assert refusal.value.problem == "api.busy"
    client, transport, _ = flaky(httpx.ReadError)
    with pytest.raises(ServiceAway):
        client.once_only()
    client, transport, _ = flaky(httpx.ConnectError, 429, 200)  # it never left; it was not done
    client.once_only()
    assert len(transport.requests) == 3


def test_in_the_end_it_gives_up() -> None:
    client, transport, waits = flaky(*[503] * 5)
    with pytest.raises(ServiceRefused):
        client.step()
    assert (len(transport.requests), len(waits)) == (5, 4)
    client, transport, _ = flaky(*[httpx.ConnectError] * 5)
    with pytest.raises(ServiceAway) as away:
        client.healthz()
    assert "/healthz" in away.value.where
    assert Retries(longest=2.0).wait(9, asked=60, chance=0.5) == 2.0


def test_the_key_is_shown(engine: Engine) -> None:
    transport = Flaky(200)
    with Client("http://test", key="atelier_1_x", transport=transport) as client:
        client.healthz()
    assert transport.requests[0].headers["Authorization"] == "Bearer atelier_1_x"


def test_a_proxy_that_speaks_no_json_is_told_by_its_status() -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(502, text="<html>"))
    with (
        Client("http://test", transport=transport) as client,
        pytest.raises(ServiceRefused, match="502"),
    ):
        client.healthz()
