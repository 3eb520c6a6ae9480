"""Bonuses of a plan: known answers, bounds and directions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from production.plans.bonuses import bonuses_of
from production.plans.plan import LINE_COLUMNS, Plan
from production.plans.planning import make_plan
from tests.production.small_market import simple_forecast, small_market


def plan_of(**columns: list[float]) -> Plan:
    """A plan whose lines have these columns; the others are empty."""
    count = len(next(iter(columns.values())))
    lines = pd.DataFrame(columns=list(LINE_COLUMNS), index=range(count))
    lines["variant_id"] = [f"v{place}" for place in range(count)]
    usual = {
        "underage_cost": 10.0,
        "resource_cost": 0.0,
        "quantity": 5.0,
        "on_hand": 0.0,
        "mean": 5.0,
    }
    for name, value in usual.items():
        lines[name] = columns.get(name, [value] * count)
    return Plan(
        plan_id="p", as_of=np.datetime64("2024-07-29"), horizon=4, method="m", lines=lines,
        resources=(), expected_cost=0.0, bound=0.0, gap=0.0, status="optimal", assumptions=(),
    )  # fmt: skip


def test_known_answers() -> None:
    found = bonuses_of(
        plan_of(
            underage_cost=[10.0, 10.0, 10.0, 10.0],
            resource_cost=[2.0, 6.0, 2.0, 2.0],
            quantity=[5.0, 5.0, 1.0, 0.0],
            on_hand=[3.0, 3.0, 1.0, 0.0],
            mean=[4.0, 4.0, 4.0, 4.0],
        )
    )
    np.testing.assert_allclose(found.contribution, [8, 4, 8, 8])
    np.testing.assert_allclose(found.cover, [1, 1, 0.5, 0])
    worth = np.array([8.0, 4.0, 4.0, 0.0])
    expected = (worth - 4) / np.sqrt(8) / 2
    np.testing.assert_allclose(found.amounts, [*expected[:3], -1.0])
    assert found.of(np.array(["v0", "nobody"], dtype=object)).tolist() == [found.amounts[0], 0.0]


def test_no_plan_means_no_bonus() -> None:
    assert bonuses_of(None).of(np.array(["a", "b"], dtype=object)).tolist() == [0.0, 0.0]


def test_variants_that_are_alike_have_none() -> None:
    assert not bonuses_of(plan_of(quantity=[5.0, 5.0, 5.0])).amounts.any()


money = st.floats(0, 1e4)
units = st.integers(0, 1000).map(float)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(money, money, units, units), min_size=2, max_size=30), st.data())
def test_bounded_and_dearer_resources_never_lift_a_variant(
    rows: list[tuple[float, float, float, float]], data: st.DataObject
) -> None:
    margin, cost, made, mean = (list(column) for column in zip(*rows, strict=True))
    plan = plan_of(underage_cost=margin, resource_cost=cost, quantity=made, mean=mean)
    before = bonuses_of(plan)
    assert (np.abs(before.amounts) <= 1).all()
    assert (before.amounts[np.array(made) == 0] == -1).all()
    place = data.draw(st.integers(0, len(rows) - 1))
    dearer = plan.lines.copy()
    dearer.loc[place, "resource_cost"] = cost[place] + data.draw(money)
    after = bonuses_of(replace(plan, lines=dearer))
    others = np.arange(len(rows)) != place
    # nobody who stood above it now stands below
    above = before.amounts[others] >= before.amounts[place] + 1e-9
    assert (after.amounts[others][above] >= after.amounts[place] - 1e-9).all()


def test_a_plan_of_a_workspace_prices_what_its_units_take(tmp_path: Path) -> None:
    workspace = small_market(tmp_path / "w")
    plan = make_plan(workspace, forecast=simple_forecast(workspace))
    prices = {one.resource_id: one.shadow_price for one in plan.resources}
    assert prices["sewing"] > 0
    lines = plan.lines.set_index("variant_id")
    assert lines.loc["A-blue", "resource_cost"] == pytest.approx(0.5 * prices["sewing"])
    own = 0.25 * prices["sewing"] + 2.0 * prices["fabric"]
    assert lines.loc["A-red", "resource_cost"] == pytest.approx(own)
    found = bonuses_of(plan)
    np.testing.assert_allclose(
        found.contribution, plan.lines["underage_cost"] - plan.lines["resource_cost"]
    )
