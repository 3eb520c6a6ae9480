"""`atelier evaluate policy` on the logs of another program."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from api.cli import main


def files(folder: Path) -> tuple[Path, Path]:
    """300 lists of 2 places that show any of 4 variants; the policy always shows v3."""
    random = np.random.default_rng(0)
    log = pd.DataFrame(
        {
            "list_id": np.repeat([f"l{n}" for n in range(300)], 2),
            "customer_id": np.repeat([f"c{n // 2}" for n in range(300)], 2),
            "position": np.tile([1, 2], 300),
            "variant_id": [f"v{n}" for n in random.integers(4, size=600)],
            "propensity": 0.25,
        }
    )
    log["reward"] = (random.random(600) < 0.1 + 0.1 * (log["variant_id"] == "v3")).astype(int)
    policy = log[["list_id", "position"]].assign(variant_id="v3", probability=1)
    log.to_csv(folder / "log.csv", index=False)
    policy.to_parquet(folder / "policy.parquet", index=False)
    return folder / "log.csv", folder / "policy.parquet"


def test_a_policy_is_judged_from_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log, policy = files(tmp_path)
    main_of("--log", str(log), "--policy", str(policy), "--json", str(tmp_path / "out.json"))
    told = json.loads((tmp_path / "out.json").read_text())
    assert told["lists"] == 300
    assert told["customers"] == 150
    inside = told["estimates"]["doubly_robust"]
    assert inside["low"] <= 0.4 <= inside["high"]
    assert told["warnings"] == []
    shown = capsys.readouterr().out
    assert "doubly robust" in shown
    assert "Warning" not in shown


def test_a_log_that_never_tried_it_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log, policy = files(tmp_path)
    pd.read_parquet(policy).assign(variant_id="never").to_parquet(policy, index=False)
    main_of("--log", str(log), "--policy", str(policy))
    assert "Warning: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"propensity": "0"}, "log, column 'propensity'"),
        ({"position": "first"}, "log, column 'position'"),
        ({"reward": ""}, "log, column 'reward'"),
        (None, "log.csv"),
    ],
)
def test_bad_files_are_refused(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    change: dict[str, str] | None,
    where: str,
) -> None:
    log, policy = files(tmp_path)
    frame = pd.read_csv(log, dtype=str)
    frame = frame.drop(columns="propensity") if change is None else frame.assign(**change)
    frame.to_csv(log, index=False)
    assert main_of("--log", str(log), "--policy", str(policy)) == 1
    error = capsys.readouterr().err
    assert "Error: " in error
    assert where in error


def main_of(*arguments: str) -> object:
    """Run the command; its exit code."""
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", "policy", *arguments])
    return ended.value.code
