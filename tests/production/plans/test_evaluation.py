from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.progress import silent
from data.workspace import Workspace
from production.demand.forecast import LEVELS, DemandHistory, Forecast
from production.demand.history import DemandPanel
from production.demand.origins import past_origins
from production.demand.reading import read_panel
from production.plans.evaluation import evaluate_at, evaluate_plans
from production.plans.limits import Limits
from production.plans.policies import ALL, PLAN, PLANNER
from tests.production.small_market import small_market


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return small_market(tmp_path_factory.mktemp("evaluation") / "w", resources=False)


@dataclass(frozen=True)
class Knowing:
    """A source whose every method knows what comes: nearly no spread around the actual demand."""

    panel: DemandPanel

    def history(self, origin: np.datetime64) -> DemandHistory:
        return self.panel.at(origin, horizon=4)

    def forecast(self, origin: np.datetime64, method: str) -> Forecast:
        return knowing(self.panel, origin)


def knowing(panel: DemandPanel, origin: np.datetime64) -> Forecast:
    actual = panel.actual(origin, 4)
    quantiles = actual[:, None] + np.linspace(0, 0.01, len(LEVELS))
    return Forecast(
        method="knowing",
        origin=origin,
        variants=panel.variants,
        weekly=np.repeat(actual[:, None] / 4, 4, axis=1),
        mean=actual,
        quantiles=quantiles,
    )


def test_measures_follow_from_the_outcomes(workspace: Workspace) -> None:
    found = evaluate_plans(workspace, origins=2)
    outcomes, measures = found.outcomes, found.measures
    assert set(outcomes["policy"]) == set(ALL)
    for row in measures.to_dict(orient="records"):
        rows = outcomes[outcomes["policy"] == row["policy"]]
        if row["origin"] != "all":
            rows = rows[rows["origin"] == row["origin"]]
        short = np.maximum(rows["demand"] - rows["quantity"], 0).sum()
        left = np.maximum(rows["quantity"] - rows["demand"], 0).sum()
        assert row["information_gap"] == pytest.approx((short + left) / rows["demand"].sum())
        assert row["shortage_part"] + row["leftover_part"] == pytest.approx(row["information_gap"])
        assert row["service_level"] == pytest.approx(1 - short / rows["demand"].sum())
    overall = measures[measures["origin"] == "all"].set_index("policy")["information_gap"]
    difference = found.differences["information_gap"]
    assert difference.value == pytest.approx(overall[PLAN] - overall[PLANNER])
    assert difference.low <= difference.value <= difference.high
    json.dumps(found.to_json(), allow_nan=False)


def test_all_policies_have_the_same_capacity(workspace: Workspace) -> None:
    found = evaluate_plans(workspace, origins=2, limits=Limits(share=0.7))
    panel = read_panel(workspace)
    for origin, rows in found.outcomes.groupby("origin"):
        week = panel.week(np.datetime64(str(origin)))
        capacity = 0.7 * panel.units[:, week - 4 : week].sum()
        made = rows.groupby("policy")["quantity"].sum()
        assert (made <= capacity + 1e-6).all()
        assert made[PLANNER] >= capacity - 1
    assert found.capacity == "70% of as many units as sold in the last 4 weeks"


def test_knowing_the_demand_closes_the_gap_that_habit_leaves(workspace: Workspace) -> None:
    panel = read_panel(workspace)
    found = evaluate_at(
        workspace, Knowing(panel), past_origins(panel, horizon=4, origins=3, step=4),
        horizon=4, limits=Limits(capacity={"units": 1e6}), policies=(PLAN, PLANNER),
        progress=silent,
    )  # fmt: skip
    overall = found.measures[found.measures["origin"] == "all"].set_index("policy")
    assert overall["information_gap"][PLAN] < 0.02
    assert overall["information_gap"][PLANNER] > 0.1
    assert found.differences["cost_relative"].high < -0.5


def test_todays_stock_and_released_units_do_not_enter_the_past(tmp_path: Path) -> None:
    bare = small_market(tmp_path / "bare", resources=False)
    stocked = small_market(tmp_path / "stocked", resources=False)
    stocked.write(
        {"lots": pd.DataFrame({"variant_id": ["A-red"], "on_hand": [999], "frozen": [50]})}
    )
    first, second = (_one_origin(workspace) for workspace in (bare, stocked))
    pd.testing.assert_frame_equal(first, second)


def _one_origin(workspace: Workspace) -> pd.DataFrame:
    panel = read_panel(workspace)
    return evaluate_at(
        workspace, Knowing(panel), past_origins(panel, horizon=4, origins=1, step=4),
        horizon=4, limits=Limits(), policies=(PLAN, PLANNER), progress=silent,
    ).outcomes  # fmt: skip
