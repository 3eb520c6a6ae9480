from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from production.demand.market.table import market_table, refuse_unknown
from production.errors import BadRegressors


def test_days_and_regions_are_averaged_and_texts_become_shares() -> None:
    table = pd.DataFrame(
        {
            "date": np.array(["2024-01-01", "2024-01-01", "2024-01-07", "2024-01-15"],
                             "datetime64[us]"),
            "region": pd.array(["a", "b", "a", "a"], dtype="str"),
            "rain": [1.0, 2.0, 6.0, 5.0],
            "sky": pd.array(["clear", "grey", "clear", None], dtype="str"),
        }
    )  # fmt: skip
    found = market_table(table).by_period(0)
    assert found.index.tolist() == [pd.Timestamp(f"2024-01-{day:02d}") for day in (1, 8, 15)]
    np.testing.assert_allclose(found["rain"], [3.0, np.nan, 5.0])
    np.testing.assert_allclose(found["sky=clear"], [2 / 3, np.nan, np.nan])


def test_regions_weigh_by_what_they_had_ordered_before_the_origin() -> None:
    table = pd.DataFrame(
        {
            "date": np.array(["2024-01-01"] * 3, "datetime64[us]"),
            "region": pd.array(["north", "south", "moon"], dtype="str"),
            "rain": [1.0, 5.0, 99.0],
        }
    )
    sold = np.array([[3.0, 0.0], [1.0, 1000.0]])
    regions = np.array(["north", "south"], dtype=object)
    laid = market_table(table, sold=sold, regions=regions)
    assert laid.by_period(1)["rain"].iloc[0] == pytest.approx(2.0, abs=1e-3)
    assert laid.by_period(2)["rain"].iloc[0] > 4.9


def test_rows_without_a_region_hold_everywhere() -> None:
    table = pd.DataFrame(
        {
            "date": np.array(["2024-01-01", "2024-01-02"], "datetime64[us]"),
            "region": pd.array([None, None], dtype="str"),
            "rain": [1.0, 3.0],
        }
    )
    sold, regions = np.array([[3.0]]), np.array(["north"], dtype=object)
    assert market_table(table, sold=sold, regions=regions).by_period(1)["rain"].tolist() == [2.0]


def test_a_date_given_twice_counts_as_one_day() -> None:
    table = pd.DataFrame(
        {
            "date": np.array(["2024-01-01", "2024-01-01", "2024-01-02"], "datetime64[us]"),
            "rain": [1.0, 3.0, 4.0],
        }
    )
    assert market_table(table, 7).by_period(0)["rain"].tolist() == [2.0, 4.0]


def test_midnights_of_another_time_zone_are_the_same_days() -> None:
    local = pd.date_range("2024-03-25", "2024-04-07", freq="D", tz="Europe/Berlin")
    shifted = local.tz_convert("UTC").tz_localize(None)  # 23:00 of the day before, then 22:00
    values = np.arange(14.0)
    found = market_table(pd.DataFrame({"date": shifted, "rain": values}), 7).by_period(0)
    assert found.index[0] == pd.Timestamp("2024-03-25")
    assert found["rain"].tolist() == values.tolist()


def test_a_name_of_thousands_of_values_is_no_factor() -> None:
    days = pd.date_range("2020-01-01", periods=1200)
    table = pd.DataFrame({"date": days, "note": [f"n{place}" for place in range(1200)]})
    laid = market_table(table, 7)
    assert laid.names == ()
    assert "1,200 values" in laid.refused["note"]


def test_infinite_values_are_missing_ones() -> None:
    table = pd.DataFrame({"date": pd.date_range("2024-01-01", periods=3), "oil": [1.0, np.inf, 2]})
    assert market_table(table, 7).by_period(0)["oil"].isna().tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("scenario", "message"),
    [
        ({"date": ["2024-01-01"], "rainn": [1.0]}, "'rainn'"),
        ({"rain": [1.0]}, "no row with a date"),
        ({"date": [], "rain": []}, "no row with a date"),
        ({"date": ["2024-01-01"], "rain": ["heavy"]}, "holds numbers"),
    ],
)
def test_a_scenario_that_says_nothing_known_is_refused(
    scenario: dict[str, list[object]], message: str
) -> None:
    market = pd.DataFrame({"date": ["2024-01-01"], "rain": [1.0]})
    with pytest.raises(BadRegressors, match=message) as caught:
        refuse_unknown(pd.DataFrame(scenario), market)
    assert caught.value.fix
