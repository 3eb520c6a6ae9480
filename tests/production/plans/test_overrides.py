from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from data.errors import RecordsRefused
from data.workspace import Workspace
from production.allocation.allocate import allocate
from production.errors import BadOverride, BadRecord, Infeasible, PlanRefused, PlanReleased
from production.plans.diff import inputs_kept
from production.plans.overrides import Override, list_overrides, recorded, standing
from production.plans.overriding import override
from production.plans.plan import Plan
from production.plans.planning import make_plan
from production.plans.releases import in_force, list_releases, release_plan
from production.plans.saved import save_plan
from production.plans.what_if import notes_on
from tests.paths import ROOT
from tests.production.small_market import simple_forecast, small_market

NOW = datetime(2024, 7, 29, 9, 30, tzinfo=UTC)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return small_market(tmp_path / "w")


def said(variant: str, quantity: int | None, *, at: datetime = NOW, **more: object) -> Override:
    fields = {"by": "Ann", "why": "fair on Saturday"} | more
    return recorded(Override, variant_id=variant, quantity=quantity, at=at, **fields)


def planned(workspace: Workspace, **options: object) -> Plan:
    plan = make_plan(workspace, forecast=simple_forecast(workspace), **options)  # type: ignore[arg-type]
    save_plan(workspace, plan)
    return plan


def made(plan: Plan, variant: str) -> tuple[int, str, str]:
    line = plan.lines[plan.lines["variant_id"] == variant].iloc[0]
    return int(line["quantity"]), str(line["reason_code"]), str(line["reason"])


def test_an_override_enters_the_plans_from_then_on_and_says_who_and_why(
    workspace: Workspace,
) -> None:
    before = planned(workspace)
    override(workspace, said("D-grey", 17))
    for _ in range(2):
        quantity, code, reason = made(planned(workspace), "D-grey")
        assert (quantity, code) == (17, "override")
        assert reason == "Set to 17 by Ann on 2024-07-29: fair on Saturday"
    override(workspace, said("D-grey", 21, by="Ben", why="more stalls"))
    assert made(planned(workspace), "D-grey")[0] == 21
    override(workspace, said("D-grey", None, why="fair was rained off"))
    after = planned(workspace)
    assert after.plan_id == before.plan_id
    told = [str(one) for one in list_overrides(workspace)]
    assert told[1] == "Set to 21 by Ben on 2024-07-29: more stalls"
    assert told[2] == "Cleared by Ann on 2024-07-29: fair was rained off"


def test_an_override_of_none_makes_none_and_frees_what_it_took(workspace: Workspace) -> None:
    before = planned(workspace)
    override(workspace, said("B-red", 0, why="fabric recalled"))
    after = planned(workspace)
    assert made(after, "B-red")[:2] == (0, "override")
    freed = before.lines["quantity"].sum() - made(before, "B-red")[0]
    assert after.lines["quantity"].sum() > freed


def test_an_override_ends_with_its_last_day(workspace: Workspace) -> None:
    first = simple_forecast(workspace).origin.astype("datetime64[D]").item()
    override(workspace, said("A-red", 3, until=first - timedelta(days=1)))
    override(workspace, said("A-blue", 4, until=first))
    plan = planned(workspace)
    assert made(plan, "A-red")[1] != "override"
    assert made(plan, "A-blue") == (
        4,
        "override",
        f"Set to 4 by Ann on 2024-07-29, for plans that begin by {first}: fair on Saturday",
    )


def test_an_override_that_cannot_be_kept_is_refused_by_name(workspace: Workspace) -> None:
    override(workspace, said("D-grey", 500))  # no plan yet to try it on
    with pytest.raises(
        Infeasible, match=r"sewing.*'D-grey' \(500\).*Overrides stand: 'D-grey': Set to 500 by Ann"
    ):
        planned(workspace)
    override(workspace, said("D-grey", None, why="a slip"))
    planned(workspace)
    with pytest.raises(Infeasible, match=r"sewing.*at least 500"):
        override(workspace, said("D-grey", 500))
    assert standing(list_overrides(workspace)) == {}
    assert made(planned(workspace), "D-grey")[1] != "override"


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"variant_id": ""}, "variant_id"),
        ({"quantity": -1}, "quantity"),
        ({"quantity": 10**9}, "quantity"),
        ({"by": "two\nlines"}, "by"),
        ({"by": ""}, "by"),
        ({"why": "x" * 501}, "why"),
        ({"at": datetime(2024, 1, 1)}, "at"),  # noqa: DTZ001  # a time without its zone is refused
    ],
)
def test_a_record_that_says_nothing_or_too_much_is_refused(
    fields: dict[str, object], where: str
) -> None:
    good: dict[str, object] = {
        "variant_id": "A-red", "quantity": 1, "by": "Ann", "why": "x", "at": NOW,
    }  # fmt: skip
    with pytest.raises(BadRecord) as refused:
        recorded(Override, **good | fields)
    assert refused.value.where == where


def test_records_from_before_keys_were_kept_are_read(workspace: Workspace) -> None:
    plan = planned(workspace)
    override(workspace, said("D-grey", 17))
    release_plan(workspace, plan.plan_id, by="Ann", at=NOW)
    for name in ("overrides", "releases"):
        file = workspace.root / "plans" / f"{name}.jsonl"
        record = json.loads(file.read_text())
        del record["key_id"]
        file.write_text(json.dumps(record) + "\n")
    override(workspace, said("D-grey", None, key_id="1a2b"))
    assert [one.key_id for one in list_overrides(workspace)] == [None, "1a2b"]
    assert [one.key_id for one in list_releases(workspace)] == [None]


def test_unknown_variants_and_nothing_to_clear_are_refused(workspace: Workspace) -> None:
    with pytest.raises(BadOverride, match=r"'A-rad'.*Did you mean 'A-red'"):
        override(workspace, said("A-rad", 3))
    with pytest.raises(BadOverride, match="No override of 'A-red' stands"):
        override(workspace, said("A-red", None))
    assert list_overrides(workspace) == []


def test_a_line_that_a_crash_cut_off_does_not_count(workspace: Workspace) -> None:
    override(workspace, said("A-red", 3))
    path = workspace.root / "plans" / "overrides.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + whole[: len(whole) // 2])
    assert len(list_overrides(workspace)) == 1
    override(workspace, said("A-blue", 4))
    assert [one.variant_id for one in list_overrides(workspace)] == ["A-red", "A-blue"]
    path.write_bytes(b'{"variant_id": "A-red"}\n' + whole)
    with pytest.raises(RecordsRefused, match="line 1"):
        list_overrides(workspace)


def test_an_override_outlives_a_kill_or_is_not_there(workspace: Workspace) -> None:
    override(workspace, said("A-red", 3))
    program = (
        "import sys; from pathlib import Path; from datetime import *; "
        "from data.workspace import Workspace; "
        "from production.plans.overrides import *; from production.plans.overriding import *; "
        "override(Workspace.open(Path(sys.argv[1])), recorded(Override, variant_id='A-blue', "
        "quantity=5, by='Ann', why='x', at=datetime.now(UTC)))"
    )
    environment = os.environ | {"ATELIER_FAILPOINT": "record-written"}
    done = subprocess.run(
        [sys.executable, "-c", program, str(workspace.root)], cwd=ROOT, env=environment, check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert [one.variant_id for one in list_overrides(workspace)] in (["A-red"], ["A-red", "A-blue"])
    override(workspace, said("A-grey", 5))
    assert list_overrides(workspace)[-1].variant_id == "A-grey"


def test_what_is_released_stays_through_replanning(workspace: Workspace) -> None:
    first = planned(workspace)
    release = release_plan(workspace, first.plan_id, by="Ann", at=NOW, note="for the fair")
    assert release.supersedes == ()
    again = planned(workspace, capacity={"sewing": 200.0})
    assert again.lines["quantity"].tolist() == first.lines["quantity"].tolist()
    assert set(again.lines["reason_code"]) == {"released"}
    assert made(again, "A-red")[2] == (
        f"Released by Ann on 2024-07-29 in plan {first.plan_id}: the quantity stays as it is."
    )
    with pytest.raises(Infeasible, match=r"sewing.*released for the same weeks"):
        planned(workspace, capacity={"sewing": 10.0})


def test_a_released_plan_is_compared_with_what_a_planner_would_do_without_it(
    workspace: Workspace,
) -> None:
    first = planned(workspace)
    habit = first.lines["planner_quantity"].tolist()
    assert habit != first.lines["quantity"].tolist()
    release_plan(workspace, first.plan_id, by="Ann", at=NOW)
    again = planned(workspace)
    assert again.lines["quantity"].tolist() == first.lines["quantity"].tolist()
    assert again.lines["planner_quantity"].tolist() == habit


def test_a_what_if_says_how_many_variants_are_held(workspace: Workspace) -> None:
    override(workspace, said("A-red", 20))
    plan = planned(workspace)
    [note] = notes_on(plan, allocate(inputs_kept(plan).task))
    assert note.startswith(f"1 of {len(plan.lines)} variants are held")


def test_only_an_override_after_the_release_changes_what_is_released(workspace: Workspace) -> None:
    override(workspace, said("A-red", 20, at=NOW - timedelta(days=2)))
    first = planned(workspace)
    override(workspace, said("B-red", 9, at=NOW - timedelta(days=1)))
    release_plan(workspace, first.plan_id, by="Ann", at=NOW)
    override(workspace, said("C-red", 2, at=NOW + timedelta(hours=1)))
    again = planned(workspace)
    assert made(again, "A-red")[:2] == (20, "released")
    assert made(again, "B-red")[:2] == (made(first, "B-red")[0], "released")
    assert made(again, "C-red")[:2] == (2, "override")
    second = release_plan(workspace, again.plan_id, by="Ben", at=NOW + timedelta(days=1))
    assert second.supersedes == (first.plan_id,)
    assert [one.plan_id for one in in_force(list_releases(workspace))] == [again.plan_id]
    with pytest.raises(PlanReleased, match="released by Ben"):
        release_plan(workspace, again.plan_id, by="Ann", at=NOW + timedelta(days=2))


def test_weeks_after_the_released_ones_are_free(workspace: Workspace) -> None:
    forecast = simple_forecast(workspace)
    first = planned(workspace)
    release_plan(workspace, first.plan_id, by="Ann", at=NOW)
    later = replace(forecast, origin=forecast.origin - np.timedelta64(4 * 7, "D"))
    assert "released" not in set(make_plan(workspace, forecast=later).lines["reason_code"])
    meets = replace(forecast, origin=forecast.origin - np.timedelta64(3 * 7, "D"))
    assert set(make_plan(workspace, forecast=meets).lines["reason_code"]) == {"released"}


def test_a_released_plan_that_was_altered_is_refused(workspace: Workspace) -> None:
    first = planned(workspace)
    release_plan(workspace, first.plan_id, by="Ann", at=NOW)
    path = workspace.root / "plans" / first.plan_id / "plan.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"status": "mine"}))
    with pytest.raises(PlanRefused, match="not as it was released"):
        planned(workspace)


def test_an_override_may_name_a_variant_without_a_forecast(workspace: Workspace) -> None:
    forecast = simple_forecast(workspace)
    keep = forecast.variants != "D-grey"
    fewer = replace(
        forecast,
        variants=forecast.variants[keep],
        weekly=forecast.weekly[keep],
        mean=forecast.mean[keep],
        quantiles=forecast.quantiles[keep],
    )
    override(workspace, said("D-grey", 6, until=date(2100, 1, 1)))
    assert made(make_plan(workspace, forecast=fewer), "D-grey")[:2] == (6, "override")


def test_a_plan_of_orders_alone_keeps_its_inputs(tmp_path: Path) -> None:
    workspace = small_market(tmp_path / "w", resources=False)
    (workspace.root / "tables" / "variants.parquet").unlink()
    override(workspace, said("D-grey", 6))
    plan = planned(workspace)
    assert plan.inputs is not None
    assert plan.inputs.attributes == {}
    assert made(plan, "D-grey")[:2] == (6, "override")
