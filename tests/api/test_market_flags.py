"""Demand by day, what is known of the market, scenarios, and the report of factors."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from data.tables import MARKET, ORDERS
from data.workspace import Workspace
from tests.api.test_cli import answered, refused, run

FAST = ("--method", "exponential_smoothing")


def scenario(path: Path, **columns: object) -> Path:
    pd.DataFrame(columns).to_csv(path, index=False)
    return path


def coming(workspace: Path, days: int = 7) -> list[str]:
    """The days after the workspace's last order."""
    end = Workspace.open(workspace).read(ORDERS)["ordered_at"].max().normalize()
    return [str((end + pd.Timedelta(days=step)).date()) for step in range(1, days + 29)]


def test_a_forecast_by_day_counts_days(capsys: pytest.CaptureFixture[str], workspace: Path) -> None:
    found = answered(capsys, "forecast", "-w", workspace, "--period", "day", "--horizon", 5, *FAST)
    assert (found["period"], found["horizon"]) == ("day", 5)
    status, out, _ = run(
        capsys, "forecast", "-w", workspace, "--period", "day", "--horizon", 5, *FAST
    )
    assert status == 0
    assert "over 5 days from" in out


def test_every_factor_is_reported(capsys: pytest.CaptureFixture[str], workspace: Path) -> None:
    found = answered(capsys, "forecast", "-w", workspace, "--method", "linear")
    columns = set(Workspace.open(workspace).read(MARKET)) - {"date", "region"}
    told = {factor["name"] for factor in found["factors"]}
    assert columns <= told
    assert all(factor["reason"] for factor in found["factors"])
    assert any(factor["effect"] is not None for factor in found["factors"])
    status, out, _ = run(capsys, "forecast", "-w", workspace, "--method", "linear", "--factors")
    assert status == 0
    assert "Market factors used" in out
    assert "season_sine" in out


def test_a_scenario_is_used_and_said(
    capsys: pytest.CaptureFixture[str], workspace: Path, tmp_path: Path
) -> None:
    days = coming(workspace)
    warm = scenario(tmp_path / "warm.csv", date=days, temperature=[30.0] * len(days))
    found = answered(capsys, "forecast", "-w", workspace, "--scenario", warm, *FAST)
    told = {factor["name"]: factor for factor in found["factors"]}
    assert told["temperature"]["future"] == "scenario"


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"date": ["2030-01-01"], "temprature": [1.0]}, "temprature"),
        ({"temperature": [1.0]}, "no row with a date"),
        ({"date": ["soon"], "temperature": [1.0]}, "'soon' is no date"),
        ({"date": ["2030-01-01"], "temperature": ["warm"]}, "holds numbers"),
    ],
)
def test_a_scenario_that_cannot_be_used_is_refused(
    capsys: pytest.CaptureFixture[str],
    workspace: Path,
    tmp_path: Path,
    columns: dict[str, object],
    message: str,
) -> None:
    path = scenario(tmp_path / "bad.csv", **columns)
    error = refused(capsys, "forecast", "-w", workspace, "--scenario", path, *FAST)
    assert error["code"] == "production.bad-regressors"
    assert message in error["what"]


def test_a_missing_scenario_is_refused(
    capsys: pytest.CaptureFixture[str], workspace: Path, tmp_path: Path
) -> None:
    error = refused(capsys, "forecast", "-w", workspace, "--scenario", tmp_path / "none.csv", *FAST)
    assert error["code"] == "production.bad-regressors"


def test_the_evaluation_says_what_was_known(
    capsys: pytest.CaptureFixture[str], workspace: Path, tmp_path: Path
) -> None:
    out = tmp_path / "figures.json"
    status, printed, _ = run(
        capsys, "evaluate", "demand", "-w", workspace, "--period", "day", "--horizon", 7,
        "--step", 7, "--origins", 2, "--known", "temp*", "--methods",
        "log_linear,same_weekday_last_week", "--json", out,
    )  # fmt: skip
    assert status == 0
    figures = json.loads(out.read_text())
    assert (figures["period"], figures["known"]) == ("day", ["temp*"])
    by_method = {row["method"]: row for row in figures["by_period"]}
    assert set(by_method) == {"log_linear", "same_weekday_last_week"}
    assert by_method["log_linear"]["rmse_total"] > 0
    assert "temp*" in printed


def test_plans_stay_weekly(capsys: pytest.CaptureFixture[str], workspace: Path) -> None:
    (workspace / "atelier.toml").write_text('[demand]\nperiod = "day"\n')
    error = refused(capsys, "plan", "-w", workspace)
    assert error["code"] == "production.bad-period"
    assert "--period day" in error["do"]


def test_settings_say_how_factors_are_prepared(
    capsys: pytest.CaptureFixture[str], workspace: Path
) -> None:
    (workspace / "atelier.toml").write_text(
        '[demand]\nselect = false\n[demand.ahead]\n"temp*" = "leave_out"\n'
        '[demand.missing]\n"*" = "interpolate"\n'
    )
    found = answered(capsys, "forecast", "-w", workspace, *FAST)
    told = {factor["name"]: factor for factor in found["factors"]}
    assert told["temperature"]["future"] == "left out"
    (workspace / "atelier.toml").write_text('[demand.ahead]\n"temp*" = "guess"\n')
    assert refused(capsys, "forecast", "-w", workspace, *FAST)["code"] == "api.settings"
