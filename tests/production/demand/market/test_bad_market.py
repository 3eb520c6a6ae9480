"""Market tables as they come: each gives a sound forecast or a clear refusal."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from production.demand.forecast import Forecast
from production.demand.forecasters import make_forecaster
from production.demand.market.report import FactorUse
from production.demand.periods import Period
from production.demand.reading import build_panel
from production.demand.settings import DemandSettings
from tests.production import markets
from tests.production.markets import START, WEEK

DAYS = 80 * 7


def table() -> pd.DataFrame:
    """Eighty weeks of three factors by day."""
    random = np.random.default_rng(8)
    day = np.arange(DAYS)
    return pd.DataFrame(
        {
            "date": (START + day).astype("datetime64[us]"),
            "temperature": 10 + 8 * np.sin(day / 58) + random.normal(size=DAYS),
            "promotion": np.repeat(random.random(DAYS // 7) < 0.3, 7).astype(float),
            "sky": pd.array(random.choice(["clear", "grey", "rain"], size=DAYS), dtype="str"),
        }
    )


def ends_before_the_horizon() -> pd.DataFrame:
    return table().iloc[: 60 * 7]


def starts_late() -> pd.DataFrame:
    return table().iloc[55 * 7 :]


def dates_given_twice() -> pd.DataFrame:
    return pd.concat([table(), table().iloc[::3].assign(temperature=0.0)])


def midnights_elsewhere() -> pd.DataFrame:
    local = table()["date"].dt.tz_localize("Europe/Berlin")
    return table().assign(date=local.dt.tz_convert("UTC").dt.tz_localize(None))


def a_day_lost_and_one_twice() -> pd.DataFrame:
    days = table()
    days.loc[days.index[300], "date"] = days["date"].iloc[299]  # as a clock change may leave it
    return days


def columns_that_never_move() -> pd.DataFrame:
    return table().assign(one=1.0, zero=0.0)


def columns_without_a_value() -> pd.DataFrame:
    return table().assign(none=np.nan, nothing=pd.array([None] * DAYS, dtype="str"))


def a_text_of_a_thousand_values() -> pd.DataFrame:
    names = [f"note {place % 1000}" for place in range(DAYS)]
    many = pd.concat([table()] * 2).assign(region=np.repeat(["a", "b"], DAYS))
    return many.assign(note=pd.array([*names, *reversed(names)], dtype="str"))


def infinite_values() -> pd.DataFrame:
    days = table()
    days.loc[::5, "temperature"] = np.inf
    return days


def values_of_a_trillion() -> pd.DataFrame:
    return table().assign(gdp=lambda rows: 1e12 * (1 + rows["temperature"]))


def two_columns_that_are_one() -> pd.DataFrame:
    return table().assign(warmth=lambda rows: rows["temperature"])


def hundreds_of_columns() -> pd.DataFrame:
    random = np.random.default_rng(0)
    noise = pd.DataFrame(random.normal(size=(DAYS, 300))).rename(columns="noise_{}".format)
    return pd.concat([table(), noise], axis=1)


def a_single_row() -> pd.DataFrame:
    return table().iloc[:1]


def no_factor_at_all() -> pd.DataFrame:
    return table()[["date"]]


BAD = [
    ends_before_the_horizon, starts_late, dates_given_twice, midnights_elsewhere,
    a_day_lost_and_one_twice, columns_that_never_move, columns_without_a_value,
    a_text_of_a_thousand_values, infinite_values, values_of_a_trillion, two_columns_that_are_one,
    hundreds_of_columns, a_single_row, no_factor_at_all,
]  # fmt: skip


def forecast(
    market: pd.DataFrame, period: Period, **settings: object
) -> tuple[Forecast, tuple[FactorUse, ...]]:
    lines = markets.orders(variants=4, weeks=64, rate=20.0)
    asked = DemandSettings(period=period, preferences=False, **settings)
    panel = build_panel(lines, markets.catalogue(4), market, asked)
    history = panel.at(START + 60 * WEEK, horizon=4)
    method = "linear" if period == "week" else "atelier"
    return make_forecaster(method).forecast(history), history.factors


@cache
def usual(period: Period) -> float:
    """Units forecast with a sound table."""
    return float(forecast(table(), period)[0].mean.sum())


@pytest.mark.parametrize("period", ["week", "day"])
@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.__name__)
def test_a_forecast_is_sound(bad: object, period: Period) -> None:
    found, factors = forecast(bad(), period)  # type: ignore[operator]  # a function of the list
    assert np.isfinite(found.quantiles).all()
    assert (found.weekly >= 0).all()
    assert 0.6 < found.mean.sum() / usual(period) < 1.6
    for factor in factors:
        assert factor.reason
        assert factor.chosen or factor.scores or factor.future != "calendar"


def test_hundreds_of_columns_leave_few() -> None:
    _, factors = forecast(hundreds_of_columns(), "week")
    noise = [factor for factor in factors if factor.name.startswith("noise")]
    assert len(noise) == 300
    assert sum(factor.chosen for factor in noise) < 10


def test_hundreds_of_columns_may_be_a_few_scores() -> None:
    found, factors = forecast(
        hundreds_of_columns(), "week", components={"noise_*": 3}, select=False
    )
    assert np.isfinite(found.quantiles).all()
    scores = [factor.name for factor in factors if "_score_" in factor.name]
    assert scores == ["noise_score_1", "noise_score_2", "noise_score_3"]


def test_a_leap_week_of_orders_and_factors_is_a_week() -> None:
    start = np.datetime64("2020-10-05")  # 2020 has an ISO week 53
    shift = start - START
    lines = markets.orders(variants=4, weeks=64, rate=20.0)
    lines["ordered_at"] = lines["ordered_at"] + pd.Timedelta(shift)
    market = table().assign(date=lambda rows: rows["date"] + pd.Timedelta(shift))
    panel = build_panel(lines, markets.catalogue(4), market, DemandSettings())
    assert len(panel.periods) == 64
    assert np.datetime64("2020-12-28") in panel.periods  # 2020-W53
    history = panel.at(start + 60 * WEEK, horizon=4)
    found = make_forecaster("linear").forecast(history)
    assert np.isfinite(found.mean).all()
