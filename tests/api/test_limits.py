"""The checks around every route, on an app that has routes to break them with."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from api.service import limits
from api.service.access import may
from api.service.event_schemas import Event, Events
from api.service.limits import MOST_BYTES, BodyLimit, StrictRoute
from api.service.problems import MEDIA_TYPE, install
from api.service.request_log import JsonLines, RequestLog
from data.errors import StoreError
from tests.api.client import Client, in_pieces


@pytest.fixture
def client() -> Client:
    router = APIRouter(route_class=StrictRoute)

    @router.post("/events", openapi_extra=may("open"))
    def events(batch: Events) -> dict[str, int]:
        return {"received": len(batch.events)}

    @router.get("/crash/{customer_id}", openapi_extra=may("open"))
    def crash(customer_id: str, k: int = 1) -> None:
        raise RuntimeError(f"cannot serve {customer_id}")

    @router.get("/away", openapi_extra=may("open"))
    def away() -> None:
        raise StoreError("The store is away.", where="store", fix="Try again.")

    app = FastAPI()
    install(app)
    app.include_router(router)
    app.add_middleware(BodyLimit)
    app.add_middleware(RequestLog)
    return Client(app)


def event(**changes: object) -> dict[str, object]:
    return {
        "event_id": "e1",
        "customer_id": "c1",
        "variant_id": "v1",
        "kind": "view",
        "at": "2025-12-28T10:00:00",
    } | changes


def refused(response: httpx.Response, status: int, code: str) -> dict[str, object]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == MEDIA_TYPE
    problem: dict[str, object] = response.json()
    assert problem["code"] == code
    assert problem["status"] == status
    assert problem["detail"]
    assert problem["do"]
    assert problem["request_id"] == response.headers["x-request-id"]
    return problem


def test_a_good_batch_passes(client: Client) -> None:
    assert client.post("/events", json={"events": [event()]}).json() == {"received": 1}


@pytest.mark.parametrize(
    "change",
    [
        {"value": True},
        {"value": "3"},
        {"value": 1e7},
        {"value": 10**400},
        {"kind": "buy"},
        {"at": 1735689600},
        {"at": "1735689600"},
        {"at": "yesterday"},
        {"at": "9999-12-31T00:00:00"},
        {"at": None},
        {"event_id": ""},
        {"event_id": 7},
        {"event_id": "x" * 201},
        {"customer_id": "a\x00b"},
        {"customer_id": "a\nb"},
        {"variant_id": None},
        {"colour": "red"},
    ],
    ids=str,
)
def test_a_field_out_of_bounds_is_named_and_not_echoed(
    client: Client, change: dict[str, object]
) -> None:
    problem = refused(
        client.post("/events", json={"events": [event(), event(**change)]}), 422, "api.invalid"
    )
    assert f"body.events.1.{next(iter(change))}" in str(problem["where"])


@pytest.mark.parametrize("events", [[], [event()] * 1001, {}, "x", None, [[]], [None]], ids=repr)
def test_a_batch_is_a_bounded_list_of_objects(client: Client, events: object) -> None:
    refused(client.post("/events", json={"events": events}), 422, "api.invalid")


@pytest.mark.parametrize("body", ["[]", "null", "1", '"x"', "{}", '{"events": [], "more": 1}'])
def test_a_body_of_another_shape_is_refused(client: Client, body: str) -> None:
    headers = {"content-type": "application/json"}
    refused(client.post("/events", content=body, headers=headers), 422, "api.invalid")


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999", "1" * 5000])
def test_a_number_that_is_none_is_a_400_and_not_a_crash(client: Client, value: str) -> None:
    body = json.dumps({"events": [event(value=0.5)]}).replace("0.5", value)
    headers = {"content-type": "application/json"}
    refused(client.post("/events", content=body, headers=headers), 400, "api.malformed")


@pytest.mark.parametrize("media", [None, "text/plain", "application/x-www-form-urlencoded", "json"])
def test_another_media_type_is_a_415(client: Client, media: str | None) -> None:
    headers = {} if media is None else {"content-type": media}
    refused(client.post("/events", content=b"{}", headers=headers), 415, "api.wrong-media")


def test_a_large_body_is_a_413_by_its_declared_length(client: Client) -> None:
    refused(client.post("/events", content=b"x" * (MOST_BYTES + 1)), 413, "api.too-large")


def test_a_large_body_is_a_413_when_it_comes_in_chunks(client: Client) -> None:
    pieces = [b" " * 1000] * (MOST_BYTES // 1000 + 1)
    headers = {"content-type": "application/json"}
    refused(
        client.post("/events", content=in_pieces(pieces), headers=headers), 413, "api.too-large"
    )


def test_a_body_that_does_not_come_on_is_a_408(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SECONDS_FOR_BODY", 0.2)

    async def slowly() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" "
            await asyncio.sleep(0.05)

    headers = {"content-type": "application/json"}
    refused(client.post("/events", content=slowly(), headers=headers), 408, "api.too-slow")


def test_a_body_at_the_limit_is_read(client: Client) -> None:
    body = json.dumps({"events": [event()]}).encode()
    padded = body + b" " * (MOST_BYTES - len(body))
    headers = {"content-type": "application/json"}
    assert client.post("/events", content=padded, headers=headers).status_code == 200


def test_unknown_and_repeated_query_parameters_are_refused(client: Client) -> None:
    assert "k" in str(refused(client.get("/crash/c1?kk=3"), 422, "api.invalid")["do"])
    refused(client.get("/crash/c1?k=3&k=4"), 422, "api.invalid")
    refused(client.get("/away?k=1"), 422, "api.invalid")


def test_unknown_routes_and_methods_are_problems_too(client: Client) -> None:
    refused(client.get("/nowhere"), 404, "api.not-found")
    response = client.request("DELETE", "/events")
    refused(response, 405, "api.method-not-allowed")
    assert response.headers["allow"] == "POST"


def test_a_store_that_is_away_says_when_to_come_back(client: Client) -> None:
    response = client.get("/away")
    refused(response, 503, "data.store")
    assert int(response.headers["retry-after"]) > 0


def test_a_crash_is_a_problem_and_its_log_names_no_customer(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="atelier.service"):
        response = client.get("/crash/canary-customer?k=3")
    refused(response, 500, "api.internal")
    lines = [JsonLines().format(record) for record in caplog.records]
    logged = [json.loads(line) for line in lines]
    assert [line["event"] for line in logged] == ["crash", "request"]
    assert logged[0]["error"] == "RuntimeError"
    assert logged[1]["status"] == 500
    assert logged[1]["route"] == "/crash/{customer_id}"
    assert "canary" not in "".join(lines) + response.text


@pytest.mark.parametrize(
    ("sent", "kept"), [("shop-42.a", True), ("a b", False), ("x" * 65, False), ('"}', False)]
)
def test_a_plain_request_id_is_kept_and_any_other_replaced(
    client: Client, sent: str, kept: bool
) -> None:
    answered = client.get("/away", headers={"x-request-id": sent}).headers["x-request-id"]
    assert (answered == sent) is kept
    assert answered


def test_an_event_is_frozen_once_read() -> None:
    read = Event.model_validate(event())
    with pytest.raises(ValueError, match="frozen"):
        read.kind = "cart"  # type: ignore[misc]
