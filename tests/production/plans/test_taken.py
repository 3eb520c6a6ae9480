"""A plan has what custom orders leave of the resources."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.workspace import Workspace
from production.allocation.taken import taken_by_week
from production.plans.plan import Plan
from production.plans.planning import make_plan
from tests.production.small_market import simple_forecast, small_market

MONDAY = np.datetime64("2024-07-29")


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    return small_market(tmp_path / "workspace")


def taken(*rows: tuple[str, int, float]) -> pd.DataFrame:
    """Resource, days from the plan's first, and amount."""
    return pd.DataFrame(
        {
            "resource_id": [row[0] for row in rows],
            "day": [MONDAY + np.timedelta64(row[1], "D") for row in rows],
            "amount": [row[2] for row in rows],
        }
    )


def sewing(plan: Plan) -> tuple[float, float]:
    """Capacity and use."""
    return next((one.capacity, one.used) for one in plan.resources if one.resource_id == "sewing")


def test_days_are_summed_by_week_and_others_are_left_out() -> None:
    days = {0: 1.0, 6: 2.0, 7: 4.0, -1: 8.0, 14: 9.0}
    rows = taken(*(("saw", day, amount) for day, amount in days.items()))
    found = taken_by_week(rows, MONDAY + np.arange(2) * np.timedelta64(7, "D"))
    assert found.loc[["saw"]].to_numpy().tolist() == [[3.0, 4.0]]


def test_the_plan_takes_no_more_than_orders_leave_and_says_so(shop: Workspace) -> None:
    forecast = simple_forecast(shop)
    free = make_plan(shop, forecast=forecast)
    held = make_plan(shop, forecast=forecast, taken=taken(("sewing", 3, 40.0), ("sewing", 99, 50)))
    assert sewing(free)[0] == 120.0
    capacity, used = sewing(held)
    assert capacity == 80.0
    assert used <= 80.0 < sewing(free)[1]
    assert "Custom orders have taken 40.0 of 'sewing' in these weeks." in held.assumptions
    assert held.schedule is None  # orders alone do not make a plan one of weeks
    assert held.plan_id != free.plan_id


def test_a_capacity_that_is_asked_for_has_the_orders_in_it(shop: Workspace) -> None:
    rows = taken(("sewing", 3, 40.0))
    plan = make_plan(shop, forecast=simple_forecast(shop), capacity={"sewing": 100.0}, taken=rows)
    assert sewing(plan)[0] == 60.0


def test_a_plan_of_weeks_leaves_each_week_its_orders(shop: Workspace) -> None:
    rows = taken(("sewing", 8, 25.0))
    plan = make_plan(shop, forecast=simple_forecast(shop), by_week=True, taken=rows)
    assert plan.resource_weeks is not None
    weeks = plan.resource_weeks[plan.resource_weeks["resource_id"] == "sewing"]
    assert weeks["capacity"].tolist() == [30.0, 5.0, 30.0, 30.0]
    assert (weeks["used"] <= weeks["capacity"] + 1e-9).all()


def test_orders_beyond_the_capacity_leave_nothing(shop: Workspace) -> None:
    plan = make_plan(shop, forecast=simple_forecast(shop), taken=taken(("sewing", 0, 500.0)))
    assert sewing(plan) == (0.0, 0.0)
