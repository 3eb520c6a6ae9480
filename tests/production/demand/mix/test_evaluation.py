from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.errors import OutsideData
from data.workspace import Workspace
from production.demand.mix.evaluation import (
    DEFAULT,
    METHODS,
    RAW,
    SHARE_COLUMNS,
    MixEvaluation,
    evaluate_mix,
    figures,
)
from production.demand.settings import DemandSettings
from production.errors import TooLittleHistory
from tests.production.markets import catalogue, orders

QUICK = DemandSettings(country="", preferences=False)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = Workspace.create(tmp_path_factory.mktemp("mix") / "w")
    workspace.write({"orders": orders(weeks=40), "variants": catalogue()})
    return workspace


@pytest.fixture(scope="module")
def found(workspace: Workspace) -> MixEvaluation:
    return evaluate_mix(workspace, origins=3, settings=QUICK)


def test_every_method_splits_every_style_at_every_origin(found: MixEvaluation) -> None:
    shares = found.shares
    assert tuple(shares.columns) == SHARE_COLUMNS
    assert tuple(shares["method"].unique()) == METHODS
    sums = shares.groupby(["method", "origin", "style_id"])["share"].sum()
    np.testing.assert_allclose(sums, 1)
    assert len(sums) == len(METHODS) * len(found.origins) * 8


def test_the_raw_share_is_its_own_reference_and_json_holds_no_nan(found: MixEvaluation) -> None:
    told = found.to_json()
    raw = [row for row in told["methods"] if row["method"] == RAW]
    assert {row["ratio"] for row in raw} == {1.0}
    assert all(row["coverage"] is None for row in raw)
    default = next(
        row for row in told["methods"] if row["method"] == DEFAULT and row["slice"] == "all"
    )
    assert 0.75 <= default["coverage"] <= 1
    assert default["interval"][0] <= default["ratio"] <= default["interval"][1]


def test_the_error_is_the_definitions(found: MixEvaluation) -> None:
    row = next(row for row in found.figures if row["method"] == DEFAULT and row["slice"] == "all")
    mine = found.shares[found.shares["method"] == DEFAULT]
    error = 0.0
    for _, style in mine.groupby(["origin", "style_id"]):
        error += (style["share"] * style["units"].sum() - style["units"]).abs().sum()
    assert row["share_error"] == pytest.approx(error / mine["units"].sum())


def test_known_shares_have_no_error() -> None:
    frame = pd.DataFrame(
        {
            "origin": "2024-01-01", "style_id": "s", "variant_id": ["a", "b"], "sparse": True,
            "share": [0.25, 0.75], "low": 0.0, "high": 1.0, "units": [5.0, 15.0],
        }
    )  # fmt: skip
    wrong = frame.assign(share=[0.5, 0.5])
    shares = pd.concat([
        (frame if name == DEFAULT else wrong).assign(method=name) for name in METHODS
    ])  # fmt: skip
    by_method = {row["method"]: row for row in figures(shares, seed=0) if row["slice"] == "all"}
    assert by_method[DEFAULT]["share_error"] == 0
    assert by_method[RAW]["share_error"] == pytest.approx(0.5)
    assert by_method[DEFAULT]["ratio"] == 0


def test_what_comes_after_an_origin_changes_no_share(tmp_path: Path, found: MixEvaluation) -> None:
    lines = orders(weeks=40)
    first = found.origins[0].astype("datetime64[us]")
    late = lines["ordered_at"] >= first
    spoilt = Workspace.create(tmp_path / "w")
    spoilt.write(
        {
            "orders": lines.assign(quantity=lines["quantity"].where(~late, 9)),
            "variants": catalogue(),
        }
    )
    again = evaluate_mix(spoilt, origins=3, settings=QUICK)
    at = str(found.origins[0])
    before, after = (one.shares[one.shares["origin"] == at] for one in (found, again))
    pd.testing.assert_frame_equal(
        before.drop(columns="units"), after.drop(columns="units"), check_like=True
    )


def test_styles_of_one_variant_each_are_refused(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "w")
    workspace.write({"orders": orders(weeks=40)})
    with pytest.raises(TooLittleHistory, match="two or more variants"):
        evaluate_mix(workspace, origins=2, settings=QUICK)


def test_more_origins_than_weeks_are_refused(workspace: Workspace) -> None:
    with pytest.raises(OutsideData):
        evaluate_mix(workspace, origins=30, settings=QUICK)
