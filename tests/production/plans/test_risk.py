from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.workspace import Workspace
from production.demand.drawing import mix_of_forecast
from production.demand.forecast import Forecast
from production.demand.mix.shares import Mix
from production.demand.reading import read_panel
from production.demand.totals import Totals
from production.errors import BadPaths
from production.plans.plan import Plan
from production.plans.planning import make_plan
from production.plans.risk import WORST, simulate
from tests.production.small_market import simple_forecast, small_market


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return small_market(tmp_path_factory.mktemp("market") / "w")


@pytest.fixture(scope="module")
def forecast(workspace: Workspace) -> Forecast:
    return simple_forecast(workspace)


@pytest.fixture(scope="module")
def plan(workspace: Workspace, forecast: Forecast) -> Plan:
    return make_plan(workspace, forecast=forecast)


def independent(forecast: Forecast, *, draws: int, seed: int = 0) -> Totals:
    """Each variant a style of its own, and no fortune shared."""
    count = len(forecast.variants)
    alone = Mix(
        style=np.arange(count),
        share=np.ones(count),
        low=np.ones(count),
        high=np.ones(count),
        strength=np.full(count, 10.0),
    )
    return Totals.of(forecast, alone, draws=draws, seed=seed, together=0.0)


def dependent(workspace: Workspace, forecast: Forecast, *, draws: int, seed: int = 0) -> Totals:
    mix = mix_of_forecast(workspace, read_panel(workspace), forecast)
    return Totals.of(forecast, mix, draws=draws, seed=seed)


def units_of(demand: Totals) -> np.ndarray:
    units = np.zeros((demand.draws, len(demand.variants)))
    for block in demand.blocks():
        units[:, block.rows] = block.units
    return units


def test_the_mean_is_what_the_plan_expects_whatever_goes_together(
    workspace: Workspace, forecast: Forecast, plan: Plan
) -> None:
    for demand in (independent(forecast, draws=4000), dependent(workspace, forecast, draws=4000)):
        found = simulate(plan, demand)
        error = 4 * found.cost.sd / np.sqrt(4000)
        assert found.cost.mean == pytest.approx(plan.expected_cost, abs=error)
        for figure, column in (
            (found.units_short, "expected_shortage"),
            (found.units_left, "expected_leftover"),
        ):
            expected = plan.lines[column].sum()
            assert figure.mean == pytest.approx(expected, abs=0.02 * expected)
        # whole units: a demand within one above what there is counts in part
        position = plan.lines["quantity"].to_numpy(dtype=float)
        least = (1 - demand.curves.below(position + 1)).sum()
        assert least < found.variants_out.mean < plan.lines["stockout_probability"].sum()


def test_independent_variants_add_their_variances(forecast: Forecast, plan: Plan) -> None:
    """The variance of the cost is the sum of the variants', by integration of their curves."""
    demand = independent(forecast, draws=8000)
    level = (np.arange(20_000) + 0.5) / 20_000
    variance = 0.0
    columns = ["quantity", "underage_cost", "overage_cost"]
    lines = plan.lines[columns].to_numpy(dtype=float)
    for (made, under, over), values in zip(lines, demand.curves.values, strict=True):
        units = np.interp(level, demand.curves.levels, values)
        cost = under * np.maximum(units - made, 0) + over * np.maximum(made - units, 0)
        # a fraction of a unit is drawn up or down, and costs on the side where it falls
        part = units % 1
        slope = np.where(units < made, over, under)
        variance += cost.var() + (slope**2 * part * (1 - part)).mean()
    assert simulate(plan, demand).cost.sd == pytest.approx(np.sqrt(variance), rel=0.03)


def test_styles_that_share_a_fortune_spread_the_profit_wider(
    workspace: Workspace, forecast: Forecast, plan: Plan
) -> None:
    mix = replace(
        mix_of_forecast(workspace, read_panel(workspace), forecast), strength=np.full(12, 500.0)
    )
    apart = simulate(plan, independent(forecast, draws=2000))
    shared = simulate(plan, Totals.of(forecast, mix, draws=2000, together=0.9))
    assert shared.profit.sd > 1.3 * apart.profit.sd
    assert shared.tail_profit.mean < apart.tail_profit.mean
    assert shared.profit.mean == pytest.approx(apart.profit.mean, rel=0.01)


def test_figures_are_those_of_each_draw_counted_by_hand(
    workspace: Workspace, forecast: Forecast, plan: Plan
) -> None:
    demand = dependent(workspace, forecast, draws=200)
    lines = plan.lines.assign(on_hand=3)
    found = simulate(replace(plan, lines=lines), demand, level=0.8)
    units, have = units_of(demand), lines["quantity"].to_numpy() + 3
    price, under, over = (
        lines[name].to_numpy() for name in ("price", "underage_cost", "overage_cost")
    )
    sold, left = np.minimum(units, have), np.maximum(have - units, 0)
    cost = price - under  # of a unit; the stock is paid for
    each = price * sold - cost * lines["quantity"].to_numpy() + (cost - over) * left
    profit = each.sum(axis=1)
    assert found.profit.mean == pytest.approx(profit.mean())
    assert found.profit.p10 == pytest.approx(np.quantile(profit, 0.1))
    tail = np.argsort(profit, kind="stable")[:40]
    assert found.tail_profit.mean == pytest.approx(profit[tail].mean())
    assert found.fill_rate.p50 == pytest.approx(
        np.median(sold.sum(axis=1) / units.sum(axis=1)), abs=1e-12
    )
    assert found.variants_out.p95 == pytest.approx(np.quantile((units > have).sum(axis=1), 0.95))
    lost = each.mean(axis=0) - each[tail].mean(axis=0)
    assert [one.lost for one in found.worst] == pytest.approx(sorted(lost, reverse=True)[:WORST])
    total = sum(one.lost for one in found.worst)
    assert total == pytest.approx(found.profit.mean - found.tail_profit.mean)
    worst = found.worst[0]
    row = list(lines["variant_id"]).index(worst.variant_id)
    assert worst.left == pytest.approx(left[tail, row].mean())
    assert worst.short == pytest.approx((units - sold)[tail, row].mean())


def test_block_by_block_each_pass_sees_the_same(
    workspace: Workspace, forecast: Forecast, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    demand = dependent(workspace, forecast, draws=1000)
    monkeypatch.setattr("production.demand.totals.BLOCK_CELLS", 3000)
    assert len(list(demand.blocks())) == 4
    found = simulate(plan, demand)
    assert found == simulate(plan, demand)
    assert found.cost.mean == pytest.approx(plan.expected_cost, rel=0.05)
    total = sum(one.lost for one in found.worst)
    assert total == pytest.approx(found.profit.mean - found.tail_profit.mean)
    json.dumps(found.to_json(), allow_nan=False)


def test_a_released_variant_without_a_forecast_is_left_over(tmp_path: Path) -> None:
    workspace = small_market(tmp_path / "w")
    workspace.write({"lots": pd.DataFrame({"variant_id": ["old"], "frozen": [7]})})
    forecast = simple_forecast(workspace)
    plan = make_plan(workspace, forecast=forecast)
    without = replace(plan, lines=plan.lines[plan.lines["variant_id"] != "old"])
    demand = dependent(workspace, forecast, draws=50)
    found, less = simulate(plan, demand), simulate(without, demand)
    assert found.units_left.mean == pytest.approx(less.units_left.mean + 7)
    with pytest.raises(BadPaths, match="no line of the variant"):
        simulate(replace(plan, lines=plan.lines.iloc[3:]), demand)


def test_no_demand_at_all_is_filled_wholly(forecast: Forecast, plan: Plan) -> None:
    nothing = replace(forecast, quantiles=np.zeros_like(forecast.quantiles))
    found = simulate(plan, independent(nothing, draws=20))
    assert found.fill_rate.mean == 1.0
    assert found.units_left.p5 == plan.lines["quantity"].sum()
    assert found.tail_profit.error == 0.0
