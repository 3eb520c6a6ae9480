from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data.tables import VARIANTS
from production.allocation.allocate import allocate
from production.errors import BadChange, BadResources, Infeasible
from production.plans.changes import Change, Changes, To
from production.plans.diff import diff, inputs_kept
from production.plans.inputs import PlanInputs, read_inputs, write_inputs
from production.plans.overrides import Override, recorded
from production.plans.overriding import override
from production.plans.plan import Plan
from production.plans.planning import make_plan
from production.plans.risk_settings import RiskSettings
from production.plans.what_if import WhatIf, notes_on, what_if
from tests.production.plans.test_overrides import NOW
from tests.production.plans.test_weeks_and_regions import planned, regional, with_lead
from tests.production.small_market import simple_forecast, small_market


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> PlanInputs:
    workspace = small_market(tmp_path_factory.mktemp("what-if") / "w")
    colours = workspace.read(VARIANTS)
    workspace.write(
        {"variants": colours.assign(colour=colours["variant_id"].str.partition("-")[2])}
    )
    return inputs_kept(make_plan(workspace, forecast=simple_forecast(workspace)))


def asked(inputs: PlanInputs, *groups: Change, **capacity: To) -> WhatIf:
    return what_if(inputs, Changes(capacity=capacity, groups=groups))


def change_of(found: WhatIf, variant: str) -> int:
    return int(found.lines["change"].to_numpy()[found.lines["variant_id"] == variant][0])


def test_more_capacity_makes_more_and_costs_less(inputs: PlanInputs) -> None:
    found = asked(inputs, sewing=To(amount=150.0))
    assert (found.lines["change"] >= 0).all()
    assert found.lines["change"].sum() > 0
    assert found.answer.expected_cost < found.base.expected_cost
    assert found.kept_cost == pytest.approx(found.base.expected_cost)
    again = asked(inputs, sewing=To(factor=1.25))
    np.testing.assert_array_equal(again.lines["after"], found.lines["after"])
    row = next(row for row in found.to_json()["resources"] if row["resource_id"] == "sewing")
    assert (row["capacity_before"], row["capacity_after"]) == (120.0, 150.0)
    assert row["shadow_price_after"] < row["shadow_price_before"]


def test_the_answer_is_the_one_that_a_plan_from_scratch_finds(inputs: PlanInputs) -> None:
    base = allocate(inputs.task)
    found = what_if(
        inputs,
        Changes(
            capacity={"sewing": To(factor=0.8)},
            groups=[Change(column="style_id", values=("A",), demand=1.4, price=To(factor=0.9))],
        ),
        base,
    )
    scratch = allocate(found.answer.task)
    assert found.answer.expected_cost == pytest.approx(scratch.expected_cost, rel=1e-4)
    assert found.base is base
    assert found.answer.gap < 1e-3


def test_a_group_is_a_variant_a_style_an_attribute_or_all(inputs: PlanInputs) -> None:
    free = {"sewing": To(amount=1e6), "fabric": To(amount=1e6)}
    alone = what_if(inputs, Changes(capacity=free)).answer.quantity
    for column, values, count in (
        ("variant_id", ("A-red", "B-red"), 2),
        ("style_id", ("A",), 3),
        ("colour", ("red",), 4),
        ("", (), 12),
    ):
        group = Change(column=column, values=values, demand=2.0)
        found = what_if(inputs, Changes(capacity=free, groups=[group])).answer.quantity
        assert (found > alone).sum() == count, column
        assert (found >= alone).all()


def test_money_moves_what_a_missing_and_a_left_over_unit_cost(inputs: PlanInputs) -> None:
    dearer = asked(inputs, Change(column="style_id", values=("D",), unit_cost=To(factor=1.5)))
    d = inputs.styles == "D"
    task, was = dearer.answer.task, inputs.free
    np.testing.assert_allclose(task.underage[d], was.underage[d] - 0.5 * inputs.money.unit_cost[d])
    np.testing.assert_allclose(task.overage[d], was.overage[d] + 0.5 * inputs.money.unit_cost[d])
    np.testing.assert_array_equal(task.underage[~d], was.underage[~d])
    assert dearer.lines["change"].to_numpy()[d].sum() < 0
    cut = asked(inputs, Change(price=To(amount=5.0)))
    np.testing.assert_allclose(
        cut.answer.task.underage, np.maximum(5.0 - inputs.money.unit_cost, 0.0)
    )


def test_a_promotion_grows_demand_and_lowers_the_price(inputs: PlanInputs) -> None:
    promoted = asked(
        inputs, Change(column="variant_id", values=("A-red",), demand=1.5, price=To(factor=0.9))
    )
    full = asked(inputs, Change(column="variant_id", values=("A-red",), demand=1.5))
    assert 0 < change_of(promoted, "A-red") <= change_of(full, "A-red")
    assert promoted.kept_cost > promoted.base.expected_cost
    assert promoted.answer.expected_cost < promoted.kept_cost


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        (Changes(), "Nothing is changed"),
        (Changes(groups=[Change()]), "Nothing is changed"),
        (Changes(groups=[Change(column="colr", values=("red",), demand=2)]), "mean 'colour'"),
        (Changes(groups=[Change(column="colour", values=("pink",), demand=2)]), "colour 'pink'"),
        (Changes(groups=[Change(column="style_id", demand=2)]), "style_id ''"),
        (Changes(groups=[Change(demand=-1)]), "cannot become -1"),
        (Changes(groups=[Change(demand=float("nan"))]), "cannot become nan"),
        (Changes(groups=[Change(price=To(amount=float("inf")))]), "price of all cannot become"),
        (Changes(capacity={"sewing": To(factor=-1)}), "cannot become -1"),
        (Changes(capacity={"units": To(factor=0.5)}), "not limited by 'units'"),
    ],
)
def test_what_cannot_be_is_refused(inputs: PlanInputs, changes: Changes, match: str) -> None:
    with pytest.raises(BadChange, match=match):
        what_if(inputs, changes)


def test_an_unknown_resource_is_refused_and_units_limits_all(inputs: PlanInputs) -> None:
    with pytest.raises(BadResources, match="no resource 'sewwing'"):
        asked(inputs, sewwing=To(amount=3.0))
    assert asked(inputs, units=To(amount=60.0)).lines["after"].sum() == 60


def test_what_is_held_stays_held_in_a_what_if(tmp_path: Path) -> None:
    workspace = small_market(tmp_path / "w")
    said = recorded(Override, variant_id="D-grey", quantity=30, by="Ann", why="x", at=NOW)
    override(workspace, said)
    plan = make_plan(workspace, forecast=simple_forecast(workspace))
    held = inputs_kept(plan)
    assert change_of(asked(held, sewing=To(factor=0.5)), "D-grey") == 0
    with pytest.raises(Infeasible, match=r"sewing.*'D-grey' \(30\)"):
        asked(held, sewing=To(amount=20.0))


def test_kept_inputs_come_back_whole(inputs: PlanInputs, tmp_path: Path) -> None:
    write_inputs(tmp_path / "inputs.npz", inputs)
    again = read_inputs(tmp_path / "inputs.npz")
    assert again.digest() == inputs.digest()
    assert again.variants.tolist() == inputs.variants.tolist()
    assert again.attributes["colour"].tolist() == inputs.attributes["colour"].tolist()
    np.testing.assert_array_equal(allocate(again.task).quantity, allocate(inputs.task).quantity)


def test_profit_rises_by_what_shortage_and_leftover_cost_less(inputs: PlanInputs) -> None:
    found = asked(inputs, sewing=To(factor=1.25))
    before, after = found.profits
    saved = found.base.expected_cost - found.answer.expected_cost
    assert saved > 0
    assert after - before == pytest.approx(saved)


def test_profit_is_that_of_drawn_demand(inputs: PlanInputs) -> None:
    found = asked(inputs, Change(price=To(factor=0.9), demand=1.3))
    answer, money = found.answer, inputs.money
    position = answer.quantity + answer.task.lots.on_hand
    chance = (np.arange(20_000) + 0.5) / 20_000
    profit = 0.0
    for place, curve in enumerate(answer.task.curves.values):
        demand = np.interp(chance, answer.task.curves.levels, curve)
        sold = np.minimum(demand, position[place]).mean()
        left = position[place] - sold
        missing = demand.mean() - sold
        profit += 0.9 * money.price[place] * sold - money.unit_cost[place] * position[place]
        profit += money.salvage[place] * left - money.goodwill[place] * missing
    assert found.profits[1] == pytest.approx(profit, rel=1e-3)


def test_styles_and_the_gap_sum_up_the_lines(inputs: PlanInputs) -> None:
    found = asked(inputs, Change(column="style_id", values=("A",), demand=2.0))
    told = found.to_json(most=2)
    styles = found.styles
    assert told["moved_styles"] == len(styles)
    assert told["styles"] == styles.head(2).to_dict(orient="records")
    assert (styles["change"].abs().diff().dropna() <= 0).all()
    assert styles["change"].sum() == found.lines["change"].sum()
    wrong = found.lines["shortage_before"].sum() + found.lines["leftover_before"].sum()
    assert told["gap_before"] == pytest.approx(wrong / inputs.task.curves.mean().sum())


def noted(plan: Plan) -> tuple[str, ...]:
    inputs = inputs_kept(plan)
    base = allocate(inputs.task)
    found = what_if(
        inputs, Changes(capacity={"sewing": To(factor=1.2)}), base, notes=notes_on(plan, base)
    )
    assert found.to_json()["notes"] == [*found.notes]
    return found.notes


def away(plan: Plan) -> tuple[int, float]:
    """Variants and units of which the answer that a what-if begins with is not the plan."""
    base = allocate(inputs_kept(plan).task).quantity
    moved = np.abs(base - plan.lines["quantity"].to_numpy())
    return int((moved > 0).sum()), float(moved.sum())


def test_a_plan_of_its_horizon_and_the_mean_is_what_a_what_if_begins_with(tmp_path: Path) -> None:
    workspace = small_market(tmp_path / "w")
    plan = make_plan(workspace, forecast=simple_forecast(workspace))
    assert noted(plan) == ()
    lines = plan.lines.assign(quantity=plan.lines["quantity"] + (plan.lines.index == 0))
    [note] = noted(replace(plan, lines=lines))
    assert "solved again" in note
    assert "other quantities of one variant than the plan, 1 units in all" in note


def test_what_was_solved_otherwise_is_told_with_how_far_it_is(tmp_path: Path) -> None:
    workspace = with_lead(tmp_path / "weeks", {"A-red": 2, "D-grey": 9})
    averse = RiskSettings(weight=0.9, scenarios=200)
    forecast = simple_forecast(workspace)
    plans = {
        "by week": make_plan(workspace, forecast=forecast),
        "by region": planned(regional(tmp_path / "regions", 20.0)),
        "with weight on its worst scenarios": make_plan(workspace, forecast=forecast, risk=averse),
    }
    for way, plan in plans.items():
        [note] = noted(plan)
        variants, units = away(plan)
        assert note.startswith(f"The plan was made {way};")
        assert variants > 1
        told = f"other quantities of {variants:,} variants than the plan, {units:,.0f} units in all"
        assert told in note


def test_a_diff_says_that_worst_scenarios_had_weight(tmp_path: Path) -> None:
    workspace = small_market(tmp_path / "w")
    forecast = simple_forecast(workspace)
    plain = make_plan(workspace, forecast=forecast)
    averse = make_plan(workspace, forecast=forecast, risk=RiskSettings(weight=0.9, scenarios=200))
    assert diff(plain, plain).notes == ()
    assert any("worst scenarios" in note for note in diff(plain, averse).notes)
