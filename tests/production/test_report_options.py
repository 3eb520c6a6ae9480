"""Options behind a plan: what composed units need, and what the report says of them."""

from __future__ import annotations

import numpy as np
import pytest

from data.workspace import Workspace
from production.configuration.attach.rates import AttachRates
from production.configuration.attach.saved import save_attach
from production.demand.reading import read_panel
from production.demand.saved import forecast_with_past, save_forecast
from production.plans.plan import Plan
from production.plans.planning import make_plan
from production.plans.saved import save_plan
from production.report import Report, build_report, render_html, render_json
from tests.production.small_market import simple_forecast, small_market

RATES = AttachRates(
    style_id="A",
    options=("monogram", "plain"),
    drawn=np.array([[True, False], [False, True], [False, True], [False, True]]),
    resources=("sewing",),
    usage=np.array([[1.3], [0.5], [0.5], [0.5]]),
    materials=("spool",),
    taken=np.array([[2.0], [0.0], [0.0], [0.0]]),
    replaces=True,
    composed=500,
    lines=1_000,
    learned_from=400,
    until="2024-07-20",
)


def planned(workspace: Workspace) -> Plan:
    plan = make_plan(workspace, forecast=simple_forecast(workspace))
    save_plan(workspace, plan)
    return plan


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    made = small_market(tmp_path_factory.mktemp("options") / "w")
    forecast = simple_forecast(made)
    save_forecast(made, forecast_with_past(forecast, read_panel(made), {}))
    return made


@pytest.fixture(scope="module")
def reports(workspace: Workspace) -> tuple[Report, Report]:
    """Without attach rates and with them."""
    before = build_report(workspace, planned(workspace))
    save_attach(workspace, {"A": RATES})
    return before, build_report(workspace, planned(workspace))


def test_composed_units_enter_the_plans_need_and_it_says_so(
    reports: tuple[Report, Report],
) -> None:
    before, after = (one.plan for one in reports)
    assert not [said for said in before.assumptions if "composed" in said]
    assert [said for said in after.assumptions if "50% of the units of A are composed" in said]
    assert before.inputs is not None
    assert after.inputs is not None
    more = after.inputs.free.resources.usage - before.inputs.free.resources.usage
    sewing = after.inputs.free.resources.ids.index("sewing")
    is_a = after.inputs.styles == "A"
    # half of the units take .7 h rather than what the table says, .5 h and .25 h by variant
    weight = before.inputs.free.resources.usage[is_a, sewing]
    mean = np.array([after.lines.set_index("variant_id")["mean"][v]
                     for v in after.inputs.variants[is_a]])  # fmt: skip
    expected = 0.5 * (0.7 - np.average(weight, weights=mean))
    assert more[is_a, sewing] == pytest.approx(expected, abs=1e-3)
    assert not more[~is_a].any()
    assert not more[:, 1 - sewing].any()


def test_the_report_has_option_demand_hours_and_materials(reports: tuple[Report, Report]) -> None:
    before, after = reports
    assert before.options is None
    assert after.options is not None
    rows = after.options.set_index("name")
    demand = after.plan.lines.loc[after.plan.lines["style_id"] == "A", "mean"].sum()
    assert rows["mean"]["composed"] == pytest.approx(demand / 2, rel=0.05)
    assert rows["mean"]["monogram"] + rows["mean"]["plain"] == pytest.approx(
        rows["mean"]["composed"]
    )
    assert rows["share"]["monogram"] == pytest.approx(0.125, abs=0.02)
    assert rows["mean"]["spool"] == pytest.approx(2 * rows["mean"]["monogram"])
    assert rows["mean"]["sewing"] == pytest.approx(
        1.3 * rows["mean"]["monogram"] + 0.5 * rows["mean"]["plain"]
    )
    assert (rows["p10"] <= rows["p50"]).all()
    assert (rows["p50"] <= rows["p90"]).all()


def test_every_form_of_the_report_shows_them(reports: tuple[Report, Report]) -> None:
    before, after = reports
    assert "What customers compose" not in render_html(before)
    assert "What customers compose" in render_html(after)
    assert render_json(before)["options"] == ()
    assert {row["name"] for row in render_json(after)["options"]} == {
        "composed", "monogram", "plain", "sewing", "spool",
    }  # fmt: skip
