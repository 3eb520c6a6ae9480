"""One damaged plan of the past takes nothing from a report but itself, and the report says so."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data.workspace import Workspace
from production.errors import PlanRefused
from production.plans.plan import Plan
from production.plans.planning import make_plan
from production.plans.saved import headings, load_plan, save_plan
from production.report import Report, build_report, render_html, render_json
from tests.production.small_market import simple_forecast, small_market

WEEKS = (4, 8)
"""How long before the plan the other two begin."""


def altered(file: str) -> Callable[[Path], object]:
    return lambda folder: (folder / file).write_bytes(b"altered")


def without(file: str) -> Callable[[Path], object]:
    return lambda folder: (folder / file).unlink()


DAMAGES: dict[str, Callable[[Path], object]] = {
    "no JSON": altered("plan.json"),
    "an empty header": lambda folder: (folder / "plan.json").write_text("{}"),
    "no object": lambda folder: (folder / "plan.json").write_text("[1]"),
    "another format": lambda folder: (folder / "plan.json").write_text('{"format": 99}'),
    "lines altered": altered("lines.parquet"),
    "no lines": without("lines.parquet"),
    "no inputs": without("inputs.npz"),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = small_market(tmp_path_factory.mktemp("damaged") / "w")
    plan = make_plan(workspace, forecast=simple_forecast(workspace))
    for weeks in WEEKS:
        earlier = plan.as_of - np.timedelta64(weeks, "W")
        save_plan(workspace, replace(plan, plan_id=f"before-{weeks}", as_of=earlier))
    save_plan(workspace, plan)
    return workspace


@pytest.fixture
def workspace(whole: Workspace, tmp_path: Path) -> Workspace:
    return Workspace.open(Path(shutil.copytree(whole.root, tmp_path / "w")))


def latest_of(workspace: Workspace) -> Plan:
    name = (workspace.root / "plans" / "latest").read_text().strip()
    return load_plan(workspace, name)


def reported(workspace: Workspace, against: str | None = None) -> Report:
    return build_report(workspace, latest_of(workspace), against=against)


def plans_of(report: Report) -> set[str]:
    return {*report.over_time["plan_id"]} - {"", report.plan.plan_id}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_plan_is_left_out_and_told(
    workspace: Workspace, damage: Callable[[Path], object]
) -> None:
    before = reported(workspace)
    assert before.notes == ()
    assert before.last is not None
    assert before.last.last.plan_id == "before-4"
    assert plans_of(before) == {"before-4", "before-8"}
    damage(workspace.root / "plans" / "before-4")
    report = reported(workspace)
    assert report.last is not None
    assert report.last.last.plan_id == "before-8"
    assert plans_of(report) == {"before-8"}
    [note] = report.notes
    assert "'before-4'" in note
    assert "before-8" not in note
    assert render_json(report)["notes"] == [note]
    assert "before-4" in render_html(report).partition("What this rests on")[2]


def test_inputs_that_were_altered_leave_the_lines_to_the_gap(workspace: Workspace) -> None:
    altered("inputs.npz")(workspace.root / "plans" / "before-4")
    report = reported(workspace)
    assert report.last is not None
    assert report.last.last.plan_id == "before-8"
    assert plans_of(report) == {"before-4", "before-8"}
    assert "'before-4'" in report.notes[0]


def test_a_damaged_plan_that_is_named_is_refused(workspace: Workspace) -> None:
    altered("lines.parquet")(workspace.root / "plans" / "before-4")
    assert reported(workspace, "before-8").last is not None
    with pytest.raises(PlanRefused, match="before-4"):
        reported(workspace, "before-4")


def test_where_all_others_are_damaged_there_is_none_to_compare_with(workspace: Workspace) -> None:
    for number in range(3):
        (workspace.root / "plans" / f"<b>{number}").mkdir()
        altered("plan.json")(workspace.root / "plans" / f"<b>{number}")
    for weeks in WEEKS:
        altered("plan.json")(workspace.root / "plans" / f"before-{weeks}")
    report = reported(workspace)
    assert report.last is None
    assert report.notes[0].count("'<b>") == 3
    assert "and 2 more" in report.notes[0]
    page = render_html(report)
    assert "&lt;b&gt;0" in page
    assert "<b>0" not in page


def test_of_several_plans_of_a_day_one_that_can_be_read_stands_for_it(workspace: Workspace) -> None:
    kept = load_plan(workspace, "before-4", inputs=True)
    save_plan(workspace, replace(kept, plan_id="before-4-too"))
    save_plan(workspace, load_plan(workspace, _newest(workspace), inputs=True))
    assert plans_of(reported(workspace)) == {"before-4-too", "before-8"}
    altered("lines.parquet")(workspace.root / "plans" / "before-4-too")
    assert plans_of(reported(workspace)) == {"before-4", "before-8"}


def _newest(workspace: Workspace) -> str:
    return max(headings(workspace)[0], key=lambda one: one.as_of).plan_id
