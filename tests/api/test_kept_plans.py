"""Plans that are kept: over HTTP and on the command line, as a planner uses them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from api.service.app import create_app
from api.service.engine import Engine
from api.settings import load_settings
from api.work import plan_and_save
from data.store.api_keys import make_key
from data.workspace import Workspace
from production.demand.saved import latest_forecast_id, load_forecast
from production.plans.saved import load_plan
from tests.api.client import Client
from tests.api.test_cli import answered, refused, run


def planned(root: Path, *, overtime: bool = True, **capacity: float) -> str:
    """A plan of the forecast that is kept: learning it again would take seconds."""
    opened = Workspace.open(root)
    forecast = load_forecast(opened, latest_forecast_id(opened) or "").forecast
    made = plan_and_save(
        opened, load_settings(root), forecast=forecast, capacity=capacity, overtime=overtime
    )
    return made.plan_id


@pytest.fixture
def first(workspace: Path) -> str:
    return (workspace / "plans" / "latest").read_text().strip()


def lines(root: Path, plan_id: str) -> dict[str, dict[str, Any]]:
    rows: list[Any] = load_plan(Workspace.open(root), plan_id).lines.to_dict(orient="records")
    return {row["variant_id"]: dict(row) for row in rows}


def largest(root: Path, plan_id: str) -> tuple[str, int]:
    row = max(lines(root, plan_id).values(), key=lambda one: one["quantity"])
    return row["variant_id"], row["quantity"]


class TestService:
    def test_an_override_is_kept_enters_the_next_plan_and_is_told_in_the_diff(
        self, client: Client, workspace: Path, first: str
    ) -> None:
        variant, quantity = largest(workspace, first)
        body = {"variant_id": variant, "quantity": quantity - 5, "by": "Ann", "why": "recalled"}
        stored = client.post("/v1/overrides", json=body)
        assert stored.status_code == 201
        assert stored.json()["until"] is None
        listed = client.get("/v1/overrides").json()["overrides"]
        assert [(one["variant_id"], one["stands"]) for one in listed] == [(variant, True)]
        second = planned(workspace)
        assert lines(workspace, second)[variant]["quantity"] == quantity - 5
        found = client.get(f"/v1/plans/{second}/diff?against={first}").json()
        line = next(one for one in found["lines"] if one["variant_id"] == variant)
        assert line["change"] == line["override"] == -5
        assert "recalled" in line["why"]
        assert "Ann" in line["why"]
        causes = ("demand", "costs", "lots", "capacity", "override", "other")
        for one in found["lines"]:
            assert sum(one[cause] for cause in causes) == one["change"]
        cleared = client.post("/v1/overrides", json=body | {"quantity": None, "why": "found"})
        assert cleared.status_code == 201
        assert client.get("/v1/overrides").json()["overrides"] == []
        assert len(client.get("/v1/overrides?every=true").json()["overrides"]) == 2

    def test_an_override_whose_last_day_is_over_stands_no_more(
        self, engine: Engine, client: Client, workspace: Path, first: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        shanghai = load_settings(workspace, timezone="Asia/Shanghai")
        monkeypatch.setattr(engine.ordering, "settings", shanghai)
        until, variant = date(2026, 3, 2), largest(workspace, first)[0]
        body = {"variant_id": variant, "quantity": 5, "by": "Ann", "why": "fair"}
        client.post("/v1/overrides", json=body | {"until": until.isoformat()})
        for moment, stands in (("15:59", True), ("16:00", False)):  # midnight there
            now = datetime.fromisoformat(f"{until}T{moment}Z")
            monkeypatch.setattr(engine.ordering, "clock", lambda now=now: now)
            every = client.get("/v1/overrides?every=true").json()["overrides"]
            assert [one["stands"] for one in every] == [stands]
            assert len(client.get("/v1/overrides").json()["overrides"]) == stands

    def test_what_cannot_be_is_a_problem_that_names_it(self, client: Client, first: str) -> None:
        body = {"variant_id": "nothing", "quantity": 1, "by": "Ann", "why": "x"}
        unknown = client.post("/v1/overrides", json=body)
        assert (unknown.status_code, unknown.json()["code"]) == (422, "production.bad-override")
        missing = client.get(f"/v1/plans/{first}/diff?against=nothing")
        assert (missing.status_code, missing.json()["code"]) == (404, "production.unknown-plan")
        asked = client.post(f"/v1/plans/{first}/what-if", json={})
        assert (asked.status_code, asked.json()["code"]) == (422, "production.bad-change")
        both = {"capacity": {"sewing": {"factor": 1, "amount": 2}}}
        asked = client.post(f"/v1/plans/{first}/what-if", json=both)
        assert asked.json()["where"] == "body.capacity.sewing"
        half = {"groups": [{"column": "size", "demand": 2}]}
        assert client.post(f"/v1/plans/{first}/what-if", json=half).status_code == 422

    def test_an_override_beyond_the_resources_names_the_resource(
        self, client: Client, workspace: Path, first: str
    ) -> None:
        variant, _ = largest(workspace, first)
        planned(workspace, overtime=False)
        body = {"variant_id": variant, "quantity": 900_000, "by": "Ann", "why": "x"}
        refusal = client.post("/v1/overrides", json=body)
        assert (refusal.status_code, refusal.json()["code"]) == (422, "production.infeasible")
        assert refusal.json()["where"].startswith("resource '")
        assert variant in refusal.json()["detail"]
        assert client.get("/v1/overrides").json()["overrides"] == []

    def test_a_what_if_answers_by_variant_and_resource_and_saves_nothing(
        self, client: Client, workspace: Path, first: str
    ) -> None:
        before = sorted(path.name for path in (workspace / "plans").iterdir())
        style = next(iter(lines(workspace, first).values()))["style_id"]
        request = {
            "groups": [{"column": "style_id", "values": [style], "demand": 3.0}],
            "lines": 3,
        }
        found = client.post(f"/v1/plans/{first}/what-if", json=request).json()
        assert 0 < len(found["lines"]) <= 3
        assert found["cost_after"] <= found["cost_kept"]
        assert {one["resource_id"] for one in found["resources"]}
        resource = found["resources"][0]["resource_id"]
        wider = {"capacity": {resource: {"factor": 2.0}}}
        again = client.post(f"/v1/plans/{first}/what-if", json=wider).json()
        assert again["resources"][0]["capacity_after"] == (
            2 * again["resources"][0]["capacity_before"]
        )
        assert sorted(path.name for path in (workspace / "plans").iterdir()) == before

    def test_a_what_if_of_a_plan_by_week_says_what_it_compares_with(
        self, client: Client, capsys: pytest.CaptureFixture[str], workspace: Path, first: str
    ) -> None:
        body = {"groups": [{"demand": 1.1}]}
        assert client.post(f"/v1/plans/{first}/what-if", json=body).json()["notes"] == []
        weekly = client.post("/v1/plans", json={"weekly": True}).json()["plan_id"]
        [note] = client.post(f"/v1/plans/{weekly}/what-if", json=body).json()["notes"]
        assert "made by week" in note
        ask = ("plan", "what-if", weekly, "--demand", "all=110%", "-w", workspace)
        assert answered(capsys, *ask)["notes"] == [note]
        assert "made by week" in run(capsys, *ask)[1]

    def test_a_release_holds_and_is_listed(
        self, client: Client, workspace: Path, first: str
    ) -> None:
        done = client.post(f"/v1/plans/{first}/release", json={"by": "Ann"})
        assert (done.status_code, done.json()["supersedes"]) == (201, [])
        again = client.post(f"/v1/plans/{first}/release", json={"by": "Ben"})
        assert (again.status_code, again.json()["code"]) == (409, "production.plan-released")
        second = planned(workspace)
        assert {row["reason_code"] for row in lines(workspace, second).values()} == {"released"}
        superseding = client.post(f"/v1/plans/{second}/release", json={"by": "Ben", "note": "n"})
        assert superseding.json()["supersedes"] == [first]
        found = client.get("/v1/plans").json()
        assert found["total"] == 2
        stands = {one["plan_id"]: one["release"]["in_force"] for one in found["plans"]}
        assert stands == {first: False, second: True}
        assert [one["plan_id"] for one in found["plans"] if one["latest"]] == [second]
        pages = [client.get(f"/v1/plans?limit=1&offset={n}").json()["plans"] for n in range(3)]
        assert [len(page) for page in pages] == [1, 1, 0]

    def test_a_plan_that_cannot_be_read_says_so_in_the_list(
        self, client: Client, workspace: Path, first: str
    ) -> None:
        (workspace / "plans" / first / "plan.json").write_text("{")
        (found,) = client.get("/v1/plans").json()["plans"]
        assert found["units"] is None
        assert "altered or incomplete" in found["refused"]

    def test_records_keep_the_key_that_they_were_sent_with(
        self, capsys: pytest.CaptureFixture[str], engine: Engine, client: Client,
        workspace: Path, first: str,
    ) -> None:  # fmt: skip
        variant, second = largest(workspace, first)[0], planned(workspace, units=900.0)
        said = {"variant_id": variant, "quantity": 5, "by": "Ann", "why": "fair"}
        opened = client.post("/v1/overrides", json=said).json()
        assert (opened["by"], opened["key_id"]) == ("Ann", None)
        assert (
            client.post(f"/v1/plans/{first}/release", json={"by": "Ann"}).json()["key_id"] is None
        )
        made, text = make_key(
            engine.store, "desk", "planner", now=datetime.now(UTC).replace(tzinfo=None)
        )
        key = {"authorization": f"Bearer {text}"}
        client = Client(create_app(engine))
        stored = client.post("/v1/overrides", json=said, headers=key)
        assert (stored.status_code, stored.json()["key_id"]) == (201, made.key_id)
        listed = client.get("/v1/overrides?every=true", headers=key).json()["overrides"]
        assert [one["key_id"] for one in listed] == [None, made.key_id]
        done = client.post(f"/v1/plans/{second}/release", json={"by": "Ann"}, headers=key).json()
        assert done["key_id"] == made.key_id
        told = {
            one["plan_id"]: one["release"]
            for one in client.get("/v1/plans", headers=key).json()["plans"]
        }
        assert (told[first]["key_id"], told[second]["key_id"]) == (None, made.key_id)
        named = client.post("/v1/overrides", json=said | {"key_id": "another"}, headers=key)
        assert named.status_code == 422
        for words in (("overrides",), ("list",), ("show", second)):
            status, out, _ = run(capsys, "plan", *words, "-w", workspace)
            assert (status, made.key_id in out) == (0, True)


class TestCommands:
    def test_a_planners_week(
        self, capsys: pytest.CaptureFixture[str], workspace: Path, first: str
    ) -> None:
        variant, quantity = largest(workspace, first)
        at = ("-w", workspace)
        said = answered(
            capsys, "plan", "override", variant, quantity + 3, "--by", "Ann", "--why", "fair", *at
        )
        assert (said["quantity"], said["by"]) == (quantity + 3, "Ann")
        second = planned(workspace)
        found = answered(capsys, "plan", "diff", first, "latest", *at, "--variant", variant)
        assert found["causes"]["override"] == sum(one["override"] for one in found["lines"])
        assert "Ann" in found["why"]
        status, out, _ = run(capsys, "plan", "diff", first, second, *at)
        assert status == 0
        assert "by override (Set to" in out
        done = answered(capsys, "plan", "release", "latest", "--by", "Ben", "--note", "go", *at)
        assert done["plan_id"] == second
        status, out, _ = run(capsys, "plan", "list", *at)
        assert status == 0
        assert "by Ben on" in out
        shown = answered(capsys, "plan", "show", *at)
        assert shown["plan_id"] == second
        assert shown["release"]["note"] == "go"
        status, out, _ = run(capsys, "plan", "show", first, *at)
        assert status == 0
        assert first in out
        answered(capsys, "plan", "override", variant, "--clear", "--by", "Ann", "--why", "x", *at)
        assert answered(capsys, "plan", "overrides", *at)["overrides"] == []
        assert len(answered(capsys, "plan", "overrides", "--all", *at)["overrides"]) == 2
        status, out, _ = run(capsys, "plan", "overrides", "--all", *at)
        assert "cleared" in out

    def test_what_is_over_stands_no_more(
        self, capsys: pytest.CaptureFixture[str], workspace: Path, first: str
    ) -> None:
        (workspace / "atelier.toml").write_text('timezone = "Pacific/Kiritimati"\n')
        today = datetime.now(ZoneInfo("Pacific/Kiritimati")).date()
        variant, at = largest(workspace, first)[0], ("-w", workspace)
        ask = ("plan", "override", variant, 5, "--by", "Ann", "--why", "fair", *at, "--until")
        answered(capsys, *ask, today)
        assert answered(capsys, "plan", "overrides", *at)["overrides"][0]["stands"]
        answered(capsys, *ask, today - timedelta(days=1))
        assert answered(capsys, "plan", "overrides", *at)["overrides"] == []
        every = answered(capsys, "plan", "overrides", "--all", *at)["overrides"]
        assert [one["stands"] for one in every] == [False, False]

    def test_what_if_takes_groups_percentages_and_amounts(
        self, capsys: pytest.CaptureFixture[str], workspace: Path, first: str
    ) -> None:
        row = next(iter(lines(workspace, first).values()))
        ask = ("plan", "what-if", first, "-w", workspace)
        more = answered(capsys, *ask, "--demand", f"style_id={row['style_id']}=150%")
        assert more["moved"] > 0
        assert more["plan_id"] == first
        mixed = answered(
            capsys, *ask, "--promotion", "all=120%,95%",
            "--price", f"variant_id={row['variant_id']}=1", "--unit-cost", "all=101%",
            "--capacity", "units=100", "--lines", 2,
        )  # fmt: skip
        assert mixed["units_after"] <= 100
        assert len(mixed["lines"]) == 2
        status, out, _ = run(capsys, *ask, "--demand", "all=110%")
        assert status == 0
        assert "if the plan stayed as it is" in out

    @pytest.mark.parametrize(
        ("words", "told"),
        [
            (("what-if", "--demand", "all=2"), "no percentage"),
            (("what-if", "--demand", "red=150%"), "names no group"),
            (("what-if", "--price", "all=x"), "neither an amount nor a percentage"),
            (("what-if", "--capacity", "sewing"), "RESOURCE=TO"),
            (("what-if", "--promotion", "all=150%"), "PERCENT%,TO"),
            (("override", "v", "--by", "Ann", "--why", "x"), "--clear"),
            (("override", "v", "3", "--clear", "--by", "Ann", "--why", "x"), "--clear"),
            (("override", "v", "3", "--why", "x"), "--by"),
            (("--horizon", "3", "list"), "Write it behind 'list'"),
        ],
    )
    def test_what_the_command_line_cannot_take_is_a_usage_error(
        self, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], told: str
    ) -> None:
        status, _, err = run(capsys, "plan", *words)
        assert status == 2
        assert told in err

    def test_plans_of_earlier_versions_say_what_to_do(
        self, capsys: pytest.CaptureFixture[str], workspace: Path, first: str
    ) -> None:
        path = workspace / "plans" / first / "plan.json"
        header = json.loads(path.read_text())
        del header["inputs"]
        path.write_text(json.dumps(header | {"format": 1}))
        error = refused(capsys, "plan", "what-if", "--demand", "all=110%", "-w", workspace)
        assert error["code"] == "production.bare-inputs"
        assert "atelier plan" in error["do"]
        assert answered(capsys, "plan", "show", "-w", workspace)["plan_id"] == first
