"""Plans by week and by region, from a workspace's tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.tables import ORDERS, USAGE
from data.workspace import Workspace
from production.errors import PlanRefused
from production.plans.by_region import ELSEWHERE, whole_parts
from production.plans.plan import TABLES, Plan
from production.plans.planning import make_plan
from production.plans.saved import load_plan, save_plan
from production.report import build_report
from production.report.levels import levels_of
from tests.production.small_market import simple_forecast, small_market


def with_lead(root: Path, weeks: dict[str, int]) -> Workspace:
    workspace = small_market(root)
    workspace.write(
        {"lots": pd.DataFrame({"variant_id": list(weeks), "lead_time_weeks": list(weeks.values())})}
    )
    return workspace


def planned(workspace: Workspace, *, by_week: bool | None = None) -> Plan:
    return make_plan(workspace, forecast=simple_forecast(workspace), by_week=by_week)


def test_even_weeks_and_no_lead_times_are_planned_as_a_whole(tmp_path: Path) -> None:
    workspace = small_market(tmp_path / "w")
    assert planned(workspace).schedule is None
    weekly = planned(workspace, by_week=True)
    assert weekly.schedule is not None
    assert weekly.gap < 0.05


def test_a_plan_by_week_adds_up_and_keeps_each_week(tmp_path: Path) -> None:
    workspace = with_lead(tmp_path / "w", {"A-red": 2, "B-red": 1, "D-grey": 9})
    plan = planned(workspace)
    assert plan.schedule is not None
    assert plan.resource_weeks is not None
    begun = plan.schedule.groupby("variant_id")["begin"].sum()
    lines = plan.lines.set_index("variant_id")
    assert (begun == lines["quantity"]).all()
    assert lines.loc["D-grey", "quantity"] == 0
    assert lines.loc["D-grey", "reason_code"] == "lead time"
    red = plan.schedule[plan.schedule["variant_id"] == "A-red"]
    assert red["comes_in"].tolist() == [0, 0, *red["begin"].tolist()[:2]]
    assert red["begin"].tolist()[2:] == [0, 0]
    assert red["mean"].sum() == pytest.approx(lines.loc["A-red", "mean"], rel=0.05)
    weeks = plan.resource_weeks
    assert (weeks["used"] <= weeks["capacity"] * (1 + 1e-9)).all()
    used = weeks.groupby("resource_id")["used"].sum()
    for one in plan.resources:
        assert one.used == pytest.approx(used[one.resource_id])


def test_a_week_without_sewing_is_sewn_for_before_it(tmp_path: Path) -> None:
    workspace = small_market(tmp_path / "w")
    forecast = simple_forecast(workspace)
    monday = pd.Timestamp(forecast.origin)
    rows = {
        "resource_id": ["sewing", "sewing", "fabric"],
        "period": [None, monday + pd.Timedelta(weeks=2), None],
        "capacity": [30.0, 0.0, 500.0],
    }
    workspace.write({"resources": pd.DataFrame(rows).astype({"period": "datetime64[us]"})})
    plan = make_plan(workspace, forecast=forecast)
    assert plan.resource_weeks is not None
    sewing = plan.resource_weeks[plan.resource_weeks["resource_id"] == "sewing"]
    assert sewing["capacity"].tolist() == [30, 30, 0, 30]
    assert sewing["used"].iloc[2] == 0
    assert (sewing["shadow_price"] > 0).all()
    half = make_plan(workspace, forecast=forecast, capacity={"sewing": 45.0})
    assert half.resource_weeks is not None
    assert half.resource_weeks.query("resource_id == 'sewing'")["capacity"].tolist() == [
        15, 15, 0, 15,
    ]  # fmt: skip


def regional(root: Path, quota: float) -> Workspace:
    """Two of three orders go north; no more than `quota` units a week may."""
    workspace = small_market(root)
    orders = workspace.read(ORDERS)
    where = np.where(np.arange(len(orders)) % 3 < 2, "north", "south")
    usage = workspace.read(USAGE)
    extra = pd.DataFrame({"region": ["north"], "resource_id": ["quota"], "amount": [1.0]})
    workspace.write(
        {
            "orders": orders.assign(region=where),
            "usage": pd.concat([usage, extra], ignore_index=True),
            "resources": pd.DataFrame(
                {"resource_id": ["sewing", "fabric", "quota"], "capacity": [300.0, 500.0, quota]}
            ),
        }
    )
    return workspace


def test_what_goes_to_a_region_keeps_that_regions_limit(tmp_path: Path) -> None:
    free = planned(regional(tmp_path / "free", 1e6))
    tight = planned(regional(tmp_path / "tight", 20.0))
    for plan in (free, tight):
        assert plan.regions is not None
        assert set(plan.regions["region"]) == {"north", ELSEWHERE}
        summed = plan.regions.groupby("variant_id")["quantity"].sum()
        assert (summed == plan.lines.set_index("variant_id")["quantity"]).all()
    assert free.regions is not None
    assert tight.regions is not None
    north = tight.regions[tight.regions["region"] == "north"]
    assert north["quantity"].sum() == 80
    assert (north.loc[north["quantity"] < north["wanted"], "short_of"] == "quota").all()
    before, after = (
        regions.loc[regions["region"] == ELSEWHERE, "quantity"].tolist()
        for regions in (free.regions, tight.regions)
    )
    assert before == after
    share = free.regions.groupby("region")["mean"].sum()
    assert share["north"] / share.sum() == pytest.approx(2 / 3, abs=0.05)


def test_weeks_and_regions_together(tmp_path: Path) -> None:
    plan = planned(regional(tmp_path / "w", 20.0), by_week=True)
    assert plan.schedule is not None
    assert plan.resource_weeks is not None
    assert len(plan.schedule) == len(plan.lines) * plan.horizon
    weeks = plan.resource_weeks
    assert (weeks.loc[weeks["resource_id"] == "quota", "used"] <= 20).all()
    begun = plan.schedule.groupby("variant_id")["begin"].sum()
    assert (begun == plan.lines.set_index("variant_id")["quantity"]).all()


def test_the_tables_are_kept_with_the_plan_and_altered_ones_refused(tmp_path: Path) -> None:
    workspace = regional(tmp_path / "w", 20.0)
    plan = planned(workspace, by_week=True)
    folder = save_plan(workspace, plan)
    again = load_plan(workspace, plan.plan_id)
    for name, table in plan.tables().items():
        assert tuple(table.columns) == TABLES[name]
        pd.testing.assert_frame_equal(again.tables()[name], table, check_dtype=False)
    path = folder / "regions.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(PlanRefused, match="regions"):
        load_plan(workspace, plan.plan_id)


def test_the_report_has_a_level_for_weeks_and_for_regions(tmp_path: Path) -> None:
    workspace = regional(tmp_path / "w", 20.0)
    plan = planned(workspace, by_week=True)
    told = {one.name: one for one in levels_of(build_report(workspace, plan))}
    units = plan.lines["quantity"].sum()
    assert told["to_regions"].totals()["quantity"] == units
    assert told["schedule"].totals()["begin"] == units
    assert len(told["resource_weeks"].rows) == 3 * plan.horizon


def test_whole_parts_add_up_and_follow_the_shares() -> None:
    parts = whole_parts(np.array([10.0, 1.0, 0.0]), np.array([[0.5, 0.26, 0.24]] * 3))
    assert parts.tolist() == [[5, 3, 2], [1, 0, 0], [0, 0, 0]]
