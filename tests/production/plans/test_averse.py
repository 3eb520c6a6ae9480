from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from data.workspace import Workspace
from production.demand.drawing import mix_of_forecast
from production.demand.forecast import Forecast
from production.demand.reading import read_panel
from production.demand.totals import Totals
from production.plans.plan import Plan
from production.plans.planning import make_plan
from production.plans.risk import simulate
from production.plans.risk_settings import FEWEST, RiskSettings
from production.plans.saved import load_plan, save_plan
from recsys.model import Run
from tests.production.small_market import simple_forecast, small_market

HALF = RiskSettings(weight=0.5, level=0.8, scenarios=1000)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return small_market(tmp_path_factory.mktemp("market") / "w", resources=False)


@pytest.fixture(scope="module")
def forecast(workspace: Workspace) -> Forecast:
    forecast = simple_forecast(workspace)
    middle = forecast.quantiles[:, 3:4]
    wider = np.maximum(middle + 3 * (forecast.quantiles - middle), 0.0)
    return replace(forecast, quantiles=wider)


@pytest.fixture(scope="module")
def neutral(workspace: Workspace, forecast: Forecast) -> Plan:
    return make_plan(workspace, forecast=forecast)


@pytest.fixture(scope="module")
def averse(workspace: Workspace, forecast: Forecast) -> Plan:
    return make_plan(workspace, forecast=forecast, risk=HALF)


def draws(workspace: Workspace, forecast: Forecast, *, count: int, seed: int) -> Totals:
    mix = mix_of_forecast(workspace, read_panel(workspace), forecast)
    return Totals.of(forecast, mix, draws=count, seed=seed)


def test_no_weight_is_the_plan_of_every_day(
    workspace: Workspace, forecast: Forecast, neutral: Plan
) -> None:
    found = make_plan(workspace, forecast=forecast, risk=RiskSettings(level=0.5))
    assert found.plan_id == neutral.plan_id
    assert found.header() == neutral.header()
    assert "aversion" not in found.header()
    pd.testing.assert_frame_equal(found.lines, neutral.lines)


def test_on_draws_that_it_has_not_seen_it_loses_a_little_and_saves_more_in_the_tail(
    workspace: Workspace, forecast: Forecast, neutral: Plan, averse: Plan
) -> None:
    fresh = draws(workspace, forecast, count=5000, seed=99)
    before = simulate(neutral, fresh, level=0.8)
    after = simulate(averse, fresh, level=0.8)
    lost = before.profit.mean - after.profit.mean
    gained = after.tail_profit.mean - before.tail_profit.mean
    assert 0 < lost < gained


def test_the_plan_says_what_it_weighs_and_what_that_costs(
    workspace: Workspace, forecast: Forecast, neutral: Plan, averse: Plan
) -> None:
    aversion = averse.aversion
    assert aversion is not None
    assert averse.plan_id != neutral.plan_id
    assert str(aversion) in averse.assumptions
    assert "the mean profit of the worst 20% of 1,000 drawn scenarios weighs 50%" in str(aversion)
    assert aversion.extra_cost == pytest.approx(averse.expected_cost - neutral.expected_cost)
    assert aversion.extra_cost > 0
    assert 0 <= aversion.gap < 0.01
    # what it says of the tails holds on its own scenarios
    own = draws(workspace, forecast, count=1000, seed=0)
    for plan, said in ((averse, aversion.tail), (neutral, aversion.neutral_tail)):
        assert simulate(plan, own, level=0.8).tail_profit.mean == pytest.approx(said)
    assert aversion.tail > aversion.neutral_tail
    # what is expected of it is expected of the forecast, all scenarios weighing alike
    assert averse.bound <= neutral.expected_cost <= averse.expected_cost
    assert averse.gap == pytest.approx(1 - averse.bound / averse.expected_cost)
    cost = (
        averse.lines["underage_cost"] * averse.lines["expected_shortage"]
        + averse.lines["overage_cost"] * averse.lines["expected_leftover"]
    ).sum()
    assert cost == pytest.approx(averse.expected_cost)


def test_the_tail_of_the_cost_is_weighed_where_asked(
    workspace: Workspace, forecast: Forecast
) -> None:
    settings = RiskSettings(weight=1.0, level=0.8, of="cost", scenarios=1000)
    found = make_plan(workspace, forecast=forecast, risk=settings)
    aversion = found.aversion
    assert aversion is not None
    own = draws(workspace, forecast, count=1000, seed=0)
    assert simulate(found, own, level=0.8).tail_cost.mean == pytest.approx(aversion.tail)
    assert aversion.tail < aversion.neutral_tail


def test_resources_lots_and_stock_are_kept(tmp_path: Path) -> None:
    workspace = small_market(tmp_path / "w")
    lots = {
        "variant_id": ["A-red", "A-blue", "B-red", "old"],
        "multiple": [6, 1, 1, 1],
        "frozen": [None, 4, None, 3],
        "on_hand": [0, 0, 20, 0],
    }
    workspace.write({"lots": pd.DataFrame(lots)})
    found = make_plan(workspace, forecast=simple_forecast(workspace), risk=HALF)
    quantity = found.lines.set_index("variant_id")["quantity"]
    assert quantity["A-red"] % 6 == 0
    assert quantity["A-blue"] == 4
    assert quantity["old"] == 3
    for resource in found.resources:
        assert resource.used <= resource.capacity * (1 + 1e-9)
    own = draws(workspace, simple_forecast(workspace), count=1000, seed=0)
    assert found.aversion is not None
    tail = simulate(found, own, level=0.8).tail_profit.mean
    assert tail == pytest.approx(found.aversion.tail)


def test_a_seed_repeats_it_and_it_comes_back_whole(
    workspace: Workspace, forecast: Forecast, averse: Plan
) -> None:
    again = make_plan(workspace, forecast=forecast, risk=HALF, run=Run(seed=0))
    assert again.plan_id == averse.plan_id
    other = make_plan(workspace, forecast=forecast, risk=HALF, run=Run(seed=1))
    assert other.plan_id != averse.plan_id
    save_plan(workspace, averse)
    assert load_plan(workspace, averse.plan_id).aversion == averse.aversion


def test_of_very_many_variants_fewer_scenarios_are_drawn(
    workspace: Workspace, forecast: Forecast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("production.plans.averse.MOST_CELLS", 12 * 150)
    found = make_plan(workspace, forecast=forecast, risk=HALF)
    assert found.aversion is not None
    assert found.aversion.scenarios == 150
    monkeypatch.setattr("production.plans.averse.MOST_CELLS", 1)
    found = make_plan(workspace, forecast=forecast, risk=HALF)
    assert found.aversion is not None
    assert found.aversion.scenarios == FEWEST


@pytest.mark.parametrize(
    "wrong",
    [{"weight": 1.1}, {"weight": -0.1}, {"level": 1.0}, {"of": "luck"}, {"scenarios": 99}],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        RiskSettings.model_validate(wrong)
