"""Customer groups by command and route: kept once, answered from then on, nobody named."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from api.cli import main
from data.tables import ORDERS
from data.workspace import Workspace
from production.demand.saved import load_forecast
from tests.api.client import Client


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, object]:
    assert run(*words) == 0
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def run(*words: str) -> int:
    try:
        main(list(words))
    except SystemExit as end:
        return int(end.code or 0)
    return 0


@pytest.fixture
def grouped(workspace: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert run("groups", "-w", str(workspace)) == 0
    capsys.readouterr()
    return workspace


def test_the_command_prints_the_groups_and_writes_every_customer(
    workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "customers.parquet"
    assert run("groups", "-w", str(workspace), "-o", str(out)) == 0
    text = capsys.readouterr().out
    assert "Customers by class" in text
    assert "takes" in text
    rows = pd.read_parquet(out)
    orders = Workspace.open(workspace).read(ORDERS)
    bought = orders[orders["quantity"] > 0]["customer_id"].dropna().unique()
    assert rows["customer_id"].tolist() == sorted(bought)
    assert rows["group_id"].notna().all()


def test_a_past_day_saves_nothing(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    day = Workspace.open(workspace).read(ORDERS)["ordered_at"].max() - pd.Timedelta(days=60)
    told = answer(capsys, "groups", "-w", str(workspace), "--as-of", f"{day:%Y-%m-%d}", "--json")
    assert told["as_of"] == f"{day:%Y-%m-%d}"
    assert not (workspace / "groups").exists()


def test_demand_is_split_over_groups_and_regions_without_a_rest(
    workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("forecast", "-w", str(workspace), "--method", "exponential_smoothing", "--json")
    forecast = answer(capsys, *words)
    out = tmp_path / "demand.parquet"
    told = answer(
        capsys, "groups", "-w", str(workspace), "--demand", "--demand-out", str(out), "--json"
    )
    demand = told["demand"]
    assert isinstance(demand, dict)
    assert demand["forecast_id"] == forecast["forecast_id"]
    means = load_forecast(Workspace.open(workspace), str(forecast["forecast_id"])).forecast
    rows = pd.read_parquet(out)
    for by, part in rows.groupby("by"):
        summed = part.groupby("variant_id")["demand"].sum().reindex(means.variants).to_numpy()
        assert summed == pytest.approx(means.mean, rel=1e-12), by
    for by in ("groups", "regions"):
        assert sum(row["demand"] for row in demand[by]) == pytest.approx(means.mean.sum())


def test_demand_without_a_forecast_says_how_to_make_one(
    unforecast: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("groups", "-w", str(unforecast), "--demand", "--json") == 1
    assert "atelier forecast" in json.loads(capsys.readouterr().out)["error"]["do"]


def test_customer_needs_no_other_flag(workspace: Path) -> None:
    assert run("groups", "-w", str(workspace), "--customer", "x", "--groups", "3") == 2


def test_the_route_answers_what_the_command_saved(
    grouped: Path, unforecast: Path, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    assert unforecast == grouped
    found = client.get("/v1/customer-groups")
    assert found.status_code == 200
    told = found.json()
    assert told["demand"] is None
    assert sum(group["customers"] for group in told["groups"]) == told["customers"]
    ids = set(Workspace.open(grouped).read(ORDERS)["customer_id"].dropna())
    assert not {text for text in ids if f'"{text}"' in found.text}
    customer = sorted(ids)[0]
    own = client.get(f"/v1/customers/{customer}/group")
    assert own.status_code == 200
    printed = answer(capsys, "groups", "-w", str(grouped), "--customer", customer, "--json")
    assert own.json() == printed
    assert own.json()["groups_id"] == told["groups_id"]


def test_new_groups_and_a_new_forecast_are_taken_up(
    grouped: Path, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    before = client.get("/v1/customer-groups").json()
    assert run("groups", "-w", str(grouped), "--groups", "1") == 0
    assert run("forecast", "-w", str(grouped), "--method", "exponential_smoothing") == 0
    capsys.readouterr()
    after = client.get("/v1/customer-groups").json()
    assert after["groups_id"] != before["groups_id"]
    assert [row["name"] for row in after["demand"]["groups"]] == ["g1", "no group"]


def test_problems_say_what_to_do(client: Client, workspace: Path) -> None:
    found = client.get("/v1/customer-groups")
    assert (found.status_code, found.json()["code"]) == (503, "api.not-ready")
    assert "atelier groups" in found.json()["do"]
    assert run("groups", "-w", str(workspace)) == 0
    unknown = client.get("/v1/customers/nobody-at-all/group")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "recsys.unknown-customer")
    folder = next(path for path in (workspace / "groups").iterdir() if path.is_dir())
    (folder / "customers.parquet").write_bytes(b"not what was saved")
    (workspace / "groups" / "latest").write_text(folder.name)
    assert run("groups", "-w", str(workspace), "--customer", "x") == 1


def test_evaluate_customers_prints_and_writes(
    workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "figures.json"
    words = ["evaluate", "customers", "-w", str(workspace), "--days", "28", "--origins", "2"]
    assert run(*words, "--json", str(out)) == 0
    assert "Brier of the model" in capsys.readouterr().out
    figures = json.loads(out.read_text())
    assert {row["method"] for row in figures["methods"]} == {"model", "rule", "constant"}
