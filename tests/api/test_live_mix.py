"""Orders since the plan, as `GET /v1/variant-mix?live=true` and the command tell them."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from api.cli.app import app as commands
from api.live import order_lines
from api.service.app import create_app
from api.service.engine import Engine, open_engine
from api.service.plans import Plans
from api.settings import load_settings
from api.so_far import SoFar
from data.store import LiveEvent
from data.tables import CANCELLED, ORDERS
from data.workspace import Workspace
from production.plans.plan import Plan
from production.plans.saved import latest_plan
from tests.api.client import Client


@pytest.fixture
def plan(engine: Engine) -> Plan:
    found = latest_plan(engine.workspace)
    assert found is not None
    return found


@pytest.fixture
def start(plan: Plan) -> datetime:
    start: datetime = plan.as_of.astype("datetime64[us]").item()
    return start


@pytest.fixture
def client(engine: Engine, start: datetime) -> Client:
    """The service three days into the plan's horizon."""
    clock = (start + timedelta(days=3)).replace(tzinfo=UTC)
    so_far = SoFar(engine.workspace, engine.settings, engine.store, lambda: clock)
    engine.plans = Plans(engine.workspace, engine.settings, so_far)
    return Client(create_app(engine))


def order(
    number: int, variant_id: str, at: datetime, units: float = 1, customer_id: str = ""
) -> LiveEvent:
    return LiveEvent(
        event_id=f"e{number}",
        customer_id=customer_id or f"live{number}",
        variant_id=variant_id,
        kind="order",
        value=units,
        at=at,
    )


def test_live_orders_stand_beside_the_plan_and_a_rush_alerts(
    engine: Engine, client: Client, plan: Plan, start: datetime
) -> None:
    star = str(plan.lines["variant_id"].iloc[0])
    rush = [order(place, star, start + timedelta(minutes=10 * place)) for place in range(300)]
    engine.store.append(rush)
    told = client.get("/v1/variant-mix?live=true").json()
    assert told["so_far"]["ordered"] == 300
    assert 0.05 < told["so_far"]["passed"] < 0.2
    first = told["live"][0]
    assert (first["variant_id"], first["ordered"], first["alert"]) == (star, 300, "above")
    assert first["ordered"] > first["high"] >= first["expected"]
    assert "make" in first["do"]
    assert told["totals"]["live"]["ordered"] == 300


def test_one_order_shows_at_once(engine: Engine, client: Client, start: datetime) -> None:
    variant = str(engine.workspace.read(ORDERS)["variant_id"].iloc[0])
    before = client.get("/v1/variant-mix?live=true").json()["so_far"]["ordered"]
    engine.store.append([order(1, variant, start + timedelta(hours=1), 3)])
    assert client.get("/v1/variant-mix?live=true").json()["so_far"]["ordered"] == before + 3
    # what is kept of the plan's report says nothing of it
    assert client.get("/v1/variant-mix").json()["so_far"] is None


@pytest.mark.parametrize("form", ["csv", "html", "xlsx"])
def test_every_format_tells_it(client: Client, form: str) -> None:
    answer = client.get(f"/v1/variant-mix?live=true&level=live&format={form}")
    assert answer.status_code == 200
    if form == "csv":
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        assert {"variant_id", "ordered", "expected", "low", "high", "alert"} <= rows[0].keys()
    if form == "html":
        assert "Orders so far" in answer.text
    if form == "xlsx":
        book = pd.ExcelFile(io.BytesIO(answer.content), engine="calamine")
        assert "Live" in book.sheet_names


def test_without_live_there_is_no_such_level(client: Client) -> None:
    answer = client.get("/v1/variant-mix?level=live&format=csv")
    assert answer.status_code in {404, 422}
    assert answer.json()["code"] == "production.unknown-level"


def test_a_plan_whose_forecast_is_gone_cannot_be_compared(
    engine: Engine, client: Client, plan: Plan
) -> None:
    folder = engine.workspace.root / "forecasts" / plan.forecast_id
    folder.rename(folder.with_name("elsewhere"))
    answer = client.get("/v1/variant-mix?live=true")
    assert answer.status_code == 404
    assert answer.json()["code"] == "production.unknown-forecast"


def test_a_live_order_that_is_imported_too_counts_once(workspace: Path, start: datetime) -> None:
    opened = Workspace.open(workspace)
    orders = opened.read(ORDERS)
    moments = [start + timedelta(hours=place) for place in range(3)]
    rows = orders.head(3).assign(
        customer_id=["a", "a", "b"],
        variant_id="v",
        quantity=1,
        ordered_at=np.array(moments, "datetime64[us]"),
    )
    cancelled = rows.tail(1).assign(customer_id="c")
    names = [name for name in CANCELLED.names if name in cancelled]
    opened.write({"orders": pd.concat([orders, rows]), "cancelled": cancelled[names]})
    live = [
        order(1, "v", moments[0], 1, "a"),  # imported too
        order(2, "v", moments[2], 4, "c"),  # cancelled by a later import
        order(3, "v", moments[1], 2, "b"),  # only live: another moment
    ]
    lines = order_lines(opened, live, start)
    assert lines["quantity"].sum() == 3 + 2
    assert lines.groupby("customer_id")["quantity"].sum().to_dict() == {"a": 2, "b": 3}


def test_the_command_tells_it_too(workspace: Path) -> None:
    told = CliRunner().invoke(
        commands, ["report", "--workspace", str(workspace), "--live", "--format", "json", "--json"]
    )
    assert told.exit_code == 0
    report = json.loads(told.stdout)["report"]
    # the plan's weeks are long over, and no order has come: nothing is held against anybody
    assert report["so_far"]["alerts"] == 0
    assert "No order has arrived" in report["so_far"]["notes"][0]


def test_an_open_engine_uses_the_clock(workspace: Path) -> None:
    with open_engine(workspace, load_settings(workspace)) as engine:
        told = Client(create_app(engine)).get("/v1/variant-mix?live=true").json()
    assert told["so_far"]["until"] <= told["so_far"]["end"]
