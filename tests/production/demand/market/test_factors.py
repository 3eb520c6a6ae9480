from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from production.demand.market.factors import Factors, factors_at
from production.demand.market.report import FactorUse
from production.demand.market.settings import MarketSettings
from production.demand.market.table import market_table
from production.errors import LeakedFactor
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


def at(
    market: pd.DataFrame,
    *,
    origin: int = 60,
    data_end: int = 66,
    scenario: pd.DataFrame | None = None,
    **settings: object,
) -> Factors:
    return factors_at(
        market_table(market),
        periods=WEEKS[:origin],
        horizon=4,
        data_end=START + data_end * WEEK,
        settings=MarketSettings(**settings),
        scenario=None if scenario is None else market_table(scenario),
    )


def use(found: Factors, name: str) -> FactorUse:
    return next(one for one in found.report if one.name == name)


def weekly(**columns: list[float]) -> pd.DataFrame:
    """A scenario for the weeks from week 60 on."""
    days = START + WEEK * (60 + np.arange(len(next(iter(columns.values())))))
    return pd.DataFrame({"date": days.astype("datetime64[us]"), **columns})


def test_a_plan_is_known_ahead_and_weather_is_not() -> None:
    found = at(daily())
    assert found.future["promotion"].tolist() == [1.0, 0.0, 0.0, 0.0]
    # usual: the mean of the same week of last year and its neighbours
    assert found.future["temperature"].tolist() == [8.0, 9.0, 10.0, 11.0]
    assert (use(found, "promotion").future, use(found, "promotion").given) == ("known", 4)
    assert (use(found, "temperature").future, use(found, "temperature").rule) == (
        "forecast", "usual",
    )  # fmt: skip


def test_without_a_year_the_usual_is_the_last_eight_weeks() -> None:
    assert at(daily(), origin=30).future["temperature"].tolist() == [25.5] * 4


@pytest.mark.parametrize(
    ("rule", "expected"),
    [("last", [59.0] * 4), ("mean", [29.5] * 4), ("known", [60.0, 61.0, 62.0, 63.0])],
)
def test_the_future_is_as_the_settings_say(rule: str, expected: list[float]) -> None:
    found = at(daily(), ahead={"*": "usual", "temp*": rule})
    assert found.future["temperature"].tolist() == expected


def test_a_column_can_be_left_out() -> None:
    found = at(daily(), ahead={"sky": "leave_out"})
    assert not [name for name in map(str, found.past) if name.startswith("sky")]
    assert use(found, "sky=rain").reason == "left out by the settings"
    assert not use(found, "sky=rain").chosen


def test_rows_after_the_last_order_are_a_scenario() -> None:
    found = at(daily(), data_end=60)
    assert found.future["temperature"].tolist() == [60.0, 61.0, 62.0, 63.0]
    assert use(found, "temperature").future == "scenario"


def test_a_scenario_comes_first_and_the_rest_is_forecast() -> None:
    found = at(daily(), scenario=weekly(temperature=[20.0, -5.0]))
    assert found.future["temperature"].tolist() == [20.0, -5.0, 10.0, 11.0]
    said = use(found, "temperature")
    assert (said.future, said.given, said.rule) == ("scenario", 2, "usual")
    of_a_plan = at(daily(), scenario=weekly(promotion=[0.0, 1.0, 1.0, 0.0]))
    assert of_a_plan.future["promotion"].tolist() == [0.0, 1.0, 1.0, 0.0]


def test_a_text_that_a_scenario_names_has_the_whole_share() -> None:
    story = weekly(temperature=[1.0] * 4).drop(columns="temperature")
    story["sky"] = pd.array(["rain"] * 4, dtype="str")
    found = at(daily(), scenario=story)
    assert found.future["sky=rain"].tolist() == [1.0] * 4
    assert found.future["sky=clear"].tolist() == [0.0] * 4


def test_a_scenario_that_is_what_came_is_refused_unless_it_is_declared_known() -> None:
    truth = weekly(temperature=[60.0, 61.0, 62.0, 63.0])
    with pytest.raises(LeakedFactor, match="'temperature'") as caught:
        at(daily(), scenario=truth)
    assert "--known 'temperature'" in caught.value.fix
    found = at(daily(), scenario=truth, ahead={"temperature": "known"})
    assert found.future["temperature"].tolist() == [60.0, 61.0, 62.0, 63.0]


def test_nothing_after_the_origin_moves_what_is_not_known() -> None:
    clean = at(daily())
    late = daily()
    after = late["date"] >= START + 60 * WEEK
    late.loc[after, "temperature"] = 1e6
    late.loc[after, "sky"] = "meteor"
    spoilt = at(late)
    pd.testing.assert_frame_equal(clean.past, spoilt.past)
    pd.testing.assert_frame_equal(clean.future, spoilt.future)


def test_a_table_that_ends_before_the_horizon_is_filled_with_the_usual() -> None:
    found = at(daily(weeks=58), data_end=60)
    assert found.past["temperature"].tolist()[-2:] == [57.0, 57.0]
    assert (use(found, "temperature").filled, use(found, "temperature").fill) == (2, "carry")
    assert found.future.notna().all().all()
    assert found.future["temperature"].iloc[0] == 8.0


def test_gaps_are_filled_as_configured() -> None:
    table = daily()
    table.loc[table["date"] < START + 10 * WEEK, "temperature"] = np.nan
    found = at(table, missing={"temp*": "median"})
    assert found.past["temperature"].iloc[0] == 34.5
    dropped = at(table, missing={"temp*": "drop"})
    assert "temperature" not in dropped.past
    assert use(dropped, "temperature").reason == "10 periods are missing"


def test_factors_that_hardly_moved_or_never_spoke_are_left_out() -> None:
    table = daily().assign(constant=1.0, silent=np.nan)
    table["once"] = (np.arange(len(table)) == 9).astype(float)
    found = at(table)
    assert {"constant", "once", "silent"}.isdisjoint(found.past.columns)
    assert list(found.past.columns) == list(found.future.columns)
    assert use(found, "constant").reason == "it hardly moved"
    assert use(found, "silent").reason == "no value before the origin"


def test_a_text_of_many_values_keeps_the_frequent_ones() -> None:
    table = daily()
    random = np.random.default_rng(0)
    place = random.zipf(1.3, size=len(table)) % 400
    table["neighbour"] = pd.array([f"n{one}" for one in place], dtype="str")
    found = at(table)
    assert sum(name.startswith("neighbour=") for name in map(str, found.past)) <= 20


def test_correlated_columns_become_scores() -> None:
    random = np.random.default_rng(4)
    table = daily()
    hidden = random.normal(size=len(table)).cumsum()
    for place in range(8):
        table[f"index_{place}"] = hidden * (place + 1) + random.normal(0, 0.1, len(table))
    found = at(table, components={"index_*": "auto"})
    scores = [name for name in map(str, found.past) if "score" in name]
    assert scores == ["index_score_1"]
    assert not [
        name for name in map(str, found.past) if name.startswith("index_") and "score" not in name
    ]
    assert use(found, "index_3").scores == ("index_score_1",)
    assert not use(found, "index_3").chosen
    late = table.copy()
    late.loc[late["date"] >= START + 60 * WEEK, "index_0"] = 1e9
    pd.testing.assert_frame_equal(found.past, at(late, components={"index_*": "auto"}).past)


def test_a_kind_of_factors_can_be_left_out_on_demand() -> None:
    found = factors_at(
        market_table(daily()),
        periods=WEEKS,
        horizon=4,
        data_end=START + 66 * WEEK,
        settings=MarketSettings(),
        without=frozenset({"weather", "season"}),
    )
    assert {"promotion", "holidays"} <= set(found.past)
    assert {"temperature", "season_sine", "christmas"}.isdisjoint(found.past)
    assert list(found.past) == list(found.future)


def test_a_column_named_like_a_calendar_term_is_kept_beside_it() -> None:
    found = at(daily().rename(columns={"temperature": "holidays"}))
    assert {"holidays", "holidays_market"} <= set(found.past.columns)
    assert list(found.past.columns) == list(found.future.columns)


def test_a_table_of_the_future_alone_says_nothing() -> None:
    table = daily().assign(date=lambda rows: rows["date"] + pd.Timedelta(weeks=200))
    assert list(at(table).past.columns) == ["season_sine", "season_cosine", "christmas", "holidays"]


def test_the_report_is_the_same_from_json() -> None:
    for factor in at(daily()).report:
        assert FactorUse.from_json(factor.to_json()) == factor
