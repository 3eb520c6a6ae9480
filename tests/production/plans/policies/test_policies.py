from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.workspace import Workspace
from production.allocation.lots import Lots
from production.allocation.quantiles import DemandCurves
from production.allocation.resources import Resources
from production.allocation.task import Task
from production.demand.forecast import LEVELS
from production.demand.forecasting import DemandSource, open_demand
from production.errors import UnknownPolicy
from production.plans.evaluation import PlanEvaluation, evaluate_plans
from production.plans.limits import Limits
from production.plans.planning import make_plan
from production.plans.policies import (
    ALL,
    DECIDING,
    HINDSIGHT,
    NEWSVENDOR,
    PLAN,
    PLANNER,
    SAMPLE_AVERAGE,
    checked,
)
from production.plans.policies.hindsight import hindsight
from production.plans.policies.newsvendor import fractiles_at
from production.plans.policies.sample_average import past_sums, sample_average
from production.plans.policies.situation import Situation
from tests.production.small_market import small_market


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return small_market(tmp_path_factory.mktemp("policies") / "w", resources=False)


@pytest.fixture(scope="module")
def free(workspace: Workspace) -> PlanEvaluation:
    return evaluate_plans(workspace, origins=2, ratio=3, limits=Limits(unlimited=True))


@pytest.fixture(scope="module")
def short(workspace: Workspace) -> PlanEvaluation:
    return evaluate_plans(workspace, origins=2, ratio=3, limits=Limits(free_use=0.7))


def made(found: PlanEvaluation, policy: str) -> pd.DataFrame:
    return found.outcomes[found.outcomes["policy"] == policy].reset_index(drop=True)


def test_where_nothing_is_limited_hindsight_makes_what_came(free: PlanEvaluation) -> None:
    rows = made(free, HINDSIGHT)
    pd.testing.assert_series_equal(rows["quantity"], rows["demand"], check_names=False)
    assert rows["cost"].sum() == 0


def test_the_sample_average_is_the_quantile_of_past_sums(
    workspace: Workspace, free: PlanEvaluation
) -> None:
    source = open_demand(workspace, preferences=False)
    rows = made(free, SAMPLE_AVERAGE)
    for origin, part in rows.groupby("origin"):
        units = source.history(np.datetime64(str(origin))).units
        starts = np.arange(max(0, units.shape[1] - 26), units.shape[1] - 3)
        sums = np.stack([units[:, start : start + 4].sum(axis=1) for start in starts])
        wanted = np.quantile(sums, 0.75, axis=0)
        assert (np.abs(part["quantity"].to_numpy() - wanted) < 1).all()


def test_sums_before_a_first_sale_do_not_count_but_the_newest_does() -> None:
    units = np.array([[1.0, 2.0, 3.0, 4.0], [0.0, 0.0, 0.0, 5.0]])
    sums, counted = past_sums(units, np.array([0, 3], dtype=np.int32), horizon=2)
    np.testing.assert_array_equal(sums, [[3, 5, 7], [0, 0, 5]])
    np.testing.assert_array_equal(counted, [[True, True, True], [False, False, True]])


def test_capacity_is_a_share_of_free_use_and_every_policy_keeps_it(
    free: PlanEvaluation, short: PlanEvaluation
) -> None:
    capacity = 0.7 * made(free, PLAN).groupby("origin")["quantity"].sum()
    used = short.outcomes.pivot_table(
        index="origin", columns="policy", values="quantity", aggfunc="sum"
    )
    assert set(used) == set(ALL)
    for policy in used:
        assert (used[policy] <= capacity + 1e-6).all()
    assert (used[PLAN] > 0.95 * capacity).all()
    assert (used[NEWSVENDOR] > 0.95 * capacity).all()
    assert short.capacity == "70% of what the plan would use were nothing limited"


def test_no_policy_costs_less_than_hindsight(free: PlanEvaluation, short: PlanEvaluation) -> None:
    for found in (free, short):
        cost = found.outcomes.pivot_table(
            index="origin", columns="policy", values="cost", aggfunc="sum"
        )
        for policy in DECIDING:
            assert (cost[HINDSIGHT] <= cost[policy] + 1e-6).all()


def test_the_ratio_is_what_a_unit_short_and_one_left_over_cost(free: PlanEvaluation) -> None:
    rows = free.outcomes
    np.testing.assert_allclose(rows["cost"], 3 * rows["shortage"] + rows["leftover"])


def test_prescriptiveness_is_nothing_for_sample_averages_and_one_for_hindsight(
    short: PlanEvaluation,
) -> None:
    rows = {row["policy"]: row for row in short.comparisons}
    assert list(rows) == list(ALL)
    assert rows[SAMPLE_AVERAGE]["prescriptiveness"]["value"] == 0
    assert rows[HINDSIGHT]["prescriptiveness"]["value"] == 1
    assert rows[SAMPLE_AVERAGE]["against_sample_average"]["value"] == 0
    assert rows[PLANNER]["against_planner"]["value"] == 0
    cost = short.outcomes.groupby("policy")["cost"].sum()
    wanted = 1 - (cost[PLAN] - cost[HINDSIGHT]) / (cost[SAMPLE_AVERAGE] - cost[HINDSIGHT])
    told = rows[PLAN]["prescriptiveness"]
    assert told["value"] == pytest.approx(wanted)
    assert told["low"] < told["value"] < told["high"]


def test_service_and_gap_say_the_same_as_the_measures(short: PlanEvaluation) -> None:
    overall = short.measures[short.measures["origin"] == "all"].set_index("policy")
    for row in short.comparisons:
        same = overall.loc[row["policy"]]
        for name in ("service_level", "stockout_share", "information_gap"):
            assert row[name] == pytest.approx(same[name])
        assert row["cost_per_unit"]["value"] == pytest.approx(same["cost_per_unit"])


def test_without_hindsight_there_is_no_prescriptiveness(workspace: Workspace) -> None:
    found = evaluate_plans(workspace, origins=1, policies=(PLAN, SAMPLE_AVERAGE))
    assert [row["policy"] for row in found.comparisons] == [PLAN, SAMPLE_AVERAGE]
    assert all(row["prescriptiveness"] is None for row in found.comparisons)
    assert found.differences == {}


def test_a_misspelt_policy_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownPolicy, match="newsvendr") as caught:
        checked(("newsvendr",))
    assert "newsvendor" in caught.value.fix


def plain(ids: list[str], capacity: float = np.inf) -> Task:
    """A task of any whole units at 3 to 1, of one demand that does not matter."""
    count = len(ids)
    return Task(
        variants=np.array(ids, dtype=object),
        curves=DemandCurves.from_quantiles((0.25, 0.75), np.ones((count, 2)), ids),
        underage=np.full(count, 3.0),
        overage=np.ones(count),
        lots=Lots.any_units(count),
        resources=Resources.none(count).with_total_units(capacity),
    )


def situation(source: DemandSource, task: Task) -> Situation:
    return Situation(
        task=task,
        recent=np.zeros(len(task.variants)),
        history=source.history(source.panel.end),
        forecast=lambda method: source.forecast(source.panel.end, method),
    )


def test_a_variant_that_history_does_not_know_is_not_made(workspace: Workspace) -> None:
    source = open_demand(workspace, preferences=False)
    task = plain([*source.history(source.panel.end).variants, "Z-new"], capacity=1e6)
    quantity = sample_average(situation(source, task))
    assert quantity[-1] == 0
    assert quantity[:-1].sum() > 0


def test_fractiles_follow_from_costs_and_shadow_prices() -> None:
    task = plain(list("abcdef"), capacity=1.0)
    usage = np.array([[1.0]] * 3 + [[2.0]] * 3)
    task = replace(task, resources=replace(task.resources, usage=usage))
    assert fractiles_at(task, np.zeros(1)).size == 0  # .75 is learned already
    np.testing.assert_allclose(fractiles_at(task, np.array([0.6])), [0.45, 0.6])
    assert fractiles_at(task, np.array([9.0])).size == 0  # nothing is worth making


def test_hindsight_shares_what_is_short_by_what_a_unit_saves() -> None:
    task = replace(plain(["a", "b"], capacity=10.0), underage=np.array([5.0, 1.0]))
    np.testing.assert_array_equal(hindsight(task, np.array([8.0, 8.0])), [8.0, 2.0])


def test_a_workspace_with_resources_is_limited_in_each_of_them(tmp_path: Path) -> None:
    workspace = small_market(tmp_path / "w")
    found = evaluate_plans(
        workspace, origins=1, policies=(PLAN, PLANNER, HINDSIGHT), limits=Limits(free_use=0.5)
    )
    units = found.outcomes.groupby("policy")["quantity"].sum()
    assert (units > 0).all()
    wide = evaluate_plans(workspace, origins=1, policies=(PLAN,), limits=Limits(unlimited=True))
    assert units[PLAN] < wide.outcomes["quantity"].sum()


def test_a_plan_can_stand_on_the_learned_quantities(workspace: Workspace) -> None:
    found = make_plan(workspace, method=NEWSVENDOR)
    assert found.method == NEWSVENDOR
    source = open_demand(workspace, preferences=False)
    learned = source.forecast(source.panel.end, NEWSVENDOR)
    wanted = pd.Series(learned.quantiles[:, LEVELS.index(0.75)], index=learned.variants)
    lines = found.lines.set_index("variant_id")["quantity"]
    # without resources, and at the 3 to 1 of a catalogue that states no cost
    assert (np.abs(lines - wanted.reindex(lines.index)) < 1).all()
