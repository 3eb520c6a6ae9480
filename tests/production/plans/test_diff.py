from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.tables import VARIANTS
from data.workspace import Workspace
from production.demand.forecast import Forecast
from production.errors import BareInputs, NotForecast, PlanRefused
from production.plans.diff import CAUSES, PlanDiff, diff
from production.plans.overrides import Override, recorded
from production.plans.overriding import override
from production.plans.plan import Plan
from production.plans.planning import make_plan
from production.plans.saved import load_plan, save_plan
from tests.production.small_market import simple_forecast, small_market


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return small_market(tmp_path / "w")


@pytest.fixture
def forecast(workspace: Workspace) -> Forecast:
    return simple_forecast(workspace)


def scaled(forecast: Forecast, factor: float, variants: tuple[str, ...] = ()) -> Forecast:
    """The forecast with the demand of some variants, or of all, times a factor."""
    rows = np.isin(forecast.variants, variants) if variants else np.ones(len(forecast.mean), bool)
    by = np.where(rows, factor, 1.0)
    return replace(
        forecast,
        weekly=forecast.weekly * by[:, None],
        mean=forecast.mean * by,
        quantiles=forecast.quantiles * by[:, None],
    )


def without(forecast: Forecast, variant: str) -> Forecast:
    keep = forecast.variants != variant
    return replace(
        forecast,
        variants=forecast.variants[keep],
        weekly=forecast.weekly[keep],
        mean=forecast.mean[keep],
        quantiles=forecast.quantiles[keep],
    )


def set_by_hand(workspace: Workspace, variant: str, quantity: int) -> None:
    said = recorded(
        Override, variant_id=variant, quantity=quantity, by="Ann", why="fair",
        at=datetime(2024, 7, 29, tzinfo=UTC),
    )  # fmt: skip
    override(workspace, said)


def causes(found: PlanDiff) -> set[str]:
    return {cause for cause in CAUSES if found.lines[cause].any()}


def test_a_plan_differs_in_nothing_from_itself(workspace: Workspace, forecast: Forecast) -> None:
    plan = make_plan(workspace, forecast=forecast)
    found = diff(plan, plan)
    assert found.moved.empty
    assert causes(found) == set()
    assert found.why("A-red") == f"'A-red' stays at {found.lines['after'].iloc[2]} units."


def test_a_change_of_one_group_is_told_by_its_name_alone(
    workspace: Workspace, forecast: Forecast
) -> None:
    plan = make_plan(workspace, forecast=forecast)

    more = diff(plan, make_plan(workspace, forecast=scaled(forecast, 1.5, ("A-red",))))
    assert causes(more) == {"demand"}
    assert "by demand (" in more.why("A-red")
    assert "expected)" in more.why("A-red")
    other = more.moved[more.moved["variant_id"] != "A-red"]["variant_id"].iloc[0]
    assert "by demand (of others that share its resources)" in more.why(other)

    wider = diff(plan, make_plan(workspace, forecast=forecast, capacity={"sewing": 150.0}))
    assert causes(wider) == {"capacity"}
    assert (wider.lines["change"] >= 0).all()
    assert "by capacity (sewing 120 to 150)" in wider.why(wider.moved["variant_id"].iloc[0])

    catalogue = workspace.read(VARIANTS)
    workspace.write({"variants": catalogue.assign(unit_cost=0.8 * catalogue["price"])})
    dearer = diff(plan, make_plan(workspace, forecast=forecast))
    assert causes(dearer) == {"costs"}
    assert dearer.lines["change"].sum() < 0
    assert "by costs (a unit short costs" in dearer.why(dearer.moved["variant_id"].iloc[0])

    workspace.write({"variants": catalogue})
    workspace.write({"lots": pd.DataFrame({"variant_id": ["A-red"], "on_hand": [20]})})
    stocked = diff(plan, make_plan(workspace, forecast=forecast))
    assert causes(stocked) == {"lots"}
    assert "by lots (stock 0 to 20)" in stocked.why("A-red")


def test_an_override_is_told_with_who_and_why(workspace: Workspace, forecast: Forecast) -> None:
    before = make_plan(workspace, forecast=forecast)
    save_plan(workspace, before)
    set_by_hand(workspace, "D-grey", 30)
    after = make_plan(workspace, forecast=forecast)
    found = diff(before, after)
    assert causes(found) == {"override"}
    assert "by override (Set to 30 by Ann on 2024-07-29: fair)" in found.why("D-grey")
    assert diff(after, before).why("D-grey").endswith("by override (no longer held).")


def test_new_and_dropped_variants_are_demands_doing(
    workspace: Workspace, forecast: Forecast
) -> None:
    less = make_plan(workspace, forecast=without(forecast, "B-red"))
    whole = make_plan(workspace, forecast=forecast)
    new = diff(less, whole).lines.query("status == 'new'")
    assert new["variant_id"].tolist() == ["B-red"]
    assert new["before"].tolist() == [0]
    assert new["demand"].tolist() == new["after"].tolist()
    assert new["after"].sum() > 0
    back = diff(whole, less)
    assert back.lines.query("status == 'dropped'")["variant_id"].tolist() == ["B-red"]
    assert "by demand (dropped: " in back.why("B-red")
    assert causes(back) == {"demand"}


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    demand=st.sampled_from([0.0, 0.6, 1.0, 1.7]),
    sewing=st.sampled_from([40.0, 120.0, 5000.0]),
    cost=st.sampled_from([0.4, 0.7, 1.2]),
    dropped=st.sampled_from([None, "A-red", "D-grey"]),
)
def test_parts_sum_to_the_change_whatever_moved(
    workspace: Workspace,
    forecast: Forecast,
    *,
    demand: float,
    sewing: float,
    cost: float,
    dropped: str | None,
) -> None:
    catalogue = workspace.read(VARIANTS).drop(columns="unit_cost", errors="ignore")
    workspace.write({"variants": catalogue})
    before = make_plan(workspace, forecast=forecast)
    workspace.write({"variants": catalogue.assign(unit_cost=cost * catalogue["price"])})
    then = scaled(forecast, demand)
    after = make_plan(
        workspace,
        forecast=then if dropped is None else without(then, dropped),
        capacity={"sewing": sewing},
    )
    found = diff(before, after)
    summed = found.lines[list(CAUSES)].sum(axis=1)
    assert (summed == found.lines["change"]).all()
    assert (found.lines["other"] == 0).all()
    assert found.lines["before"].sum() == before.lines["quantity"].sum()
    assert found.lines["after"].sum() == after.lines["quantity"].sum()
    assert sum(found.totals().values()) == found.lines["change"].sum()
    for name in found.moved["variant_id"]:
        assert found.why(name).count(" by ") >= 1
    json.dumps(found.to_json(), allow_nan=False, default=float)


def test_what_cannot_be_kept_between_is_told_together(
    workspace: Workspace, forecast: Forecast
) -> None:
    set_by_hand(workspace, "D-grey", 100)
    before = make_plan(workspace, forecast=forecast)
    override(
        workspace,
        recorded(Override, variant_id="D-grey", quantity=None, by="Ann", why="off",
                 at=datetime(2024, 7, 30, tzinfo=UTC)),
    )  # fmt: skip
    after = make_plan(workspace, forecast=forecast, capacity={"sewing": 50.0})
    found = diff(before, after)
    assert causes(found) == {"override"}
    assert "What capacity moved is told with override" in found.notes[0]
    assert "sewing" in found.notes[0]


def test_resources_stand_beside_each_other(workspace: Workspace, forecast: Forecast) -> None:
    before = make_plan(workspace, forecast=forecast)
    after = make_plan(workspace, forecast=forecast, capacity={"sewing": 150.0, "units": 90.0})
    rows = {row["resource_id"]: row for row in diff(before, after).header()["resources"]}
    sewing, units = rows["sewing"], rows["units"]
    assert (sewing["capacity_before"], sewing["capacity_after"]) == (120.0, 150.0)
    assert sewing["shadow_price_after"] < sewing["shadow_price_before"]
    assert units["capacity_before"] is None
    assert units["used_after"] == 90.0


def test_kept_plans_are_compared_without_the_workspaces_tables(
    workspace: Workspace, forecast: Forecast
) -> None:
    ids = []
    for capacity in (120.0, 150.0):
        plan = make_plan(workspace, forecast=forecast, capacity={"sewing": capacity})
        save_plan(workspace, plan)
        ids.append(plan.plan_id)
    made = diff(load_plan(workspace, ids[0], inputs=True), plan)
    for table in (workspace.root / "tables").iterdir():
        table.unlink()
    before, after = (load_plan(workspace, name, inputs=True) for name in ids)
    again = diff(before, after)
    pd.testing.assert_frame_equal(again.lines, made.lines, check_dtype=False)
    with pytest.raises(BareInputs, match="was kept without"):
        diff(load_plan(workspace, ids[0]), after)
    with pytest.raises(NotForecast, match="Neither plan has a variant 'x'"):
        again.why("x")


def test_a_plan_of_an_earlier_format_is_read_and_says_why_it_is_not_compared(
    workspace: Workspace, forecast: Forecast
) -> None:
    plan: Plan = make_plan(workspace, forecast=forecast)
    folder = save_plan(workspace, plan)
    (folder / "inputs.npz").unlink()
    header = json.loads((folder / "plan.json").read_text())
    with pytest.raises(PlanRefused, match=plan.plan_id):
        load_plan(workspace, plan.plan_id, inputs=True)
    del header["inputs"]
    (folder / "plan.json").write_text(json.dumps(header | {"format": 1}))
    old = load_plan(workspace, plan.plan_id, inputs=True)
    assert old.lines["quantity"].tolist() == plan.lines["quantity"].tolist()
    with pytest.raises(BareInputs, match="earlier versions"):
        diff(old, plan)


def test_altered_inputs_are_refused(workspace: Workspace, forecast: Forecast) -> None:
    plan = make_plan(workspace, forecast=forecast)
    path = save_plan(workspace, plan) / "inputs.npz"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    load_plan(workspace, plan.plan_id)
    with pytest.raises(PlanRefused, match="what it was made from was changed"):
        load_plan(workspace, plan.plan_id, inputs=True)
