"""A kept report, the fast lane and the planner's page follow what the report is read from."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from api.output import to_json
from api.service.app import create_app
from api.service.engine import Engine, open_engine
from api.service.stamps import Watched
from api.settings import load_settings
from data.tables import ORDERS, VARIANTS
from data.workspace import Workspace
from production.configuration.attach.saved import save_attach
from production.plans.plan import Plan
from production.plans.saved import latest_plan, load_plan, save_plan
from production.report import build_report, render_json
from recsys.groups.groups import group_customers
from recsys.groups.saved import save_groups
from tests.api.client import Client
from tests.api.test_known_mixes import PATH, counted
from tests.api.test_planner import shown
from tests.production.test_report_options import RATES


@pytest.fixture(scope="module")
def root(market: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with an earlier plan beside the latest."""
    root = tmp_path_factory.mktemp("fresh") / "workspace"
    shutil.copytree(market, root)
    workspace = Workspace.open(root)
    plan = _latest(workspace)
    save_plan(workspace, replace(plan, plan_id="earlier", as_of=plan.as_of - 28))
    save_plan(workspace, plan)
    return root


@pytest.fixture
def engine(root: Path, tmp_path: Path) -> Iterator[Engine]:
    own = Path(shutil.copytree(root, tmp_path / "workspace"))
    with open_engine(own, load_settings(own, ready_lists=0)) as engine:
        yield engine


def imported(workspace: Workspace) -> None:
    orders = workspace.read(ORDERS)
    last = orders["ordered_at"] >= orders["ordered_at"].max().normalize()
    back = orders[last].assign(quantity=-1, reason="too small")
    workspace.write({"orders": pd.concat([orders, back], ignore_index=True)})


def renamed(workspace: Workspace) -> None:
    variants = workspace.read(VARIANTS)
    workspace.write({"variants": variants.assign(title="Renamed " + variants["title"])})


def composed(workspace: Workspace) -> None:
    style = str(workspace.read(VARIANTS)["style_id"].iloc[0])
    save_attach(workspace, {style: replace(RATES, style_id=style, until="2020-01-01")})


def grouped(workspace: Workspace) -> None:
    save_groups(workspace, group_customers(workspace))


def removed(workspace: Workspace) -> None:
    shutil.rmtree(workspace.root / "plans" / "earlier")


def unforecast(workspace: Workspace) -> None:
    shutil.rmtree(workspace.root / "forecasts" / _latest(workspace).forecast_id)


def _latest(workspace: Workspace) -> Plan:
    plan = latest_plan(workspace, inputs=True)
    assert plan is not None
    return plan


Change = Callable[[Workspace], None]
CHANGES = (imported, renamed, composed, grouped, removed, unforecast)


def anew(engine: Engine) -> dict[str, Any]:
    plan = _latest(engine.workspace)
    report = build_report(engine.workspace, plan, demand=engine.settings.demand)
    return render_json(report)


@pytest.mark.parametrize("change", CHANGES, ids=lambda one: one.__name__)
def test_what_a_report_is_read_from_is_seen_at_once(engine: Engine, change: Change) -> None:
    client, made = Client(create_app(engine)), counted(engine)
    before = [client.get(PATH).content for _ in range(3)]
    assert len(made) == 2  # the third is known
    change(engine.workspace)
    after = [client.get(PATH).content for _ in range(3)]
    assert len(made) == 4
    assert len({*before}) == len({*after}) == 1
    assert after[0] == to_json(anew(engine)).encode() != before[0]


def test_a_damaged_plan_of_the_past_takes_no_page_down(engine: Engine) -> None:
    client = Client(create_app(engine))
    shown(client, "/")
    (engine.workspace.root / "plans" / "earlier" / "plan.json").write_text("{}")
    imported(engine.workspace)
    assert "Left out" in shown(client, "/")
    report = client.get(PATH).json()
    assert "'earlier'" in report["notes"][0]
    assert report["decision"] is None
    assert client.get(f"{PATH}?format=html").status_code == 200
    assert client.get(f"{PATH}?against=earlier").json()["code"] == "production.plan-refused"


def test_a_release_is_seen_at_once(engine: Engine) -> None:
    client = Client(create_app(engine))
    told = [client.get(PATH).json()["decision"] for _ in range(3)]
    assert {(one["against"], one["against_released"]) for one in told} == {("earlier", False)}
    answer = client.post("/v1/plans/earlier/release", json={"by": "Ann"})
    assert answer.status_code == 201
    for _ in range(3):
        assert client.get(PATH).json()["decision"]["against_released"]


def test_the_planners_page_shows_what_was_imported(engine: Engine) -> None:
    client = Client(create_app(engine))
    assert "Renamed" not in shown(client, "/")
    renamed(engine.workspace)
    assert "Renamed" in shown(client, "/")
    style = load_plan(engine.workspace, str(engine.plans.latest_id())).lines["style_id"].iloc[0]
    assert "Renamed" in shown(client, f"/planner/style?id={style}")
    assert "Renamed" in shown(client, "/planner/search?q=renamed")


def test_a_file_counts_as_another_by_what_a_look_tells(tmp_path: Path) -> None:
    file, folder = tmp_path / "file", tmp_path / "folder"
    watched = Watched((file, folder))
    stamps = [watched.stamp()]
    assert stamps == [(None, None)]
    file.write_text("a")
    stamps.append(watched.stamp())
    folder.mkdir()
    stamps.append(watched.stamp())
    (tmp_path / "other").write_text("a")
    (tmp_path / "other").replace(file)
    stamps.append(watched.stamp())
    (folder / "version").mkdir()
    stamps.append(watched.stamp())
    assert watched.stamp() == stamps[-1]
    assert len({*stamps}) == len(stamps)
