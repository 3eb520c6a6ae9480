"""The report says who wants what is planned, once customers are grouped."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.tables import ORDERS
from production.plans.planning import make_plan
from production.report import build_report, render_html, render_json
from recsys.groups.groups import group_customers
from recsys.groups.saved import save_groups
from tests.production.small_market import simple_forecast, small_market


def test_groups_and_regions_share_the_plans_demand(tmp_path: Path) -> None:
    workspace = small_market(tmp_path / "w")
    plan = make_plan(workspace, forecast=simple_forecast(workspace))
    before = build_report(workspace, plan)
    assert before.customers is None
    assert "Who wants it" not in render_html(before)
    save_groups(workspace, group_customers(workspace))
    report = build_report(workspace, plan)
    assert report.customers is not None
    assert report.customers.regions == ()
    parts = report.customers.groups
    assert sum(part.units for part in parts) == pytest.approx(plan.lines["mean"].sum())
    assert sum(part.share for part in parts) == pytest.approx(1)
    page = render_html(report)
    assert "Who wants it" in page
    assert report.customers.groups[0].name in page
    assert render_json(report)["customers"]["groups"][0]["units"] >= 0


def test_regions_share_it_without_groups(tmp_path: Path) -> None:
    workspace = small_market(tmp_path / "w")
    orders = workspace.read(ORDERS)
    where = orders["customer_id"].str.endswith(("1", "2", "3"))
    workspace.write({"orders": orders.assign(region=where.map({True: "north", False: "south"}))})
    plan = make_plan(workspace, forecast=simple_forecast(workspace))
    report = build_report(workspace, plan)
    assert report.customers is not None
    assert report.customers.groups == ()
    assert {part.name for part in report.customers.regions} == {"north", "south"}
    told = render_json(report)
    assert told["totals"]["regions"]["units"] == pytest.approx(plan.lines["mean"].sum())
    assert told["totals"]["regions"]["share"] == pytest.approx(1)
