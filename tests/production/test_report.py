from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.tables import ORDERS, VARIANTS
from data.workspace import Workspace
from production.demand.reading import read_panel
from production.demand.settings import DemandSettings
from production.plans.planning import make_plan
from production.report import Report, build_report, render_csv, render_html, render_json
from tests.production.small_market import simple_forecast, small_market

HOSTILE = '=HYPERLINK("http://evil")<script>alert(1)</script>'


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = small_market(tmp_path_factory.mktemp("report") / "w")
    variants = workspace.read(VARIANTS)
    hostile = variants["variant_id"] == "A-red"
    workspace.write({"variants": variants.assign(title=variants["title"].mask(hostile, HOSTILE))})
    return workspace


@pytest.fixture(scope="module")
def report(workspace: Workspace) -> Report:
    return build_report(workspace, make_plan(workspace, forecast=simple_forecast(workspace)))


@pytest.fixture(scope="module")
def page(report: Report) -> str:
    return render_html(report)


class Tags(HTMLParser):
    """Every tag with its attributes, and what is open at the end."""

    VOID = frozenset({"meta", "input", "br", "img", "link"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_well_formed_and_loads_nothing(page: str) -> None:
    tags = Tags(page)
    assert tags.open == []
    for tag, attributes in tags.seen:
        assert tag not in {"link", "iframe", "img", "object", "embed"}
        assert "src" not in attributes
        assert not any(name.startswith("on") for name in attributes)
        assert (attributes.get("xlink:href") or "#").startswith("#")
    assert "@import" not in page
    assert "url(http" not in page
    ids = [attributes["id"] for _, attributes in tags.seen if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_texts_from_the_data_are_escaped_in_page_and_charts(page: str) -> None:
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert page.count("<script>") == 1


def test_charts_take_their_colours_from_the_page(page: str) -> None:
    charts = re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)
    assert len(charts) == 3 + 6 + 2
    assert all("var(--" in chart for chart in charts)
    assert not re.search(r"#0[1-7]0[1-7]0[1-7]", page)


def test_the_page_states_the_plans_figures(page: str, report: Report) -> None:
    units = int(report.plan.lines["quantity"].sum())
    assert f"Make <strong>{units:,} units</strong>" in page
    assert report.plan.plan_id in page
    for resource in report.binding:
        assert f"<strong>{resource.resource_id}</strong> binds" in page
    for variant in report.plan.lines["variant_id"]:
        assert f'<span class="id">{variant}</span>' in page


def test_csv_json_and_plan_agree(report: Report) -> None:
    rows = list(csv.DictReader(io.StringIO(render_csv(report))))
    told = render_json(report)
    lines = report.plan.lines.set_index("variant_id")
    assert [row["variant_id"] for row in rows] == [row["variant_id"] for row in told["variants"]]
    assert sorted(row["variant_id"] for row in rows) == sorted(lines.index)
    for row, entry in zip(rows, told["variants"], strict=True):
        line = lines.loc[row["variant_id"]]
        assert float(row["quantity"]) == entry["quantity"] == line["quantity"]
        for name in ("p10", "p50", "p90", "mean", "stockout_probability"):
            assert float(row[name]) == pytest.approx(line[name], rel=1e-5)
            assert entry[name] == pytest.approx(line[name])
        assert row["reason"] == line["reason"]
    assert told["units"] == sum(float(row["quantity"]) for row in rows)
    json.dumps(told, allow_nan=False)


def test_no_csv_cell_runs_as_a_formula(report: Report) -> None:
    rows = list(csv.reader(io.StringIO(render_csv(report))))
    cells = [cell for row in rows for cell in row]
    assert any(cell == f"'{HOSTILE}" for cell in cells)
    for cell in cells:
        assert not cell.startswith(("=", "@", "+")), cell
        assert not cell.startswith("-") or float(cell) <= 0


def test_shares_and_totals_add_up(report: Report) -> None:
    by_style = report.variants.groupby("style_id")
    np.testing.assert_allclose(by_style["share"].sum(), 1.0)
    np.testing.assert_allclose(by_style["plan_share"].sum(), 1.0)
    gap = report.planned
    assert gap.demand == pytest.approx(report.variants["mean"].sum())
    assert gap.cost == pytest.approx(report.plan.expected_cost)
    assert report.today.demand == gap.demand
    assert report.planned.cost <= report.today.cost * (1 + report.plan.gap)


def test_changes_are_against_last_weeks_mix(report: Report) -> None:
    change = report.variants["quantity"] - report.variants["planner_quantity"]
    most = report.changes(1, more=True)
    assert most["change"].iloc[0] == change.max()
    assert report.moved == change[change > 0].sum()


def test_a_plan_without_resources_or_titles_still_has_a_report(tmp_path: Path) -> None:
    workspace = small_market(tmp_path / "w", resources=False)
    (workspace.root / "tables" / "variants.parquet").unlink()
    plan = make_plan(workspace, forecast=simple_forecast(workspace))
    page = render_html(build_report(workspace, plan))
    assert Tags(page).open == []
    assert "No resource is known" in page


def test_demand_is_read_by_the_settings_that_the_plan_is_made_by(tmp_path: Path) -> None:
    workspace = small_market(tmp_path / "w")
    days = read_panel(workspace).periods.astype("datetime64[us]")
    # half of the weeks A-red is out, and its customers go unserved
    stock = pd.DataFrame({"variant_id": "A-red", "date": days, "in_stock": np.arange(30) % 2 / 1.0})
    orders = workspace.read(ORDERS)
    week = ((orders["ordered_at"] - days[0]) // np.timedelta64(7, "D")).to_numpy()
    missed = (orders["variant_id"] == "A-red") & (week % 2 == 0)
    workspace.write({"orders": orders[~missed], "stock": stock})
    sales = DemandSettings(restore="none")
    plan = make_plan(workspace, forecast=simple_forecast(workspace), demand=sales)
    restored, sold = (
        build_report(workspace, plan, demand=one) for one in (DemandSettings(), sales)
    )
    units = read_panel(workspace, sales).units.sum(axis=0)
    over = sold.over_time[sold.over_time["demand"].notna()]
    assert over["demand"].iloc[-1] == units[-4:].sum()
    assert restored.over_time.loc[over.index[-1], "demand"] > units[-4:].sum()
    by_day = build_report(workspace, plan, demand=DemandSettings(restore="none", period="day"))
    pd.testing.assert_frame_equal(by_day.over_time, sold.over_time)
