"""The latest plan's bonuses in lists: asked for, by setting, and swapped with the plan."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from api.plan_bonus import bonus_as_of
from api.service.app import create_app
from api.service.engine import Engine, open_engine
from api.settings import load_settings
from api.work import plan_and_save
from data.workspace import Workspace
from production.plans.saved import latest_plan
from tests.api.client import Client
from tests.api.test_cli import run
from tests.api.test_lists import whole
from tests.api.test_service import customer, problem

__all__ = ["customer"]  # fixture

WEIGHT = 3


def url_of(customer: str) -> str:
    return f"/v1/customers/{customer}/recommendations"


def told(found: dict[str, Any]) -> set[str]:
    return {reason["kind"] for one in found["recommendations"] for reason in one["reasons"]}


def test_nothing_moves_unless_it_is_asked_for(client: Client, customer: str) -> None:
    plain = whole(client, url_of(customer), k=3)
    assert whole(client, url_of(customer), k=3, plan_bonus=0) == plain
    assert "planned" not in told(plain)
    moved = whole(client, url_of(customer), k=20, collapse="none", plan_bonus=WEIGHT)
    assert moved != whole(client, url_of(customer), k=20, collapse="none")
    assert "planned" in told(moved)
    assert moved["notes"] == []


def test_a_setting_is_the_default_and_a_request_may_say_otherwise(
    workspace: Path, client: Client, customer: str
) -> None:
    query = {"k": 3, "collapse": "none"}
    plain, moved = (whole(client, url_of(customer), **query, plan_bonus=w) for w in (0, WEIGHT))
    (workspace / "atelier.toml").write_text(f"[recommend]\nplan_bonus = {WEIGHT}\n")
    with open_engine(workspace, load_settings(workspace)) as engine:
        other = Client(create_app(engine))
        assert whole(other, url_of(customer), **query) == moved
        assert whole(other, url_of(customer), **query, plan_bonus=0) == plain


def test_another_plan_is_taken_up_and_a_torn_one_is_not(
    engine: Engine, client: Client, customer: str
) -> None:
    query = {"k": 3, "collapse": "none", "plan_bonus": WEIGHT}
    first = whole(client, url_of(customer), **query)
    plan_and_save(engine.workspace, engine.settings, capacity={"sewing": 0.0})
    second = whole(client, url_of(customer), **query)
    assert second != first
    made = plan_and_save(engine.workspace, engine.settings, capacity={"sewing": 40.0})
    lines = engine.workspace.root / "plans" / made.plan_id / "lines.parquet"
    lines.write_bytes(lines.read_bytes()[:-1])
    assert whole(client, url_of(customer), **query) == second


def test_without_a_plan_the_list_is_by_score_alone_and_says_so(
    engine: Engine, client: Client, customer: str
) -> None:
    plain = whole(client, url_of(customer), k=3)
    shutil.rmtree(engine.workspace.root / "plans")
    found = whole(client, url_of(customer), k=3, plan_bonus=WEIGHT)
    assert [note["code"] for note in found["notes"]] == ["no.plan"]
    assert found["recommendations"] == plain["recommendations"]


@pytest.mark.parametrize("weight", ["-1", "5.1", "nan", "inf", "much"])
def test_a_weight_out_of_bounds_is_named(client: Client, customer: str, weight: str) -> None:
    answer = client.get(url_of(customer), params={"plan_bonus": weight})
    assert problem(answer, 422, "api.invalid")["where"] == "query.plan_bonus"


def test_the_command_says_what_the_service_says(
    workspace: Path, client: Client, customer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    served = whole(client, url_of(customer), k=3, collapse="none", plan_bonus=WEIGHT)
    status, out, _ = run(
        capsys, "recommend", customer, "-k", 3, "--collapse", "none", "--plan-bonus", WEIGHT,
        "--workspace", workspace, "--json",
    )  # fmt: skip
    assert status == 0
    assert json.loads(out)["lists"][0]["recommendations"] == served["recommendations"]


def test_a_plan_that_knows_later_days_is_left_aside(market: Path) -> None:
    workspace = Workspace.open(market)
    plan = latest_plan(workspace)
    assert plan is not None
    assert bonus_as_of(workspace, plan.as_of) is not None
    assert bonus_as_of(workspace, plan.as_of - 1) is None
