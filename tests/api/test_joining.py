"""Custom orders are demand and preferences, whoever asks for the training, forecast or plan."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from api.demand import latest_saved
from api.erasing import erase_customer
from api.jobs.kinds import as_asked, work
from api.loop import CHANNEL, join_orders
from api.service.engine import Engine
from api.settings import load_settings
from api.work import key_of
from data.erasing import Changed, erase_from_store
from data.errors import WorkspaceError
from data.ledger import Ledger, Line, NewOrder, RequestKey, open_ledger
from data.progress import silent
from data.store import open_store
from data.tables import ORDERS
from data.workspace import Workspace
from production.demand.saved import SavedForecast
from recsys.saved.saving import load
from tests.api.client import Client
from tests.api.test_cli import answered

CUSTOMER = "c_" + "a" * 26
UNITS = 700
"""More than the market sells of any variant in a week."""


@pytest.fixture
def variant(workspace: Path) -> str:
    """A variant of which a custom order is confirmed, within the imported weeks."""
    sold = Workspace.open(workspace).read(ORDERS)
    variant_id = str(sold["variant_id"].mode()[0])
    at = sold["ordered_at"].max().normalize() - timedelta(days=8)
    ledger = open_ledger(
        load_settings(workspace).store_url(workspace),
        clock=lambda: at.to_pydatetime().astimezone(),
    )
    confirm(ledger, variant_id)
    ledger.close()
    return variant_id


def confirm(ledger: Ledger, variant_id: str) -> None:
    line = Line(variant_id=variant_id, quantity=UNITS, price="700.00")
    new = NewOrder(lines=(line,), hold_for=timedelta(hours=1), currency="EUR", customer_id=CUSTOMER)
    key = partial(RequestKey, scope="shop", digest="body")
    held = ledger.hold(new, request=key(key="hold"))
    ledger.confirm(held.order_id, version=1, request=key(key="confirm"))


def custom(workspace: Path) -> pd.DataFrame:
    held = Workspace.open(workspace).read(ORDERS)
    return held[held["channel"] == CHANNEL]


def most_units(saved: SavedForecast, variant_id: str) -> float:
    return float(saved.past[saved.place(variant_id)].max())


@pytest.mark.parametrize("kind", ["forecast", "plan"])
def test_a_job_forecasts_custom_orders_too(workspace: Path, variant: str, kind: str) -> None:
    assert most_units(latest_saved(Workspace.open(workspace)), variant) < UNITS
    opened = Workspace.open(workspace)
    work(as_asked(kind, {"horizon": 2}), opened, load_settings(workspace), silent)
    assert custom(workspace)["quantity"].tolist() == [UNITS]
    assert most_units(latest_saved(opened), variant) >= UNITS


@pytest.mark.usefixtures("variant")
def test_a_job_trains_on_custom_orders_too(workspace: Path) -> None:
    opened = Workspace.open(workspace)
    before = opened.digest()
    asked = as_asked("train", {"model": "popularity"})
    done = work(asked, opened, load_settings(workspace), silent)
    assert custom(workspace)["quantity"].tolist() == [UNITS]
    trained = load(opened, done["model_id"], key=key_of(opened, load_settings(workspace)))
    assert trained.data_digest == opened.digest() != before


def test_a_plan_over_http_has_custom_orders_in_its_forecast(
    client: Client, workspace: Path, variant: str
) -> None:
    assert client.post("/v1/plans", json={}).status_code == 201
    assert custom(workspace)["quantity"].tolist() == [UNITS]
    assert most_units(latest_saved(Workspace.open(workspace)), variant) >= UNITS
    digest = Workspace.open(workspace).digest()
    assert client.post("/v1/plans", json={}).status_code == 201
    assert Workspace.open(workspace).digest() == digest


@pytest.mark.usefixtures("variant")
def test_a_plan_of_a_past_day_joins_them_and_knows_only_what_lies_before(
    client: Client, workspace: Path
) -> None:
    known = Workspace.open(workspace).read(ORDERS)["ordered_at"].max() - timedelta(weeks=6)
    asked = {"as_of": str(known.date()), "horizon": 2}
    assert client.post("/v1/plans", json=asked).status_code == 201
    assert custom(workspace)["quantity"].tolist() == [UNITS]
    assert latest_saved(Workspace.open(workspace)).past.max() < UNITS


@pytest.mark.usefixtures("variant")
def test_a_plan_while_an_import_changes_the_tables_is_asked_for_again(
    client: Client, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data.workspace.PATIENCE", 0.1)
    with Workspace.open(workspace).locked():
        refused = client.post("/v1/plans", json={})
    assert refused.status_code == 503
    assert refused.json()["code"] == "data.workspace"
    assert "Another process is changing" in refused.json()["detail"]
    assert int(refused.headers["retry-after"]) > 0
    assert client.post("/v1/plans", json={}).status_code == 201


def test_without_custom_orders_an_import_is_in_nobodys_way(client: Client, engine: Engine) -> None:
    with engine.workspace.locked():
        assert client.post("/v1/plans", json={}).status_code == 201


@contextmanager
def changing(workspace: Path, seconds: float) -> Iterator[None]:
    """Another holds the tables for some seconds from now on."""
    held = threading.Event()

    def change() -> None:
        with Workspace.open(workspace).locked():
            held.set()
            time.sleep(seconds)

    thread = threading.Thread(target=change)
    thread.start()
    assert held.wait(10)
    yield
    thread.join()


def test_who_changes_the_tables_for_a_moment_is_waited_for(workspace: Path) -> None:
    with changing(workspace, seconds=0.5):
        with pytest.raises(WorkspaceError), Workspace.open(workspace).locked(0.1):
            pass
        with Workspace.open(workspace).locked(10):
            pass


@pytest.mark.parametrize(
    "words",
    [
        ("train", "--model", "popularity"),
        ("forecast", "--method", "last_4_weeks"),
        ("forecast", "--method", "last_4_weeks", "--variant"),
        ("plan", "--method", "last_4_weeks"),
    ],
    ids=["train", "forecast", "one variant", "plan"],
)
def test_each_command_joins_once(
    workspace: Path,
    variant: str,
    words: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    joined = []

    def join(*given: Any, **named: Any) -> object:
        joined.append(join_orders(*given, **named))
        return joined[-1]

    for module in ("api.work", "api.demand"):
        monkeypatch.setattr(f"{module}.join_orders", join)
    if words[-1] == "--variant":
        words = (*words, variant)
    answered(capsys, *words, "--workspace", workspace)
    assert [one.lines for one in joined] == [1]


def test_orders_that_join_while_a_customer_is_erased_do_not_bring_them_back(
    workspace: Path, variant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, settings = Workspace.open(workspace), load_settings(workspace)
    join_orders(opened, settings)
    pseudonym = str(custom(workspace)["customer_id"].iloc[0])
    joining = threading.Thread(target=join_orders, args=(opened, settings))

    def joins_before(*given: Any, **named: Any) -> Changed:
        joining.start()
        joining.join(1.0)  # as far as it gets
        return erase_from_store(*given, **named)

    monkeypatch.setattr("api.erasing.erase_from_store", joins_before)
    store = open_store(settings.store_url(workspace))
    erase_customer(opened, settings, store.database, pseudonym, actor="test")
    store.close()
    joining.join(30)
    assert custom(workspace)["variant_id"].tolist() == [variant]
    assert custom(workspace)["customer_id"].isna().all()


def test_a_job_waits_for_an_import_that_takes_longer(
    workspace: Path, variant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data.workspace.PATIENCE", 0.0)
    opened, asked = Workspace.open(workspace), as_asked("train", {"model": "popularity"})
    with changing(workspace, seconds=0.5):
        assert work(asked, opened, load_settings(workspace), silent)["model_id"]
    assert custom(workspace)["variant_id"].tolist() == [variant]
