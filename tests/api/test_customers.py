"""A customer's id never enters the workspace, and erasing a customer leaves no trace of it."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from api.cli.app import app as program
from api.erasing import erase_customer
from api.errors import Invalid
from api.service.app import create_app
from api.service.engine import open_engine
from api.service.list_making import make_lists
from api.settings import Settings, load_settings
from api.work import key_of, train_and_save
from data.customers import KEY_FILE, KEY_VARIABLE, Pseudonyms, is_pseudonym
from data.errors import WorkspaceError
from data.importing import import_files
from data.ledger import open_ledger
from data.ledger.terms import Line, NewOrder, RequestKey
from data.store import open_store
from data.store.dead_letters import set_aside
from data.tables import CONFIGURATIONS, EVENTS, ORDERS, VARIANTS
from data.workspace import Workspace
from recsys.groups.groups import group_customers
from recsys.groups.saved import save_groups
from recsys.recommender import Recommender
from recsys.saved.saving import current_model, load
from tests.api.client import Client
from tests.data import shop

CANARY = "canary-5e1f0c/customer@example.org"
TELEPHONE = "0049301234567"
"""What a customer typed into a ring: digits alone, and no number."""

RING = """\
features
	R
		mandatory
			ring
			Integer letters
		optional
			String engraving
			String inside
"""
REFUSAL, NOON = Invalid("No event."), datetime(2024, 9, 1, 12)  # noqa: DTZ001  # as the store keeps it
LEDGER = RequestKey(scope="key", key="first", digest="d")
POINTS = ["tables-swapped", "tables-erased", "model-forgot", "models-erased", "customer-erased",
          "store-erased"]  # fmt: skip


def settings_of(folder: Path) -> Settings:
    return load_settings(folder, model="item_item")


def url(folder: Path) -> str:
    return f"/v1/customers/{CANARY.replace('/', '%2F')}"


@pytest.fixture
def planted(workspace: Path, tmp_path: Path) -> Path:
    """The market's workspace with the canary in all that a customer can come into."""
    opened = Workspace.open(workspace)
    variants = opened.read(VARIANTS)["variant_id"].tolist()[:6]
    lines = [f"x{n},{CANARY},{one},2,9.5,2024-0{n + 1}-01" for n, one in enumerate(variants)]
    lines += [f"x9,{CANARY},{variants[0]},0,9.5,2024-01-01", f"x10,{CANARY},nothing,1,9,2024-01-01"]
    file = shop.put(tmp_path, "orders9.csv", shop.HEADER, *lines)
    import_files([file], shop.mapping(shop.ORDERS), workspace, quarantine=True)
    (workspace / "products").mkdir(exist_ok=True)
    (workspace / "products" / "R.uvl").write_text(RING)
    compose(opened)
    settings = settings_of(workspace)
    model_id, _ = train_and_save(opened, settings)
    save_groups(opened, group_customers(opened, days=28, count=2))
    with open_engine(workspace, settings) as engine:
        client = Client(create_app(engine))
        event = {"event_id": "e1", "customer_id": CANARY, "variant_id": variants[0],
                 "kind": "view", "at": "2024-09-01T10:00:00"}  # fmt: skip
        assert client.post("/v1/events", json={"events": [event]}).status_code == 200
        found = client.get(f"{url(workspace)}/recommendations")
        assert found.json()["customer_id"] == CANARY
        assert found.json()["fallback"] is None
        hold(workspace, engine.customer_of(CANARY), variants[0])
        letter = b'{"customer_id": "' + CANARY.encode() + b'"'
        set_aside(engine.store, "nats://x", letter, REFUSAL, now=NOON)
    make_lists(workspace, model_id, date(2024, 9, 1), 1000, key_of(opened, settings))
    return workspace


def hold(folder: Path, customer: str, variant_id: str) -> None:
    ledger = open_ledger(settings_of(folder).store_url(folder))
    line = Line(variant_id=variant_id, quantity=1, price="1")
    typed = ("ring", f"engraving=of {CANARY}=", f"inside={TELEPHONE}", "letters=3")
    composed = Line(style_id="R", configuration=typed, quantity=1, price="1")
    order = NewOrder(
        lines=(line, composed), hold_for=timedelta(days=1), currency="EUR", customer_id=customer
    )
    done = ledger.hold(order, request=LEDGER)
    reason = RequestKey(scope="key", key="second", digest="d")
    ledger.cancel(done.order_id, version=1, reason=f"asked {CANARY}", request=reason)
    ledger.close()


def compose(workspace: Workspace) -> None:
    """A table of configurations in which the canary ordered, and typed, what it is."""
    row = {"configuration_id": "1", "order_id": "x0", "style_id": "R", "quantity": 1,
           "customer_id": workspace.pseudonyms().of(CANARY),
           "ordered_at": pd.Timestamp("2024-01-01")}  # fmt: skip
    chosen = {"engraving": f"for {CANARY}", "letters": "3", "inside": TELEPHONE, "ring": None}
    rows = [{**row, "option": option, "value": value} for option, value in chosen.items()]
    frame = pd.DataFrame(rows, columns=list(CONFIGURATIONS.names))
    workspace.write({CONFIGURATIONS.name: frame.astype({"ordered_at": "datetime64[us]"})})


def contents(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Every file as it lies, and what packed ones hold."""
    for path in folder.rglob("*"):
        if not path.is_file():
            continue
        content = path.read_bytes()
        yield path, content
        if path.suffix == ".parquet":
            yield path, json.dumps(pq.read_table(path).to_pydict(), default=str).encode()
        elif path.suffix == ".npz":
            with zipfile.ZipFile(io.BytesIO(content)) as packed:
                yield from ((path, packed.read(name)) for name in packed.namelist())


def traces(folder: Path, text: str) -> set[str]:
    sought = text.encode()
    return {str(path.relative_to(folder)) for path, held in contents(folder) if sought in held}


def run(*words: str) -> Result:
    return CliRunner().invoke(program, words)


def test_an_id_never_enters_the_workspace_but_where_people_write_it(planted: Path) -> None:
    written = traces(planted, CANARY)
    assert written <= {"atelier.db", "atelier.db-wal", "tables/configurations.parquet"}
    named = traces(planted, Workspace.open(planted).pseudonyms().of(CANARY))
    kinds = {Path(one).parts[0] for one in named}
    assert {"tables", "models", "groups", "atelier.db"} <= kinds | {"atelier.db"}
    assert any("lists-" in one for one in named)


def test_erasing_leaves_no_trace(planted: Path) -> None:
    opened, settings = Workspace.open(planted), settings_of(planted)
    pseudonym = opened.pseudonyms().of(CANARY)
    units = opened.read(ORDERS)["quantity"].sum()
    with open_engine(planted, settings) as engine:
        client = Client(create_app(engine))
        assert client.get(f"{url(planted)}/recommendations").json()["fallback"] is None
        held = client.get(url(planted)).json()
        assert len(held["tables"]["orders"]) == 6
        assert {"live_events", "ledger_orders"} <= held["store"].keys()
        assert held["group"]["customer_id"] == CANARY
        done = client.request("DELETE", url(planted))
        assert done.status_code == 200, done.text
        assert done.json()["models"] == 1
        for text in (CANARY, pseudonym, TELEPHONE):
            assert traces(planted, text) == set()
        assert opened.read(CONFIGURATIONS)["value"].dropna().tolist() == ["3"]
        _, [order] = engine.ordering.ledger.list_orders(("cancelled",), limit=10)
        assert order.lines[1].configuration == ("ring", "engraving", "inside", "letters=3")
        # it is served on, as one whom nobody knows
        found = client.get(f"{url(planted)}/recommendations").json()
        assert found["fallback"] is not None
        assert found["model_id"] == current_model(opened)
        again = client.request("DELETE", url(planted)).json()
        assert again == {"unnamed": 0, "removed": 0, "models": 0, "others": 0}
        assert client.get(url(planted)).json() | {"customer_id": "", "pseudonym": ""} == {
            "customer_id": "", "pseudonym": "", "tables": {}, "store": {}, "group": None,
        }  # fmt: skip
    assert opened.read(ORDERS)["quantity"].sum() == units  # demand stays what it was
    ledger = open_ledger(settings.store_url(planted))
    assert ledger.verify_audit().faults == ()
    ledger.close()


def test_a_training_under_way_does_not_bring_the_customer_back(planted: Path) -> None:
    opened, settings = Workspace.open(planted), settings_of(planted)
    store = open_store(settings.store_url(planted))

    def erases(stage: str, done: int, total: int) -> None:  # as Progress has it
        if done == 1:  # the tables are read
            erase_customer(opened, settings, store.database, CANARY, actor="test")

    model_id, kept = train_and_save(opened, settings, progress=erases)
    store.close()
    assert current_model(opened) == model_id
    assert pseudonym_of(opened) not in kept.interactions.customers
    assert traces(planted, pseudonym_of(opened)) == set()
    assert len(load(opened, key=key_of(opened, settings)).interactions.customers) > 20


def test_others_keep_their_lists_and_their_model(planted: Path) -> None:
    opened, settings = Workspace.open(planted), settings_of(planted)
    key = key_of(opened, settings)
    before: Recommender = load(opened, key=key)
    others = [one for one in before.interactions.customers if one != pseudonym_of(opened)]
    wanted = before.recommend_many(others[:20], 10)
    store = open_store(settings.store_url(planted))
    erase_customer(opened, settings, store.database, CANARY, actor="test")
    store.close()
    after = load(opened, key=key)
    assert after.interactions.customers.tolist() == others
    assert after.recommend_many(others[:20], 10) == wanted


def pseudonym_of(opened: Workspace) -> str:
    return opened.pseudonyms().of(CANARY)


@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS)
def test_what_a_crash_cut_off_is_finished_by_erasing_again(planted: Path, point: str) -> None:
    words = [sys.executable, "-c", "from api.cli import main; main()", "customers", "erase", CANARY,
             "--workspace", str(planted)]  # fmt: skip
    killed = subprocess.run(words, env={**os.environ, "ATELIER_FAILPOINT": point}, check=False)
    assert killed.returncode == -signal.SIGKILL
    pseudonym = Workspace.open(planted).pseudonyms().of(CANARY)
    assert current_model(Workspace.open(planted)) is not None
    assert subprocess.run(words, check=False, capture_output=True).returncode == 0
    assert traces(planted, CANARY) | traces(planted, pseudonym) == set()
    load(Workspace.open(planted), key=key_of(Workspace.open(planted), settings_of(planted)))


def test_the_command_line_tells_and_erases(planted: Path) -> None:
    told = run("customers", "export", CANARY, "--workspace", str(planted), "--json")
    assert len(json.loads(told.stdout)["tables"]["orders"]) == 6
    assert "orders" in run("customers", "export", CANARY, "-w", str(planted)).stdout
    asked = run("recommend", CANARY, "--workspace", str(planted), "--json")
    assert json.loads(asked.stdout)["lists"][0]["customer_id"] == CANARY
    done = run("customers", "erase", CANARY, "--workspace", str(planted), "--json")
    assert json.loads(done.stdout)["removed"] >= 1
    assert traces(planted, CANARY) == set()


def test_a_file_that_still_holds_the_id_is_named(planted: Path) -> None:
    (planted / "notes.txt").write_text(f"call {CANARY} back")
    done = run("customers", "erase", CANARY, "--workspace", str(planted))
    assert done.exit_code == 1
    assert "notes.txt" in str(done.exception)


def test_a_workspace_of_an_earlier_version_is_protected(
    market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(KEY_VARIABLE)
    old = Workspace.create(tmp_path / "old")
    made = Workspace.open(market)
    orders = made.read(ORDERS)
    raw = {one: f"C{n}" for n, one in enumerate(orders["customer_id"].dropna().unique())}
    events = made.read(EVENTS)
    events = events[events["customer_id"].isin(list(raw))]
    old.write(
        {
            "orders": orders.assign(customer_id=orders["customer_id"].map(raw).astype("str")),
            "events": events.assign(customer_id=events["customer_id"].map(raw).astype("str")),
            "variants": made.read(VARIANTS),
        }
    )
    (old.root / "workspace.json").write_text('{"format": 1}')
    (old.root / KEY_FILE).unlink()
    with pytest.raises(WorkspaceError, match="customers protect"):
        Workspace.open(old.root)
    assert "train again" in run("customers", "protect", "--workspace", str(old.root)).stdout
    assert "already" in run("customers", "protect", "--workspace", str(old.root)).stdout
    opened = Workspace.open(old.root)
    named = opened.read(ORDERS)["customer_id"].dropna()
    assert named.map(is_pseudonym).all()
    assert set(named) == {opened.pseudonyms().of(one) for one in raw.values()}
    assert (old.root / KEY_FILE).stat().st_mode & 0o777 == 0o600


def test_another_key_or_none_is_refused(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "another key, as long as it must be at least")
    with pytest.raises(WorkspaceError, match="not the key"):
        Workspace.open(workspace).pseudonyms()
    monkeypatch.setenv(KEY_VARIABLE, "short")
    with pytest.raises(WorkspaceError, match="shorter"):
        Workspace.open(workspace).pseudonyms()
    monkeypatch.delenv(KEY_VARIABLE)
    with pytest.raises(WorkspaceError, match="missing"):
        Workspace.open(workspace).pseudonyms()


def test_pseudonyms_follow_from_the_id_and_the_key_alone() -> None:
    names, others = Pseudonyms(b"k" * 32), Pseudonyms(b"l" * 32)
    ids = pd.Series(["a", None, "b", "a", names.of("b")], index=[3, 1, 4, 1, 5], dtype="str")
    column = names.column(ids)
    assert column.isna().tolist() == [False, True, False, False, False]
    assert column.index.tolist() == ids.index.tolist()
    assert column.iloc[0] == column.iloc[3] == names.of("a") != others.of("a")
    assert column.iloc[2] == column.iloc[4] == names.of("b")
    assert str(column.dtype) == "str"
    assert len(names.column(ids[:0])) == 0
    many = [names.of(str(number)) for number in range(2000)]
    assert len(set(many)) == 2000
    assert all(is_pseudonym(one) for one in many)
    assert np.mean([one < "c_m" for one in many]) > 0.2  # spread over the alphabet


def test_an_id_that_means_something_else_too_is_said_to_be_left(client: Client) -> None:
    variant_id = client.get("/v1/demand?limit=1").json()["variants"][0]["variant_id"]
    response = client.request("DELETE", f"/v1/customers/{variant_id}")
    assert response.status_code == 409
    assert response.json()["code"] == "api.not-erased"
    assert "tables/" in response.json()["where"]
    assert "tmp" not in response.text
