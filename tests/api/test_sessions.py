"""Signing in: who may, what the browser then holds, and when it counts no longer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from api.service import access
from api.service.app import create_app
from api.service.engine import Engine
from api.service.sessions import COOKIE, SECONDS, Sessions
from data.store.api_keys import Role, make_key, revoke_key
from tests.api.client import Client

PEOPLE = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def signed_in(engine: Engine, role: Role = "planner") -> tuple[Client, str, str]:
    """A client, the id of a key, and the cookie that it was given."""
    made, key = make_key(engine.store, role, role, now=now())
    client = Client(create_app(engine))
    response = client.post("/v1/session", json={"key": f" {key} "})
    assert response.status_code == 204
    cookie = response.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert key not in cookie
    return client, made.key_id, cookie.split(";")[0]


def test_a_session_passes_where_its_key_does(engine: Engine) -> None:
    client, _, cookie = signed_in(engine)
    assert client.get("/v1/variant-mix", headers={"cookie": cookie}).status_code == 200
    assert client.get("/", headers={"cookie": cookie} | PEOPLE).status_code == 200
    others = {"cookie": f"a=b; {cookie}; c"}
    assert client.get("/v1/demand", headers=others).status_code == 200


def test_the_cookie_is_for_https_alone_where_the_service_speaks_it(engine: Engine) -> None:
    _, key = make_key(engine.store, "desk", "planner", now=now())
    client = Client(create_app(engine))
    response = client.post("https://test/v1/session", json={"key": key})
    assert "Secure" in response.headers["set-cookie"].split("; ")


def test_another_site_cannot_use_a_session(engine: Engine) -> None:
    client, _, cookie = signed_in(engine)
    for site in ("cross-site", "same-site"):
        headers = {"cookie": cookie, "sec-fetch-site": site}
        assert client.get("/v1/demand", headers=headers).status_code == 401
    own = {"cookie": cookie, "sec-fetch-site": "same-origin"}
    assert client.get("/v1/demand", headers=own).status_code == 200


def test_nothing_but_json_signs_in_so_that_no_foreign_form_does(engine: Engine) -> None:
    _, key = make_key(engine.store, "desk", "planner", now=now())
    client = Client(create_app(engine))
    assert client.post("/v1/session", data={"key": key}).status_code == 415


def test_a_shops_key_may_not_sign_in_and_an_admins_session_is_a_planners(engine: Engine) -> None:
    _, key = make_key(engine.store, "shop", "shop", now=now())
    client = Client(create_app(engine))
    refused = client.post("/v1/session", json={"key": key})
    assert (refused.status_code, refused.json()["code"]) == (403, "api.forbidden")
    assert "set-cookie" not in refused.headers
    made, _ = make_key(engine.store, "admin", "admin", now=now())
    sessions = Sessions(b"key")
    found = sessions.whose(sessions.open(made.key_id, now()), {made.key_id: made}, now())
    assert found is not None
    assert found.role == "planner"


def test_a_session_ends_with_its_key(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    client, key_id, cookie = signed_in(engine)
    revoke_key(engine.store, key_id, now=now())
    monkeypatch.setattr(access, "SECONDS_KEPT", 0.0)
    response = client.get("/", headers={"cookie": cookie} | PEOPLE)
    assert response.status_code == 401
    assert 'id="sign-in"' in response.text


def test_a_session_ends_by_itself(engine: Engine) -> None:
    made, _ = make_key(engine.store, "desk", "planner", now=now())
    sessions, keys, start = Sessions(b"key"), {made.key_id: made}, now()
    token = sessions.open(made.key_id, start)
    assert sessions.whose(token, keys, start + timedelta(seconds=SECONDS - 2)) == made
    assert sessions.whose(token, keys, start + timedelta(seconds=SECONDS + 1)) is None


def test_a_token_that_was_altered_is_none(engine: Engine) -> None:
    made, _ = make_key(engine.store, "desk", "planner", now=now())
    other, _ = make_key(engine.store, "other", "planner", now=now())
    sessions, keys = Sessions(b"key"), {made.key_id: made, other.key_id: other}
    token = sessions.open(made.key_id, now())
    key_id, until, mac = token.split(".")
    forged = [
        f"{other.key_id}.{until}.{mac}",
        f"{key_id}.{int(until) + 1}.{mac}",
        f"{key_id}.{until}.{'0' * 64}",
        f"{key_id}.{until}",
        f"{token}x",
        "",
        "\udcff",
    ]
    assert [one for one in forged if sessions.whose(one, keys, now()) is not None] == []
    assert Sessions(b"another key").whose(token, keys, now()) is None
    assert sessions.whose(token, {}, now()) is None


def test_signing_out_takes_the_cookie_away(engine: Engine) -> None:
    client, _, _ = signed_in(engine)
    response = client.request("DELETE", "/v1/session")
    assert response.status_code == 204
    assert response.headers["set-cookie"].startswith(f'{COOKIE}="";')
    assert "Max-Age=0" in response.headers["set-cookie"]


def test_a_wrong_key_signs_nobody_in(engine: Engine) -> None:
    _, key = make_key(engine.store, "desk", "planner", now=now())
    client = Client(create_app(engine))
    for wrong in ("", "x", key[:-1], key + "x"):
        response = client.post("/v1/session", json={"key": wrong})
        assert (response.status_code, response.json()["code"]) == (401, "api.no-key")
