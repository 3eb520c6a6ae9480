"""A plan's risk, on the command line and over HTTP."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

from api.risk import fresh_seed
from api.service.engine import Engine
from api.settings import load_settings
from data.workspace import Workspace
from production.plans.averse import MOST_CELLS
from production.plans.saved import latest_plan
from tests.api.client import Client
from tests.api.test_cli import answered, refused, run
from tests.api.test_service import problem


def latest_id(workspace: Path) -> str:
    plan = latest_plan(Workspace.open(workspace))
    assert plan is not None
    return plan.plan_id


class TestCommand:
    def test_a_person_reads_a_table_and_a_program_the_same_figures(
        self, capsys: pytest.CaptureFixture[str], workspace: Path
    ) -> None:
        found = answered(capsys, "plan", "risk", "-w", workspace, "--scenarios", 300)
        assert found["plan_id"] == latest_id(workspace)
        assert found["scenarios"] == 300
        assert found["tail_profit"]["mean"] < found["profit"]["p50"]
        assert found["cost"]["p50"] < found["tail_cost"]["mean"]
        named = answered(
            capsys, "plan", "risk", found["plan_id"], "-w", workspace, "--scenarios", 300
        )
        assert named == found
        status, out, _ = run(capsys, "plan", "risk", "-w", workspace, "--scenarios", 300)
        assert status == 0
        assert f"{found['tail_profit']['mean']:,.0f}" in out
        assert found["worst"][0]["variant_id"] in out

    def test_a_level_moves_the_tail(
        self, capsys: pytest.CaptureFixture[str], workspace: Path
    ) -> None:
        asked = ("plan", "risk", "-w", workspace, "--scenarios", 500, "--level")
        tails = [answered(capsys, *asked, level)["tail_profit"]["mean"] for level in (0, 0.5, 0.9)]
        assert tails == sorted(tails, reverse=True)
        assert tails[0] > tails[2]

    def test_no_plan_of_that_name_and_none_yet(
        self, capsys: pytest.CaptureFixture[str], workspace: Path
    ) -> None:
        error = refused(capsys, "plan", "risk", "no-such", "-w", workspace)
        assert error["code"] == "production.unknown-plan"
        shutil.rmtree(workspace / "forecasts")
        error = refused(capsys, "plan", "risk", "-w", workspace)
        assert error["code"] == "production.unknown-forecast"
        shutil.rmtree(workspace / "plans")
        assert refused(capsys, "plan", "risk", "-w", workspace)["code"] == "api.not-ready"

    @pytest.mark.parametrize("flag", [("--scenarios", 99), ("--level", 1), ("--level", -1)])
    def test_out_of_bounds_is_usage(
        self, capsys: pytest.CaptureFixture[str], workspace: Path, flag: tuple[str, float]
    ) -> None:
        assert run(capsys, "plan", "risk", "-w", workspace, *flag)[0] == 2


class TestPlanning:
    def test_a_flag_weighs_the_tail_and_no_weight_does_not(
        self, capsys: pytest.CaptureFixture[str], workspace: Path
    ) -> None:
        before = latest_id(workspace)
        same = answered(capsys, "plan", "-w", workspace, "--risk-weight", 0)
        assert same["plan_id"] == before
        flags = ("--risk-weight", 0.5, "--risk-level", 0.8, "--risk-of", "cost")
        found = answered(capsys, "plan", "-w", workspace, *flags)
        aversion = found["aversion"]
        assert (aversion["weight"], aversion["level"], aversion["of"]) == (0.5, 0.8, "cost")
        assert any(said.startswith("Risk-averse: ") for said in found["assumptions"])
        assert aversion["scenarios"] <= MOST_CELLS // len(found["lines"])
        risk = answered(capsys, "plan", "risk", "-w", workspace)
        assert risk["plan_id"] == found["plan_id"]
        assert risk["seed"] != aversion["seed"]

    def test_the_settings_weigh_it_too(
        self, capsys: pytest.CaptureFixture[str], workspace: Path
    ) -> None:
        (workspace / "atelier.toml").write_text("[risk]\nweight = 0.25\nscenarios = 200\n")
        found = answered(capsys, "plan", "-w", workspace, "--risk-level", 0.5)
        assert found["aversion"]["weight"] == 0.25
        assert found["aversion"]["level"] == 0.5
        assert found["aversion"]["scenarios"] == 200
        (workspace / "atelier.toml").write_text("[risk]\nweight = 2\n")
        error = refused(capsys, "plan", "-w", workspace)
        assert error["code"] == "api.settings"
        assert "risk.weight" in error["where"]

    @pytest.mark.parametrize(
        "words", [("--risk-weight", 2), ("--risk-level", 1), ("--risk-of", "luck")]
    )
    def test_out_of_bounds_is_usage(
        self, capsys: pytest.CaptureFixture[str], words: tuple[str, object]
    ) -> None:
        assert run(capsys, "plan", *words)[0] == 2

    def test_a_plan_from_files_has_no_draws(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        words = ("plan", "--demand", tmp_path / "demand.csv", "--risk-weight", 0.5)
        status, _, err = run(capsys, *words)
        assert status == 2
        assert "--risk-" in err


class TestService:
    def test_a_plans_risk_is_that_of_the_command(
        self, capsys: pytest.CaptureFixture[str], client: Client, workspace: Path
    ) -> None:
        plan_id = latest_id(workspace)
        answer = client.get(f"/v1/plans/{plan_id}/risk?scenarios=200&level=0.8")
        assert answer.status_code == 200, answer.text
        flags = ("--scenarios", 200, "--level", 0.8)
        assert answer.json() == answered(capsys, "plan", "risk", "-w", workspace, *flags)
        again = client.get(f"/v1/plans/{plan_id}/risk?scenarios=200&level=0.8")
        assert again.json() == answer.json()

    @pytest.mark.parametrize(
        "query",
        ["scenarios=99", "scenarios=10001", "level=1", "level=nan", "level=-0.1", "scenario=200",
         "level=0.5&level=0.6"],
    )  # fmt: skip
    def test_what_is_out_of_bounds_is_a_422(
        self, client: Client, workspace: Path, query: str
    ) -> None:
        problem(client.get(f"/v1/plans/{latest_id(workspace)}/risk?{query}"), 422, "api.invalid")

    def test_what_takes_too_long_for_a_request_is_a_422(
        self, client: Client, workspace: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("api.service.risks.MOST_CELLS", 1000)
        response = client.get(f"/v1/plans/{latest_id(workspace)}/risk")
        assert "Ask for at most" in problem(response, 422, "api.invalid")["do"]

    def test_a_plan_or_a_forecast_that_is_none_is_a_404(
        self, client: Client, workspace: Path
    ) -> None:
        problem(client.get("/v1/plans/no-such/risk"), 404, "production.unknown-plan")
        shutil.rmtree(workspace / "forecasts")
        response = client.get(f"/v1/plans/{latest_id(workspace)}/risk")
        problem(response, 404, "production.unknown-forecast")

    def test_many_at_once_are_told_to_come_back(
        self, engine: Engine, client: Client, workspace: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        begun, go = threading.Semaphore(0), threading.Event()
        monkeypatch.setattr("api.service.risks.MOST_WAITING", 0)
        engine.risks = type(engine.risks)(engine.workspace, engine.settings)

        def slow(*_: object, **__: object) -> None:
            begun.release()
            go.wait(10)
            raise ValueError

        monkeypatch.setattr("api.service.risks.load_plan", slow)
        first = threading.Thread(target=lambda: client.get("/v1/plans/a/risk"))
        first.start()
        begun.acquire(timeout=10)
        try:
            problem(client.get("/v1/plans/b/risk"), 503, "api.busy")
        finally:
            go.set()
            first.join()

    def test_a_request_may_weigh_the_tail(self, client: Client) -> None:
        made = client.post("/v1/plans", json={"risk_weight": 0.5, "risk_level": 0.75})
        assert made.status_code == 201, made.text
        aversion = made.json()["aversion"]
        assert (aversion["weight"], aversion["level"], aversion["of"]) == (0.5, 0.75, "profit")
        assert client.get(made.headers["location"]).json()["aversion"] == aversion
        assert client.post("/v1/plans", json={}).json()["aversion"] is None
        for wrong in ({"risk_weight": 1.5}, {"risk_level": 1}, {"risk_weight": "0.5"}):
            problem(client.post("/v1/plans", json=wrong), 422, "api.invalid")


def test_fresh_draws_are_never_those_that_a_plan_fits(workspace: Path) -> None:
    settings = load_settings(workspace)
    plan = latest_plan(Workspace.open(workspace))
    assert plan is not None
    assert fresh_seed(settings, plan) == 1
    last = settings.model_copy(update={"seed": 2**32 - 1})
    assert fresh_seed(last, plan) == 0
