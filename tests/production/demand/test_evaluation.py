from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.errors import OutsideData
from data.workspace import Workspace
from production.demand.evaluation import PREDICTION_COLUMNS, DemandEvaluation, evaluate_demand
from production.demand.forecasters import method_names
from production.demand.metrics import FIGURES, QUANTILES, figures
from production.demand.origins import past_origins
from production.demand.reading import read_panel
from production.errors import TooLittleHistory, UnknownMethod
from tests.paths import SHARED
from tests.production import markets

REAL = SHARED / "online_retail_ii/online_retail_2009_2010.csv.gz"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    made = Workspace.create(tmp_path_factory.mktemp("shop") / "w")
    made.write({"orders": markets.orders(), "variants": markets.catalogue()})
    return made


@pytest.fixture(scope="module")
def found(shop: Workspace) -> DemandEvaluation:
    return evaluate_demand(shop, horizon=4, origins=4, step=4)


def rows(mean: list[float], actual: list[float], *, half_width: float = 0.0) -> pd.DataFrame:
    table = pd.DataFrame({"mean": mean, "actual": actual})
    for place, name in enumerate(QUANTILES):
        table[name] = table["mean"] + (place - 3) * half_width / 3
    return table


def test_known_figures() -> None:
    got = figures(rows([10.0, 20.0], [12.0, 16.0], half_width=3.0))
    assert got["wape_q50"] == pytest.approx(6 / 28)
    assert got["wape_mean"] == pytest.approx(6 / 28)
    assert got["bias"] == pytest.approx(30 / 28 - 1)
    assert got["rmse"] == pytest.approx(np.sqrt(10.0))
    assert got["coverage_90"] == 0.5  # 12 in 7..13, 16 not in 17..23
    assert got["coverage_50"] == 0.0
    assert (got["below_05"], got["above_95"]) == (0.5, 0.0)


def test_a_perfect_forecast_has_no_loss() -> None:
    got = figures(rows([3.0, 4.0], [3.0, 4.0]))
    assert got == {name: 1.0 if name.startswith("coverage") else 0.0 for name in FIGURES}


def test_shares_of_no_demand_are_not_a_number() -> None:
    assert figures(rows([1.0], [0.0]))["wape_q50"] is None


def test_origins_that_do_not_fit_are_refused_with_how_many_do(shop: Workspace) -> None:
    panel = read_panel(shop)
    week = np.timedelta64(7, "D")
    assert past_origins(panel, horizon=4, origins=2, step=3) == [
        panel.end - 7 * week,
        panel.end - 4 * week,
    ]
    most = (len(panel.periods) - 5) // 2 + 1
    assert past_origins(panel, horizon=4, origins=most, step=2)[0] > panel.periods[0]
    with pytest.raises(OutsideData, match="do not fit") as caught:
        past_origins(panel, horizon=4, origins=most + 1, step=2)
    assert f"1 to {most} origins" in caught.value.fix


def test_the_last_origin_ends_with_the_data(found: DemandEvaluation) -> None:
    weeks = [int((origin - markets.START) / markets.WEEK) for origin in found.origins]
    assert weeks == [54, 58, 62, 66]


def test_predictions_carry_what_came(found: DemandEvaluation) -> None:
    rows = found.predictions
    assert tuple(rows.columns) == PREDICTION_COLUMNS
    assert not rows.isna().any().any()
    panel = markets.panel()
    one = rows[(rows["method"] == "atelier") & (rows["origin"] == str(found.origins[-1]))]
    assert one["actual"].sum() == panel.units[:, 66:].sum()
    assert not rows.duplicated(["method", "origin", "variant_id"]).any()


def test_json_holds_every_figure_by_method_slice_and_origin(found: DemandEvaluation) -> None:
    told = json.loads(json.dumps(found.to_json(), allow_nan=False))
    table = pd.DataFrame(told["methods"])
    overall = table[(table["origin"] == "all") & (table["slice"] == "all")]
    assert set(overall["method"]) == set(method_names())
    assert set(FIGURES) <= set(table)
    mine = table[(table["method"] == "atelier") & (table["slice"] == "all")]
    by_origin = mine[mine["origin"] != "all"]
    whole = mine[mine["origin"] == "all"].iloc[0]
    assert whole["wape_q50"] == pytest.approx(by_origin["wape_q50"].mean())


def test_a_method_without_enough_weeks_is_said_to_be_unavailable(
    found: DemandEvaluation,
) -> None:
    assert [(row["method"], row["origin"]) for row in found.unavailable] == [
        ("same_weeks_last_year", str(found.origins[0]))
    ]
    assert "needs 56 weeks" in found.unavailable[0]["reason"]


def test_intervals_hold_their_ratio(found: DemandEvaluation) -> None:
    overall = [row for row in found.comparisons if row["slice"] == "all"]
    assert {row["against"] for row in overall} == set(method_names()) - {"atelier"}
    assert {row["figure"] for row in overall} == {"wape_q50", "pinball", "rmse"}
    for row in overall:
        low, high = row["interval"]
        assert 0 < low <= row["ratio"] <= high


def test_ratios_are_of_the_figures_beside_them(found: DemandEvaluation) -> None:
    table = {(row["method"], row["slice"]): row for row in found.methods if row["origin"] == "all"}
    for row in found.comparisons:
        mine, theirs = (table[method, row["slice"]] for method in (row["method"], row["against"]))
        if mine["origins"] == theirs["origins"] == row["origins"]:
            expected = mine[row["figure"]] / theirs[row["figure"]]
            assert row["ratio"] == pytest.approx(expected), row


def test_the_pooled_bias_is_that_of_all_units(found: DemandEvaluation) -> None:
    rows = found.predictions
    mine = rows[rows["method"] == "mean_8_weeks"]
    told = next(
        row for row in found.methods
        if (row["method"], row["slice"], row["origin"]) == ("mean_8_weeks", "all", "all")
    )  # fmt: skip
    assert told["bias_pooled"] == pytest.approx(mine["mean"].sum() / mine["actual"].sum() - 1)


def test_errors_by_period_are_pooled_over_origins(found: DemandEvaluation) -> None:
    told = {row["method"]: row for row in found.by_period}
    assert told["atelier"]["ratio"] is None
    assert told["mean_8_weeks"]["origins"] == 4
    low, high = told["mean_8_weeks"]["ratio_interval"]
    assert low <= told["mean_8_weeks"]["ratio"] <= high


def test_methods_can_be_picked(shop: Workspace) -> None:
    one = evaluate_demand(shop, origins=1, methods=["last_4_weeks"])
    assert set(one.predictions["method"]) == {"last_4_weeks"}
    with pytest.raises(UnknownMethod):
        evaluate_demand(shop, origins=1, methods=["guess"])


@pytest.mark.parametrize(("origins", "step"), [(40, 4), (0, 4), (2, 0), (-1, 4)])
def test_more_origins_than_weeks_are_refused(shop: Workspace, origins: int, step: int) -> None:
    with pytest.raises(OutsideData, match="origins"):
        evaluate_demand(shop, origins=origins, step=step)


def test_an_origin_that_no_method_can_stand_on_is_refused(shop: Workspace) -> None:
    with pytest.raises(TooLittleHistory, match="No method"):
        evaluate_demand(shop, origins=1, horizon=26, methods=["same_weeks_last_year"])


@pytest.mark.slow
@pytest.mark.skipif(not REAL.exists(), reason="Online Retail II is not in ../shared/data")
def test_the_default_beats_every_reference_on_real_orders(tmp_path: Path) -> None:
    from data.importing import import_files
    from data.mapping import load_mapping

    import_files([REAL], load_mapping("online_retail_ii"), tmp_path / "w")
    found = evaluate_demand(Workspace.open(tmp_path / "w"))
    for row in found.comparisons:
        assert row["interval"][1] < 1, row
    overall = {
        row["method"]: row
        for row in found.methods
        if row["origin"] == "all" and row["slice"] == "all"
    }
    assert overall["atelier"]["wape_q50"] < 0.9 * overall["exponential_smoothing"]["wape_q50"]
    assert 0.85 < overall["atelier"]["coverage_90"] < 0.95
