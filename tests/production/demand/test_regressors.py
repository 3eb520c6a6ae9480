from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from production.demand.regressors import KNOWN_REGRESSORS, calendar, market_weeks, regressors_at
from production.errors import BadRegressors
from tests.production.markets import START, WEEK

WEEKS = START + WEEK * np.arange(60)


def daily(weeks: int = 70) -> pd.DataFrame:
    day = np.arange(7 * weeks)
    return pd.DataFrame(
        {
            "date": (START + day).astype("datetime64[us]"),
            "promotion": (day // 7 % 5 == 0).astype(float),
            "temperature": (day // 7).astype(float),
            "sky": pd.array(np.where(day // 7 % 4 == 0, "rain", "clear"), dtype="str"),
        }
    )


def at(market: pd.DataFrame, *, origin: int = 60, data_end: int = 66) -> tuple[pd.DataFrame, ...]:
    return regressors_at(
        market_weeks(market),
        weeks=WEEKS[:origin],
        horizon=4,
        data_end=START + data_end * WEEK,
        country="GB",
        known=KNOWN_REGRESSORS,
    )


def test_the_calendar_knows_christmas_and_holidays() -> None:
    weeks = np.array(["2010-10-11", "2010-12-20", "2010-12-27", "2010-05-31"], "datetime64[D]")
    found = calendar(weeks, "GB")
    assert found["christmas"].tolist() == [0.0, 1.0, 0.0, 0.0]
    # Christmas on Saturday, Boxing Day on Sunday; their substitutes; Spring Bank Holiday
    assert found["holidays"].tolist() == [0.0, 2.0, 3.0, 1.0]
    assert "holidays" not in calendar(weeks, "")


def test_an_unknown_country_is_refused() -> None:
    with pytest.raises(BadRegressors, match="'XX'"):
        calendar(WEEKS, "XX")


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
    found = market_weeks(table)
    assert found.index.tolist() == [pd.Timestamp(f"2024-01-{day:02d}") for day in (1, 8, 15)]
    np.testing.assert_allclose(found["rain"], [3.0, np.nan, 5.0])
    np.testing.assert_allclose(found["sky=clear"], [2 / 3, np.nan, np.nan])


def test_a_plan_is_known_ahead_and_weather_is_not() -> None:
    _, future = at(daily())
    assert future["promotion"].tolist() == [1.0, 0.0, 0.0, 0.0]
    # usual: the mean of the same week of last year and its neighbours
    assert future["temperature"].tolist() == [8.0, 9.0, 10.0, 11.0]


def test_without_a_year_the_usual_is_the_last_eight_weeks() -> None:
    _, future = at(daily(), origin=30)
    assert future["temperature"].tolist() == [25.5] * 4


def test_rows_after_the_last_order_are_a_scenario() -> None:
    _, future = at(daily(), data_end=60)
    assert future["temperature"].tolist() == [60.0, 61.0, 62.0, 63.0]


def test_a_table_that_ends_before_the_horizon_is_filled_with_the_usual() -> None:
    past, future = at(daily(weeks=58), data_end=60)
    assert past["temperature"].tolist()[-2:] == [57.0, 57.0]
    assert future.notna().all().all()
    assert future["temperature"].iloc[0] == 8.0


def test_factors_that_hardly_moved_are_left_out() -> None:
    table = daily().assign(constant=1.0)
    table["once"] = (np.arange(len(table)) == 9).astype(float)
    past, future = at(table)
    assert {"constant", "once"}.isdisjoint(past.columns)
    assert list(past.columns) == list(future.columns)


def test_a_column_named_like_a_calendar_term_is_kept_beside_it() -> None:
    past, future = at(daily().rename(columns={"temperature": "holidays"}))
    assert {"holidays", "holidays_market"} <= set(past.columns)
    assert list(past.columns) == list(future.columns)


def test_a_table_of_the_future_alone_says_nothing() -> None:
    table = daily().assign(date=lambda rows: rows["date"] + pd.Timedelta(weeks=200))
    past, _ = at(table)
    assert list(past.columns) == ["season_sine", "season_cosine", "christmas", "holidays"]
