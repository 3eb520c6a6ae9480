"""Free text under a field key as a shop has it: the service, the commands, every file searched."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from typer.testing import CliRunner, Result

from api.cli.app import app as program
from api.loop import join_orders
from api.service.app import create_app
from api.service.engine import Engine, open_engine
from api.settings import load_settings
from data.errors import FieldKeyRefused
from data.sealing import KEY_VARIABLE, key_id
from data.tables import CONFIGURATIONS
from data.workspace import Workspace
from production.configuration.products import add_products
from tests.api.client import Client
from tests.api.test_customers import traces
from tests.data.test_sealed_store import CANARY as PLANTED
from tests.data.test_sealed_store import NEW, OLD, PARTS, TEXTS, plant, read_all

CANARY = "canary-93ab was here"
WRITTEN = PARTS[0]
DIGITS = "0049301234567"
RING = """\
features
	Ring
		mandatory
			Integer size
		optional
			String engraving
			String inside
constraints
	size >= 1 & size <= 60
"""
PRICES = """\
format = 1
currency = "EUR"

[base]
price = 90.00
cost = 40.00
lead_time_days = 2
usage = { bench = 1.0 }
"""
CHOICES = ["size=52", f"engraving={CANARY}", f"inside={DIGITS}"]


@pytest.fixture
def shop(workspace: Path, tmp_path: Path) -> Path:
    """A workspace whose rings are engraved."""
    (tmp_path / "RING.uvl").write_text(RING)
    (tmp_path / "RING.toml").write_text(PRICES)
    add_products(Workspace.open(workspace), [tmp_path / "RING.uvl", tmp_path / "RING.toml"])
    return workspace


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace of nothing but a store, for the commands; no key is given."""
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    Workspace.create(tmp_path / "bare")
    return tmp_path / "bare"


def store_of(folder: Path) -> str:
    return f"sqlite:///{folder / 'atelier.db'}"


@contextmanager
def served(folder: Path) -> Iterator[tuple[Client, Engine]]:
    with open_engine(folder, load_settings(folder)) as engine:
        today = datetime.now(UTC).date()
        days = [("bench", today + timedelta(days=number), 8_000) for number in range(30)]
        engine.ordering.ledger.set_capacity(days, actor="test")
        yield Client(create_app(engine)), engine


def done(response: Any, status: int = 200) -> dict[str, Any]:
    assert response.status_code == status, response.text
    found: dict[str, Any] = response.json()
    return found


def order_ring(client: Client, name: str, customer: str | None = None) -> dict[str, Any]:
    """Quote and hold an engraved ring."""
    lines = [{"style_id": "RING", "choices": CHOICES, "quantity": 1}]
    quote = done(client.post("/v1/quotes", json={"lines": lines}), 201)
    asked = {"quote_id": quote["quote_id"]} | ({"customer_id": customer} if customer else {})
    return done(client.post("/v1/orders", json=asked, headers={"Idempotency-Key": name}), 201)


def step(client: Client, held: dict[str, Any], step: str, **body: Any) -> dict[str, Any]:
    """Take a step, twice under one key; both get the same answer."""
    url, headers = f"/v1/orders/{held['order_id']}/{step}", {"Idempotency-Key": f"{step} {held}"}
    asked = {"version": held["version"], **body}
    first = done(client.post(url, json=asked, headers=headers))
    again = done(client.post(url, json=asked, headers=headers))
    assert again | {"replayed": False} == first | {"replayed": False}
    return first


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(program, [str(word) for word in words])


def as_program(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from api.cli import main; main()", *words, "-w", str(folder)]
    environ = {name: said for name, said in os.environ.items() if name != KEY_VARIABLE}
    return subprocess.run(
        command, env=environ | environment, text=True, capture_output=True, check=False
    )


def doctor(folder: Path) -> dict[str, str]:
    checks = json.loads(run("doctor", "-w", folder, "--json").stdout)["checks"]
    found: dict[str, str] = next(one for one in checks if one["name"] == "field key")
    return found


def test_an_engraved_ring_leaves_no_trace_in_any_file(
    shop: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, NEW)
    with served(shop) as (client, _):
        held = order_ring(client, "one")
        cancelled = step(client, held, "cancel", reason=f"no: {CANARY}")
        found = done(client.get(f"/v1/orders/{held['order_id']}"))
        assert found["reason"] == f"no: {CANARY}"
        assert found["lines"][0]["choices"] == CHOICES
        assert cancelled["state"] == "cancelled"
        kept = order_ring(client, "two")
        step(client, kept, "confirm")
        assert traces(shop, CANARY) == set()  # while it is served, the write-ahead log too
        join_orders(Workspace.open(shop), load_settings(shop))
    assert CANARY in run("orders", "show", held["order_id"], "-w", shop).stdout
    assert traces(shop, CANARY) | traces(shop, DIGITS) == set()
    said = capfd.readouterr()
    assert CANARY not in said.err
    assert NEW not in said.err + said.out


@pytest.mark.parametrize("key", ["", NEW], ids=["written", "sealed"])
def test_what_is_learned_from_has_numbers_and_no_typed_text_where_text_is_sealed(
    shop: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, key)
    with served(shop) as (client, _):
        step(client, order_ring(client, "one"), "confirm")
    opened = Workspace.open(shop)
    join_orders(opened, load_settings(shop))
    table = opened.read(CONFIGURATIONS)
    ours = table[table["style_id"] == "RING"].set_index("option")["value"]
    typed = {"engraving": CANARY, "inside": DIGITS}
    assert ours.dropna().to_dict() == {"size": "52"} | ({} if key else typed)
    assert set(ours.index) == {"size", "engraving", "inside"}


def test_without_the_key_nothing_starts(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(store_of(bare), OLD)
    refused = as_program(bare, "serve", "--port", "0")
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
    assert f"environment {KEY_VARIABLE}" in " ".join(refused.stderr.split())
    for given, said in ((NEW, "are others"), (OLD[1:], "is no field key")):
        monkeypatch.setenv(KEY_VARIABLE, given)
        with pytest.raises(FieldKeyRefused, match=said) as error, served(bare):
            pass
        assert given not in str(error.value)
        for words in (("orders", "list"), ("customers", "seal"), ("keys", "list")):
            assert said in str(run(*words, "-w", bare).exception)


def test_a_service_without_the_key_of_others_is_not_ready(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    with served(shop) as (client, _):
        assert client.get("/readyz").status_code == 200
        monkeypatch.setenv(KEY_VARIABLE, NEW)
        with served(shop) as (sealing, _):
            held = order_ring(sealing, "one")
            assert sealing.get("/readyz").status_code == 200
        for url in ("/readyz", f"/v1/orders/{held['order_id']}"):
            refused = done(client.get(url), 503)
            assert refused["code"] == "data.field-key"
            assert KEY_VARIABLE in refused["do"]
            assert CANARY not in str(refused)


def test_an_altered_text_is_a_problem_that_does_not_tell_it(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, NEW)
    with served(shop) as (client, _):
        held = order_ring(client, "one")
        database = create_engine(f"sqlite:///{shop / 'atelier.db'}")
        with database.begin() as connection:
            altered = "UPDATE ledger_lines SET configuration = substr(configuration, 1, 90) || 'A'"
            connection.execute(text(altered))
        database.dispose()
        refused = done(client.get(f"/v1/orders/{held['order_id']}"), 503)
        assert refused["code"] == "data.sealed"
        assert "backup" in refused["do"]


def test_a_customer_is_told_and_erased(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, NEW)
    with served(shop) as (client, _):
        held = order_ring(client, "one", customer="customer-of-rings")
        step(client, held, "cancel", reason=CANARY)
    told = json.loads(run("customers", "export", "customer-of-rings", "-w", shop, "--json").stdout)
    assert [row["reason"] for row in told["store"]["ledger_orders"]] == [CANARY]
    erased = run("customers", "erase", "customer-of-rings", "-w", shop)
    assert erased.exit_code == 0, erased.output
    shown = json.loads(run("orders", "show", held["order_id"], "-w", shop, "--json").stdout)
    assert shown["reason"] == ""


def test_turned_on_changed_and_turned_off_on_the_command_line(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(store_of(bare))
    assert doctor(bare)["state"] == "absent"
    assert traces(bare, WRITTEN)
    without = run("customers", "seal", "-w", bare)
    assert "No field key is given" in str(without.exception)
    made = json.loads(run("customers", "field-key", "--json").stdout)
    assert made["key_id"] == key_id(made["key"])
    assert KEY_VARIABLE in run("customers", "field-key").stdout

    monkeypatch.setenv(KEY_VARIABLE, OLD)
    found = doctor(bare)
    assert found["state"] == "wrong"
    assert f"{TEXTS} are as they were written" in found["found"]
    assert "customers seal" in found["do"]
    said = " ".join(run("customers", "seal", "-w", bare).stdout.split())
    assert said == f"Sealed {TEXTS} texts: all are under key {key_id(OLD)}."
    assert traces(bare, WRITTEN) == set()
    assert doctor(bare)["state"] == "ok"
    assert f"{key_id(OLD)}; all {TEXTS} texts" in doctor(bare)["found"]

    monkeypatch.setenv(KEY_VARIABLE, f"{NEW},{OLD}")
    assert f"{TEXTS} under an older one" in doctor(bare)["found"]
    again = [run("customers", "seal", "-w", bare, "--json").stdout for _ in range(2)]
    assert [json.loads(one) for one in again] == [
        {"key_id": key_id(NEW), "changed": count} for count in (TEXTS, 0)
    ]
    monkeypatch.setenv(KEY_VARIABLE, NEW)
    assert doctor(bare)["state"] == "ok"
    monkeypatch.delenv(KEY_VARIABLE)
    assert "not given" in doctor(bare)["found"]

    monkeypatch.setenv(KEY_VARIABLE, f"plain,{NEW}")
    assert doctor(bare)["state"] == "wrong"
    assert f"Opened {TEXTS} texts" in run("customers", "seal", "-w", bare).stdout
    assert doctor(bare)["state"] == "ok"
    monkeypatch.delenv(KEY_VARIABLE)
    assert doctor(bare)["state"] == "absent"
    assert traces(bare, WRITTEN)


@pytest.mark.parametrize("point", ["some-resealed", "resealed"])
def test_sealing_that_was_killed_is_done_again(
    bare: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    plant(store_of(bare))
    words = ("customers", "seal")
    killed = as_program(bare, *words, **{KEY_VARIABLE: NEW, "ATELIER_FAILPOINT": point})
    assert killed.returncode == -signal.SIGKILL
    assert read_all(store_of(bare), NEW)[0] == PLANTED
    monkeypatch.setenv(KEY_VARIABLE, NEW)
    assert run(*words, "-w", bare).exit_code == 0
    assert traces(bare, WRITTEN) == set()
    assert doctor(bare)["state"] == "ok"


def test_a_backup_is_sealed_and_needs_its_key(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    order_id = plant(store_of(workspace), NEW)
    archive, again = tmp_path / "backup.tar", tmp_path / "again"
    assert run("backup", archive, "-w", workspace).exit_code == 0  # also without the key
    assert WRITTEN.encode() not in archive.read_bytes()
    assert run("restore", archive, "-w", again).exit_code == 0
    monkeypatch.setenv(KEY_VARIABLE, NEW)
    assert WRITTEN in run("orders", "show", order_id, "-w", again).stdout
    monkeypatch.setenv(KEY_VARIABLE, OLD)
    assert doctor(again)["state"] == "wrong"
    refused = run("orders", "show", order_id, "-w", again)
    assert KEY_VARIABLE in str(refused.exception)
