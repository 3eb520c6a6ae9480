"""Keys: every route by every kind of caller, and what is kept of a key."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter

from api.service import access
from api.service.app import create_app
from api.service.engine import Engine, open_engine
from api.service.limits import StrictRoute
from api.service.request_log import JsonLines
from api.service.routes import ROUTERS
from api.settings import load_settings
from data.errors import KeyRefused
from data.store import Store
from data.store.api_keys import ROLES, Role, keys_of, make_key, revoke_key, rotate_key, whose
from tests.api.client import Client

CALLERS = ("no key", "bad", "revoked", "expired", *ROLES)
LONG_AGO = datetime(2020, 1, 1)  # noqa: DTZ001  # keys' times are UTC, without an offset

LOWEST = {
    "GET /v1/customers/{customer_id}/recommendations": "shop",
    "POST /v1/recommendations": "shop",
    "GET /v1/customers/{customer_id}/styles/{style_id}/variants": "shop",
    "GET /v1/variants/{variant_id}/similar": "shop",
    "POST /v1/events": "shop",
    "POST /v1/answers": "shop",
    "GET /v1/customer-groups": "planner",
    "GET /v1/customers/{customer_id}/group": "planner",
    "GET /v1/customers/{customer_id}": "admin",
    "DELETE /v1/customers/{customer_id}": "admin",
    "GET /v1/demand": "planner",
    "GET /v1/demand/{variant_id}": "planner",
    "GET /v1/variant-mix": "planner",
    "POST /v1/plans": "planner",
    "GET /v1/plans/{plan_id}": "planner",
    "GET /v1/plans": "planner",
    "GET /v1/plans/{plan_id}/diff": "planner",
    "POST /v1/plans/{plan_id}/what-if": "planner",
    "POST /v1/plans/{plan_id}/release": "planner",
    "GET /v1/plans/{plan_id}/risk": "planner",
    "GET /v1/overrides": "planner",
    "POST /v1/overrides": "planner",
    "POST /v1/jobs": "planner",
    "GET /v1/jobs": "planner",
    "GET /v1/jobs/{job_id}": "planner",
    "POST /v1/jobs/{job_id}/cancel": "planner",
    "GET /v1/products": "shop",
    "GET /v1/products/{style_id}/configuration": "shop",
    "POST /v1/products/{style_id}/configuration": "shop",
    "POST /v1/quotes": "shop",
    "POST /v1/orders": "shop",
    "GET /v1/orders/{order_id}": "shop",
    "POST /v1/orders/{order_id}/confirm": "shop",
    "POST /v1/orders/{order_id}/cancel": "shop",
    "POST /v1/orders/{order_id}/start": "planner",
    "POST /v1/orders/{order_id}/ship": "planner",
    "POST /v1/orders/{order_id}/return": "shop",
    "GET /v1/capacity": "planner",
    "GET /configure/{style_id}": "open",
    "GET /metrics": "planner",
    "GET /": "planner",
    "GET /planner/style": "planner",
    "GET /planner/customer": "planner",
    "GET /planner/search": "planner",
    "GET /planner/planner.css": "open",
    "GET /planner/planner.js": "open",
    "POST /v1/session": "open",
    "DELETE /v1/session": "open",
    "GET /healthz": "open",
    "GET /readyz": "open",
}
"""The lowest role that each route takes: a new route needs its line here."""

ROUTES = [
    (method, route.path_format)  # type: ignore[attr-defined]  # an API route has them
    for router in ROUTERS
    for route in router.routes
    for method in sorted(route.methods)  # type: ignore[attr-defined]  # likewise
]


def now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


@pytest.fixture
def shown(engine: Engine) -> dict[str, dict[str, str]]:
    """The headers of each kind of caller."""
    store = engine.store
    keys: dict[str, str] = {role: make_key(store, role, role, now=now())[1] for role in ROLES}
    gone, revoked = make_key(store, "gone", "admin", now=now())
    revoke_key(store, gone.key_id, now=now())
    ends = LONG_AGO + timedelta(days=1)
    _, expired = make_key(store, "old", "admin", now=LONG_AGO, expires_at=ends)
    bad = keys["admin"][:-1] + ("A" if keys["admin"][-1] != "A" else "B")
    keys |= {"bad": bad, "revoked": revoked, "expired": expired}
    return {"no key": {}} | {who: {"authorization": f"Bearer {k}"} for who, k in keys.items()}


def test_every_route_has_its_entry() -> None:
    assert {f"{method} {path}" for method, path in ROUTES} == LOWEST.keys()


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_route_by_every_caller(
    engine: Engine,
    shown: dict[str, dict[str, str]],
    method: str,
    path: str,
    caller: str,
) -> None:
    lowest = LOWEST[f"{method} {path}"]
    client = Client(create_app(engine))
    response = client.request(method, path, headers=shown[caller])
    if lowest == "open":
        assert response.status_code in {200, 204, 415}  # 415: it was sent no body
    elif caller not in ROLES:
        refused(response, 401, "api.no-key")
        assert response.headers["www-authenticate"] == "Bearer"
    elif ROLES.index(caller) < ROLES.index(lowest):
        refused(response, 403, "api.forbidden")
    else:
        assert response.status_code not in {401, 403}


def refused(response: httpx.Response, status: int, code: str) -> None:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == code


def test_a_route_that_states_no_role_stops_the_service() -> None:
    router = APIRouter(route_class=StrictRoute)
    with pytest.raises(ValueError, match="states no role"):

        @router.get("/new")
        def new() -> None:
            """A route of tomorrow."""


def test_the_fast_lane_asks_for_a_key_too(engine: Engine, shown: dict[str, dict[str, str]]) -> None:
    client = Client(create_app(engine))
    customer = engine.snapshot().recommender.interactions.customers[0]
    url = f"/v1/customers/{customer}/recommendations"
    first = client.get(url, headers=shown["shop"])
    assert first.content == client.get(url, headers=shown["shop"]).content
    for caller in ("no key", "bad", "revoked", "expired"):
        refused(client.get(url, headers=shown[caller]), 401, "api.no-key")


def test_without_any_key_all_is_open_and_from_the_first_on_nothing_is(engine: Engine) -> None:
    url = "/v1/variant-mix"
    assert Client(create_app(engine)).get(url).status_code == 200
    made, _ = make_key(engine.store, "first", "admin", now=now())
    assert Client(create_app(engine)).get(url).status_code == 401
    revoke_key(engine.store, made.key_id, now=now())
    assert Client(create_app(engine)).get(url).status_code == 401


def test_a_revoked_key_counts_no_longer_within_a_second(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, key = make_key(engine.store, "shop", "shop", now=now())
    client, headers = Client(create_app(engine)), {"authorization": f"bearer {key}"}
    url = "/v1/variants/x/similar"
    assert client.get(url, headers=headers).status_code == 404
    revoke_key(engine.store, made.key_id, now=now())
    monkeypatch.setattr(access, "SECONDS_KEPT", 0.0)
    assert client.get(url, headers=headers).status_code == 401


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic dTpw", "Bearer \xff", "Bearer " + "x" * 5000, "bearer a b"],
)
def test_what_is_no_key_is_none(engine: Engine, header: str) -> None:
    make_key(engine.store, "shop", "shop", now=now())
    headers = {"authorization": header.encode("latin-1")}
    response = Client(create_app(engine)).get("/v1/demand", headers=headers)
    refused(response, 401, "api.no-key")


def test_a_key_that_asks_too_often_is_told_when_to_come_back(workspace: Path) -> None:
    with open_engine(workspace, load_settings(workspace, rate_limit=0.2)) as engine:
        keys = [make_key(engine.store, name, "shop", now=now())[1] for name in ("one", "two")]
        client = Client(create_app(engine))
        one, two = ({"authorization": f"Bearer {key}"} for key in keys)
        answers = [client.get("/v1/variants/x/similar", headers=one) for _ in range(5)]
        limited = [answer for answer in answers if answer.status_code == 429]
        assert limited
        refused(limited[0], 429, "api.too-many")
        assert int(limited[0].headers["retry-after"]) >= 1
        assert client.get("/v1/variants/x/similar", headers=two).status_code == 404


def test_guessing_is_slow_and_health_is_not(engine: Engine) -> None:
    make_key(engine.store, "shop", "shop", now=now())
    client = Client(create_app(engine))
    statuses = {client.get("/v1/demand").status_code for _ in range(60)}
    assert statuses == {401, 429}
    assert client.get("/healthz").status_code == 200


def test_a_key_is_in_no_log_and_not_in_the_store(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    made, key = make_key(engine.store, "shop", "shop", now=now())
    secret = key.split("_", maxsplit=2)[2]
    with caplog.at_level(logging.INFO, logger="atelier.service"):
        client = Client(create_app(engine))
        client.get("/v1/variants/x/similar", headers={"authorization": f"Bearer {key}"})
    lines = [JsonLines().format(record) for record in caplog.records]
    assert json.loads(lines[-1])["key"] == made.key_id
    assert secret not in "".join(lines)
    assert secret not in repr(made)
    engine.store.close()
    for file in engine.workspace.root.glob("atelier.db*"):
        assert secret.encode() not in file.read_bytes()


@pytest.fixture
def store(engine: Engine) -> Store:
    return engine.store


def test_a_key_is_256_random_bits_and_found_by_all_of_them(store: Store) -> None:
    made = [make_key(store, "shop", "shop", now=LONG_AGO) for _ in range(20)]
    keys = keys_of(store)
    assert len({key for _, key in made}) == len(keys) == 20
    for one, key in made:
        assert len(key.split("_", maxsplit=2)[2]) * 6 >= 256
        assert whose(keys, key) == one == keys[one.key_id]
    (first, key), (other, _) = made[:2]
    assert whose(keys, key.replace(first.key_id, other.key_id)) is None
    assert whose(keys, key + "x") is None
    assert whose({}, key) is None


def test_a_rotated_key_counts_beside_the_new_one_for_a_while(store: Store) -> None:
    role: Role = "planner"
    old, _ = make_key(store, "desk", role, now=LONG_AGO)
    moment, hour = LONG_AGO + timedelta(days=3), timedelta(hours=1)
    new, key = rotate_key(store, old.key_id, now=moment, overlap=hour, lasting=10 * hour)
    keys = keys_of(store)
    assert (new.name, new.role) == ("desk", role)
    assert whose(keys, key) == new
    assert keys[old.key_id].state(moment) == "valid"
    assert keys[old.key_id].state(moment + hour) == "expired"
    assert new.state(moment + 9 * hour) == "valid"
    assert new.state(moment + 10 * hour) == "expired"
    with pytest.raises(KeyRefused):
        rotate_key(store, old.key_id, now=moment + hour, overlap=hour, lasting=None)


def test_what_is_no_key_to_be_is_refused(store: Store) -> None:
    for name in ("", "  ", "a\nb", "x" * 101):
        with pytest.raises(KeyRefused):
            make_key(store, name, "shop", now=LONG_AGO)
    with pytest.raises(KeyRefused):
        make_key(store, "shop", "shop", now=LONG_AGO, expires_at=LONG_AGO)
    with pytest.raises(KeyRefused):
        revoke_key(store, "0" * 12, now=LONG_AGO)
    assert keys_of(store) == {}
