from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.tables import RESOURCES, VARIANTS
from data.workspace import Workspace
from production.errors import BadDemand, BadResources, Infeasible, PlanRefused, UnknownPlan
from production.plans.plan import LINE_COLUMNS, Plan
from production.plans.planning import make_plan
from production.plans.saved import latest_plan, list_plans, load_plan, save_plan
from production.report import build_report, render_html
from tests.production.small_market import simple_forecast, small_market


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return small_market(tmp_path_factory.mktemp("market") / "w")


@pytest.fixture(scope="module")
def plan(workspace: Workspace) -> Plan:
    return make_plan(workspace, forecast=simple_forecast(workspace))


def with_lots(root: Path, lots: dict[str, list[object]]) -> Workspace:
    workspace = small_market(root)
    workspace.write({"lots": pd.DataFrame(lots)})
    return workspace


def test_a_plan_keeps_its_resources_and_adds_up(plan: Plan) -> None:
    assert tuple(plan.lines.columns) == LINE_COLUMNS
    sewing = next(r for r in plan.resources if r.resource_id == "sewing")
    assert sewing.capacity == 4 * 30
    assert sewing.used <= sewing.capacity
    assert sewing.shadow_price > 0
    amount = plan.lines["style_id"].map({"A": 0.5, "B": 0.5, "C": 1.0, "D": 1.0})
    amount = amount.mask(plan.lines["variant_id"] == "A-red", 0.25)
    assert (amount * plan.lines["quantity"]).sum() == pytest.approx(sewing.used)
    cost = (
        plan.lines["underage_cost"] * plan.lines["expected_shortage"]
        + plan.lines["overage_cost"] * plan.lines["expected_leftover"]
    ).sum()
    assert cost == pytest.approx(plan.expected_cost)
    assert plan.bound <= plan.expected_cost
    assert set(plan.lines.loc[plan.lines["reason_code"] == "resource", "short_of"]) <= {
        "sewing",
        "fabric",
    }


def test_the_default_forecast_makes_a_plan(workspace: Workspace) -> None:
    found = make_plan(workspace, as_of=np.datetime64("2024-07-15"), horizon=2)
    assert found.as_of == np.datetime64("2024-07-15")
    assert found.horizon == 2
    assert found.lines["quantity"].sum() > 0
    assert found.effects


def test_unstated_costs_are_assumed_three_to_one_and_said(plan: Plan) -> None:
    np.testing.assert_allclose(plan.lines["underage_cost"], 3 * plan.lines["overage_cost"])
    assert any("no unit cost: 40% of the price" in said for said in plan.assumptions)
    assert any("no salvage value: 20% of the price" in said for said in plan.assumptions)


def test_a_workspace_without_resources_is_not_limited_and_says_so(tmp_path: Path) -> None:
    workspace = small_market(tmp_path / "w", resources=False)
    forecast = simple_forecast(workspace)
    free = make_plan(workspace, forecast=forecast)
    assert free.resources == ()
    assert any("No resource is known" in said for said in free.assumptions)
    assert (free.lines["quantity"] == free.lines["wanted"]).all()
    half = make_plan(workspace, forecast=forecast, capacity={"units": 100})
    assert half.lines["quantity"].sum() == 100
    assert half.lines["planner_quantity"].sum() <= 100


def test_an_override_is_a_capacity_over_the_whole_horizon(workspace: Workspace) -> None:
    forecast = simple_forecast(workspace)
    found = make_plan(workspace, forecast=forecast, capacity={"sewing": 50.0})
    assert next(r.capacity for r in found.resources if r.resource_id == "sewing") == 50.0
    with pytest.raises(BadResources, match="no resource 'sewwing'"):
        make_plan(workspace, forecast=forecast, capacity={"sewwing": 50.0})
    with pytest.raises(BadResources, match="negative"):
        make_plan(workspace, forecast=forecast, capacity={"sewing": -50.0})


def test_released_units_stand_and_too_many_are_infeasible(tmp_path: Path) -> None:
    workspace = with_lots(tmp_path / "a", {"variant_id": ["D-grey", "old"], "frozen": [17, 3]})
    found = make_plan(workspace, forecast=simple_forecast(workspace)).lines.set_index("variant_id")
    assert found.loc["D-grey", "quantity"] == 17
    assert found.loc["old", "quantity"] == 3
    assert set(found.loc[["D-grey", "old"], "reason_code"]) == {"frozen"}
    workspace = with_lots(tmp_path / "b", {"variant_id": ["D-grey"], "frozen": [500]})
    with pytest.raises(Infeasible, match=r"sewing.*'D-grey' \(500\).*at least 500"):
        make_plan(workspace, forecast=simple_forecast(workspace))


def test_stock_is_taken_off_what_is_made(tmp_path: Path) -> None:
    workspace = with_lots(tmp_path / "w", {"variant_id": ["A-red", "B-red"], "on_hand": [400, 5]})
    free = {"sewing": 1e6, "fabric": 1e6}
    forecast = simple_forecast(workspace)
    found = make_plan(workspace, forecast=forecast, capacity=free).lines.set_index("variant_id")
    bare = make_plan(small_market(tmp_path / "bare"), forecast=forecast, capacity=free)
    assert found.loc["A-red", "quantity"] == 0
    assert found.loc["A-red", "reason_code"] == "in stock"
    without = bare.lines.set_index("variant_id")["quantity"]["B-red"]
    assert found["quantity"]["B-red"] == without - 5


def test_nothing_is_made_of_a_discontinued_variant(tmp_path: Path) -> None:
    workspace = small_market(tmp_path / "w")
    variants = workspace.read(VARIANTS)
    gone = np.where(
        variants["variant_id"] == "A-red", np.datetime64("2024-03-01"), np.datetime64("NaT")
    )
    workspace.write({"variants": variants.assign(discontinued_at=gone)})
    found = make_plan(workspace, forecast=simple_forecast(workspace)).lines.set_index("variant_id")
    assert found.loc["A-red", "quantity"] == 0
    assert found.loc["A-red", "reason_code"] == "discontinued"


def test_demand_that_is_nan_is_refused(workspace: Workspace) -> None:
    forecast = simple_forecast(workspace)
    quantiles = forecast.quantiles.copy()
    quantiles[3, 2] = np.nan
    with pytest.raises(BadDemand, match="'B-blue'"):
        make_plan(workspace, forecast=replace(forecast, quantiles=quantiles))


def test_a_kept_plan_comes_back_whole(workspace: Workspace, plan: Plan) -> None:
    save_plan(workspace, plan)
    save_plan(workspace, plan)
    assert list_plans(workspace) == (plan.plan_id,)
    again = load_plan(workspace, plan.plan_id)
    pd.testing.assert_frame_equal(again.lines, plan.lines, check_dtype=False)
    assert again.header() == plan.header()
    latest = latest_plan(workspace)
    assert latest is not None
    assert latest.plan_id == plan.plan_id
    assert make_plan(workspace, forecast=simple_forecast(workspace)).plan_id == plan.plan_id
    json.dumps(plan.to_json(), allow_nan=False)


@pytest.mark.parametrize("name", ["nothing", "../w", "", "2024-07-29-4w-0000/..", "a" * 5000])
def test_an_unknown_plan_is_named(workspace: Workspace, name: str) -> None:
    with pytest.raises(UnknownPlan, match="no plan"):
        load_plan(workspace, name)


@pytest.mark.parametrize("file", ["plan.json", "lines.parquet"])
def test_an_altered_plan_is_refused(tmp_path: Path, file: str) -> None:
    workspace = small_market(tmp_path / "w")
    plan = make_plan(workspace, forecast=simple_forecast(workspace))
    path = save_plan(workspace, plan) / file
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(PlanRefused, match=plan.plan_id):
        load_plan(workspace, plan.plan_id)


def test_a_workspace_without_plans_has_no_latest(tmp_path: Path) -> None:
    assert latest_plan(small_market(tmp_path / "w")) is None


def test_overtime_is_bought_where_it_pays_and_kept_in_the_plan(tmp_path: Path) -> None:
    workspace = small_market(tmp_path / "w")
    forecast = simple_forecast(workspace)
    scarce = make_plan(workspace, forecast=forecast)
    worth = {one.resource_id: one.shadow_price for one in scarce.resources}["sewing"]
    table = workspace.read(RESOURCES)
    workspace.write({"resources": table.assign(extra_unit_cost=np.array([worth / 2, np.nan]))})
    made = make_plan(workspace, forecast=forecast)
    sewing = next(one for one in made.resources if one.resource_id == "sewing")
    assert sewing.bought == pytest.approx(sewing.used - sewing.capacity)
    assert sewing.bought > 0
    assert sewing.shadow_price == pytest.approx(worth / 2)
    assert made.expected_cost < scarce.expected_cost
    lines = made.lines
    short = lines["underage_cost"] * lines["expected_shortage"]
    over = lines["overage_cost"] * lines["expected_leftover"]
    assert (short + over).sum() + sewing.bought * worth / 2 == pytest.approx(made.expected_cost)
    without = make_plan(workspace, forecast=forecast, overtime=False)
    assert (without.lines["quantity"] == scarce.lines["quantity"]).all()
    save_plan(workspace, made)
    assert load_plan(workspace, made.plan_id).resources == made.resources
    page = render_html(build_report(workspace, made))
    assert re.search(rf"It costs {worth / 2:.2f}: the plan buys \d", page)


def test_lost_goodwill_makes_a_missing_unit_dearer(tmp_path: Path) -> None:
    workspace = small_market(tmp_path / "w", resources=False)
    variants = workspace.read(VARIANTS)
    forecast = simple_forecast(workspace)
    before = make_plan(workspace, forecast=forecast).lines.set_index("variant_id")
    lost = np.where(variants["variant_id"] == "A-red", 60.0, np.nan)
    workspace.write({"variants": variants.assign(goodwill_cost=lost)})
    after = make_plan(workspace, forecast=forecast).lines.set_index("variant_id")
    assert after["underage_cost"]["A-red"] == before["underage_cost"]["A-red"] + 60
    assert after["quantity"]["A-red"] > before["quantity"]["A-red"]
    assert after["quantity"]["B-red"] == before["quantity"]["B-red"]
