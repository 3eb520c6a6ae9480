"""`atelier plan --demand …`: files in, files out, and nothing written where anything is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.api.test_cli import run
from tests.production.plans.test_files import DEMAND, write

COLUMNS = [
    "variant_id", "quantity", "expected_shortage", "expected_leftover", "stockout_probability",
]  # fmt: skip
SUMMARY = [
    "expected_cost", "bound", "gap", "shadow_prices", "used", "solve_seconds", "status",
]  # fmt: skip


def words(folder: Path, **texts: str) -> list[object]:
    """The command line for the four files."""
    flags: list[object] = ["plan", "--out", folder / "plan.csv"]
    for name, path in write(folder, **texts).items():
        flags += [f"--{name}", path]
    return flags


def test_a_plan_from_files_is_written_with_its_summary(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    status, out, err = run(capsys, *words(tmp_path), "--json", tmp_path / "summary.json")
    assert (status, out) == (0, ""), err
    plan = pd.read_csv(tmp_path / "plan.csv")
    assert list(plan.columns) == COLUMNS
    assert plan["variant_id"].tolist() == ["a", "b"]
    assert plan["quantity"].dtype == "int64"
    assert plan["quantity"][0] % 5 == 0
    summary = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    assert list(summary) == SUMMARY
    assert summary["status"] == "optimal"
    assert set(summary["shadow_prices"]) == set(summary["used"]) == {"cloth", "hours"}
    assert summary["used"]["hours"] == 2 * plan["quantity"][0] + plan["quantity"][1] <= 60
    assert summary["bound"] <= summary["expected_cost"]


def test_continuous_plans_and_other_capacities(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    line = [*words(tmp_path), "--continuous", "--capacity", "hours=50"]
    status, out, _ = run(capsys, *line, "--json")
    assert status == 0
    summary = json.loads(out)
    assert summary["used"]["hours"] == pytest.approx(50)
    assert summary["gap"] < 1e-9
    assert summary["shadow_prices"]["hours"] > 0
    assert summary["shadow_prices"]["cloth"] == 0
    status, out, _ = run(capsys, *line)
    assert status == 0
    assert "optimal" in out


def test_the_order_of_rows_and_columns_changes_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(capsys, *words(tmp_path))[0] == 0
    first = (tmp_path / "plan.csv").read_bytes()
    header, b, a = (line.split(",") for line in DEMAND.splitlines())
    turned = "\n".join(",".join(row[::-1]) for row in (header, a, b)) + "\n"
    assert run(capsys, *words(tmp_path, demand=turned))[0] == 0
    assert (tmp_path / "plan.csv").read_bytes() == first


@pytest.mark.parametrize(
    ("texts", "code"),
    [
        ({"demand": DEMAND.replace("30", "nan")}, "production.bad-demand"),
        ({"resources": "resource_id,capacity\nhours,-1\ncloth,1\n"}, "production.bad-resources"),
        ({"lots": "variant_id,minimum\na,100\n"}, "production.infeasible"),
        ({"usage": "variant_id,resource_id\na,hours\n"}, "data.source"),
    ],
)
def test_where_anything_is_wrong_no_file_is_written(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, texts: dict[str, str], code: str
) -> None:
    line = [*words(tmp_path, **texts), "--json", tmp_path / "summary.json"]
    status, out, err = run(capsys, *line)
    assert status == 1
    assert json.loads(out)["error"]["code"] == code
    assert "where:" in err
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        ["demand.csv", "lots.csv", "resources.csv", "usage.csv"]
    )


def test_both_files_are_written_or_neither(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    line = [*words(tmp_path), "--json", tmp_path / "none" / "summary.json"]
    assert run(capsys, *line)[0] == 1
    assert not (tmp_path / "plan.csv").exists()


def test_half_a_command_line_is_a_usage_error(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    files = write(tmp_path)
    assert run(capsys, "plan", "--demand", files["demand"])[0] == 2
    assert run(capsys, *words(tmp_path), "--horizon", "3")[0] == 2
    assert run(capsys, "plan", "--continuous")[0] == 2
