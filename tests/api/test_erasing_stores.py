"""Erasing leaves nothing of a customer in any table of the store, on SQLite and PostgreSQL."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import MetaData, select

from api.errors import Invalid
from api.service.app import create_app
from api.service.engine import Engine, open_engine
from api.settings import load_settings
from data.ledger.terms import Line, NewOrder, RequestKey
from data.store.database import Database
from data.store.dead_letters import letters_of, set_aside
from data.store.naming import names_customer
from data.tables import VARIANTS
from tests.api.client import Client
from tests.data.conftest import postgres_url, url

__all__ = ["postgres_url", "url"]  # fixtures

CANARY, OTHER = "canary-8d21/customer@example.org", "another customer"
LISTS_LOGGED = "log_lists = 1\n"


def path(customer: str) -> str:
    return f"/v1/customers/{customer.replace('/', '%2F')}"


def plant(engine: Engine, client: Client, customer: str, number: int) -> None:
    """What the store can hold of a customer: events, lists, a finished order, a letter."""
    variant = engine.workspace.read(VARIANTS)["variant_id"].iloc[0]
    at = datetime(2024, 9, 1, 10)  # noqa: DTZ001  # as the shop's clock shows it
    event = {"event_id": f"e{number}", "customer_id": customer, "variant_id": variant,
             "kind": "view", "at": at.isoformat()}  # fmt: skip
    assert client.post("/v1/events", json={"events": [event]}).status_code == 200
    assert client.get(f"{path(customer)}/recommendations").status_code == 200
    engine.plain_log.flush()
    lines = (
        Line(variant_id=variant, quantity=1, price="1"),
        Line(style_id="R", configuration=("ring", f"engraving={customer}"), quantity=1, price="1"),
    )
    order = NewOrder(lines=lines, hold_for=timedelta(days=1), currency="EUR",
                     customer_id=engine.customer_of(customer))  # fmt: skip
    ledger = engine.ordering.ledger
    keys = [
        RequestKey(scope="till", key=f"{step} {number}", digest="d") for step in ("hold", "cancel")
    ]
    held = ledger.hold(order, request=keys[0])
    ledger.cancel(held.order_id, version=1, reason=f"asked {customer}", request=keys[1])
    set_aside(engine.store, "nats", json.dumps({"customer_id": customer}).encode(),
              Invalid("No event."), now=datetime.now(UTC))  # fmt: skip


def texts(database: Database) -> dict[str, str]:
    """All that the store's tables hold, as its types give it; by table."""
    held = MetaData()
    held.reflect(database.engine)
    with database.engine.connect() as connection:
        return {
            name: "\n".join(
                str([bytes(one) if isinstance(one, memoryview) else one for one in row])
                for row in connection.execute(select(table))
            )
            for name, table in held.tables.items()
        }


def naming(database: Database, *said: str) -> set[str]:
    return {name for name, held in texts(database).items() if any(one in held for one in said)}


def test_nothing_of_the_customer_is_left_and_all_of_others(
    workspace: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATELIER_DATABASE_URL", url)
    (workspace / "atelier.toml").write_text(LISTS_LOGGED)
    with open_engine(workspace, load_settings(workspace)) as engine:
        client, database = Client(create_app(engine)), engine.store.database
        for number, customer in enumerate((CANARY, OTHER)):
            plant(engine, client, customer, number)
        pseudonym = engine.customer_of(CANARY)
        others = naming(database, OTHER, engine.customer_of(OTHER))
        assert naming(database, CANARY, pseudonym) >= {
            "live_events", "served_lists", "ledger_orders", "ledger_lines", "dead_letters"
        }  # fmt: skip
        done = client.request("DELETE", path(CANARY))
        assert done.status_code == 200, done.text
        assert naming(database, CANARY, pseudonym) == set()
        assert naming(database, OTHER, engine.customer_of(OTHER)) == others
        assert client.get(path(CANARY)).json()["store"] == {}
        assert client.get(path(OTHER)).json()["store"] != {}
        assert engine.ordering.ledger.verify_audit().faults == ()
        assert engine.ordering.ledger.miscounted() == []
        assert database.is_postgresql == url.startswith("postgresql")


NUMBER = "10242"
NAMING = (
    b'{"customer_id": 10242, "kind": "view"}',
    b'{"customer_id": 10242.0}',
    b'{"events": [{"customer_id": "7"}, {"customer_id": 10242}]}',
    b'{"customer_id": 10242, "customer_id": 7}',
    b'{"customer": {"id": 10242}}',
    b'{"who": "10242"}',
    rb'{"who": "\u00310242"}',
    rb'"{\"customer_id\": 10242}"',
    '{"customer_id": 10242}'.encode("utf-16"),
    b"10242;SH001;view",
    b'{"customer_id": 10242, "kind": "vi',
)
NOT_NAMING = (
    b'{"customer_id": "7", "event_id": "e10242", "value": 10242}',
    b'{"customer_id": 102420}',
    b"110242;SH001;view",
    b"",
)


def test_letters_that_name_the_customer_in_any_form_are_told_and_go(
    workspace: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATELIER_DATABASE_URL", url)
    monkeypatch.setattr("data.store.dead_letters.LETTERS_A_LOOK", 4)
    with open_engine(workspace, load_settings(workspace)) as engine:
        client = Client(create_app(engine))
        assert "dead_letters" not in client.get(path(NUMBER)).json()["store"]
        for body in (*NAMING, *NOT_NAMING):
            set_aside(engine.store, "nats", body, Invalid("No event."), now=datetime.now(UTC))
        told = client.get(path(NUMBER)).json()["store"]["dead_letters"]
        assert {one["letter_id"] for one in told} == {
            one.letter_id for one in letters_of(engine.store) if one.body in NAMING
        }
        assert set(told[0]) == {"letter_id", "source", "code", "set_aside_at"}
        done = client.request("DELETE", path(NUMBER))
        assert done.status_code == 200, done.text
        assert {one.body for one in letters_of(engine.store)} == set(NOT_NAMING)
        assert "dead_letters" not in client.get(path(NUMBER)).json()["store"]


@pytest.mark.parametrize(
    "body",
    [
        rb'{"customer_id": "canary-8d21\/customer@example.org"}',
        rb'{"customer_id": "canary-8d21\/customer@example.org", "kind": "vi',
        rb'{"customer_id": "\u0063anary-8d21/customer@example.org", "kind": "vi',
        b'{"customer_id": "' + CANARY.encode() + b'", "customer_id": "7"}',
        CANARY.encode(),
    ],
)
def test_an_id_with_escapes_is_found_in_json_and_in_what_is_none(body: bytes) -> None:
    assert names_customer(body, CANARY)
    assert not names_customer(body, CANARY[1:])
    assert not names_customer(body, CANARY + "x")


def test_an_id_of_other_letters_is_found() -> None:
    assert names_customer(json.dumps({"customer_id": "客户𝟕"}).encode(), "客户𝟕")
    assert names_customer(rb'{"customer_id": "\u5ba2\u6237\ud835\udfd5", ', "客户𝟕")
    assert names_customer("Müller;SH001".encode("latin-1"), "Müller")
    assert names_customer(b"[" * 50_000 + b'"A7"', "A7")  # deeper than the reader goes
