"""The report's levels: what changes and why, money and service, and totals that agree."""

from __future__ import annotations

import csv
import io
import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from data.tables import VARIANTS
from production.errors import UnknownLevel
from production.plans.planning import make_plan
from production.plans.saved import save_plan
from production.report import (
    Report,
    build_report,
    render_csv,
    render_html,
    render_json,
    render_xlsx,
)
from production.report.levels import NAMES, levels_of
from tests.production.small_market import WEEKS, simple_forecast, small_market

HOSTILE = ("=1+1", "+1", "-1", "@SUM(A1)")
EARLIER = np.datetime64("2024-07-01")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """A plan, with an earlier one under more capacity before it."""
    workspace = small_market(tmp_path_factory.mktemp("levels") / "w")
    variants = workspace.read(VARIANTS)
    titles = variants["title"].to_list()
    titles[: len(HOSTILE)] = HOSTILE
    came = pd.Series(pd.Timestamp("2023-01-01"), index=variants.index)
    gone = pd.Series(pd.NaT, index=variants.index, dtype="datetime64[us]")
    came.iloc[5], gone.iloc[8] = pd.Timestamp("2024-07-15"), pd.Timestamp("2024-07-20")
    workspace.write(
        {"variants": variants.assign(title=titles, introduced_at=came, discontinued_at=gone)}
    )
    save_plan(
        workspace,
        make_plan(workspace, as_of=EARLIER, method="mean_8_weeks", capacity={"sewing": 150.0}),
    )
    plan = make_plan(workspace, forecast=simple_forecast(workspace))
    save_plan(workspace, plan)
    return build_report(workspace, plan)


@pytest.fixture(scope="module")
def told(report: Report) -> dict[str, Any]:
    return render_json(report)


@pytest.fixture(scope="module")
def sheets(report: Report) -> dict[str, list[list[Any]]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(render_xlsx(report)))
    return {
        name: book.get_sheet_by_name(name).to_python(skip_empty_area=False)
        for name in book.sheet_names
    }


def test_the_decision_is_against_the_last_plan_and_its_causes_add_up(
    report: Report, told: dict[str, Any]
) -> None:
    last = report.last
    assert last is not None
    assert last.last.as_of == EARLIER
    decision = told["decision"]
    change = decision["units_after"] - decision["units_before"]
    assert decision["units_after"] == told["units"]
    assert decision["units_more"] - decision["units_less"] == change
    assert sum(decision["causes"].values()) == change
    assert decision["causes"]["capacity"] < 0
    for row in told["changes"]:
        assert row["after"] - row["before"] == row["change"]
        assert bool(row["why"]) == (row["change"] != 0)
    page = render_html(report)
    assert "Make more of" in page or "Make less of" in page
    assert page.index("on the last plan") < page.index("<h2")


def test_demand_is_one_number_everywhere(report: Report, told: dict[str, Any]) -> None:
    whole = report.plan.lines["mean"].sum()
    totals = told["totals"]
    assert totals["variants"]["mean"] == pytest.approx(whole)
    assert totals["styles"]["mean"] == pytest.approx(whole)
    assert told["information_gap"]["planned"]["demand"] == pytest.approx(whole)
    assert told["information_gap"]["today"]["demand"] == pytest.approx(whole)


def test_totals_of_the_levels_agree(report: Report, told: dict[str, Any]) -> None:
    totals, gap = told["totals"], told["information_gap"]["planned"]
    for column in ("quantity", "planner_quantity", "on_hand", "lost_money", "leftover_money"):
        assert totals["styles"][column] == pytest.approx(totals["variants"][column])
    assert totals["variants"]["quantity"] == told["units"] == totals["changes"]["after"]
    assert totals["styles"]["before"] == totals["changes"]["before"]
    assert totals["variants"]["lost_money"] == pytest.approx(gap["lost"])
    assert totals["variants"]["leftover_money"] == pytest.approx(gap["left"])
    assert gap["cost"] == pytest.approx(report.plan.expected_cost)
    sewing = next(row for row in told["resources"] if row["resource_id"] == "sewing")
    assert totals["bottleneck"]["used"] == pytest.approx(sewing["used"])
    for name, columns in totals.items():
        for column, total in columns.items():
            told_rows = sum(row[column] or 0 for row in told[name])
            assert total == pytest.approx(told_rows), (name, column)
    json.dumps(told, allow_nan=False)


def test_service_levels_are_the_fractiles(report: Report) -> None:
    lines = report.plan.lines.set_index("variant_id")
    rows = report.variants.set_index("variant_id")
    short, over = lines["underage_cost"], lines["overage_cost"]
    np.testing.assert_allclose(rows["nominal_service"], (short / (short + over))[rows.index])
    assert (rows["capacity_service"] <= rows["nominal_service"] + 1e-12).all()
    # without lots, each is made to its fractile, up to a unit
    below = rows["expected_service"] - rows["capacity_service"]
    made = rows["quantity"] > 0
    assert below[made].abs().max() < 0.2
    service = report.service
    assert 0 < service.capacity < service.nominal < 1


def test_cover_is_weeks_of_demand(report: Report) -> None:
    rows = report.variants[report.variants["mean"] > 0]
    weekly = rows["mean"] / report.plan.horizon
    np.testing.assert_allclose(
        rows["cover_weeks"] * weekly, rows["quantity"] + rows["on_hand"], atol=1e-9
    )


def test_the_price_of_capacity_falls_and_saves(report: Report) -> None:
    found = report.capacity
    assert found is not None
    assert found.resource.resource_id == "sewing"
    costs = [point.cost for point in found.points]
    prices = [point.shadow_price for point in found.points]
    assert costs == sorted(costs, reverse=True)
    assert all(after <= before + 0.05 for before, after in itertools.pairwise(prices))
    here = next(point for point in found.points if point.factor == 1)
    assert here.cost == pytest.approx(report.plan.expected_cost)


def test_margin_is_told_for_each_hour_of_the_bottleneck(report: Report) -> None:
    found = report.bottleneck
    assert found is not None
    lines = found.lines
    assert lines["margin_per_usage"].is_monotonic_decreasing
    np.testing.assert_allclose(lines["margin_per_usage"] * lines["usage"], lines["margin"])


def test_new_variants_and_those_to_stop(report: Report) -> None:
    assert report.new["variant_id"].to_list() == ["B-grey"]
    assert report.stop["variant_id"].to_list() == ["C-grey"]
    assert report.stop["why"].to_list() == ["No longer on sale."]


def test_the_gap_over_time_is_what_habit_left(report: Report) -> None:
    rows = report.over_time
    assert rows["as_of"].is_monotonic_increasing
    assert rows["as_of"].iloc[-1] == pd.Timestamp("2024-01-01") + pd.Timedelta(weeks=WEEKS)
    judged = rows[rows["plan_id"] != ""]
    assert len(judged) == 2
    past = judged.iloc[0]
    assert past["demand"] > 0
    made = report.last.last.lines["quantity"].sum() if report.last else 0
    assert past["demand"] - made == pytest.approx(past["plan_shortage"] - past["plan_leftover"])
    assert np.isnan(judged.iloc[1]["demand"])


def test_every_sheet_reads_back_with_its_totals(
    report: Report, told: dict[str, Any], sheets: dict[str, list[list[Any]]]
) -> None:
    levels = levels_of(report)
    assert [*sheets] == ["Decision", *(level.title for level in levels), "What this rests on"]
    for level in levels:
        rows = sheets[level.title]
        assert rows[2] == [column.label for column in level.columns]
        assert len(rows) == 3 + len(told[level.name])
        for place, column in enumerate(level.columns):
            cells = [row[place] for row in rows[3:]]
            if column.kind not in {"text", "date"}:
                expected = [entry[column.name] for entry in told[level.name]]
                for cell, value in zip(cells, expected, strict=True):
                    assert cell == "" if value is None else cell == pytest.approx(value)
            if column.total:
                assert rows[1][place] == pytest.approx(told["totals"][level.name][column.name])
                summed = sum(cell for cell in cells if cell != "")
                assert rows[1][place] == pytest.approx(summed)
    figures = {row[0]: row[1] for row in sheets["Decision"][3:]}
    assert figures["Units to make"] == told["units"]
    assert figures["Lost and leftover, money"] == pytest.approx(told["expected_cost"])


def test_texts_stay_texts_and_the_bytes_repeat(
    report: Report, sheets: dict[str, list[list[Any]]]
) -> None:
    titles = {row[2] for row in sheets["Variants"][3:]}
    assert titles >= set(HOSTILE)
    assert render_xlsx(report) == render_xlsx(report)


def test_each_level_is_a_csv_of_its_own(report: Report, told: dict[str, Any]) -> None:
    for level in levels_of(report):
        rows = list(csv.DictReader(io.StringIO(render_csv(report, level.name))))
        assert [*rows[0]] == [column.name for column in level.columns]
        assert len(rows) == len(told[level.name])
    with pytest.raises(UnknownLevel, match="has no level 'moon'"):
        render_csv(report, "moon")


def test_a_plan_without_limits_or_a_plan_before_it_says_so(tmp_path: Path) -> None:
    workspace = small_market(tmp_path / "w", resources=False)
    report = build_report(workspace, make_plan(workspace, forecast=simple_forecast(workspace)))
    told = render_json(report)
    assert told["decision"] is None
    assert {name for name in NAMES if not told[name]} >= {"changes", "resources", "capacity"}
    assert "There is no earlier plan to compare with" in render_html(report)
    with pytest.raises(UnknownLevel, match="has nothing to say of 'capacity'"):
        render_csv(report, "capacity")
    assert render_xlsx(report)
