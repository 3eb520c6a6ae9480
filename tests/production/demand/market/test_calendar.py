from __future__ import annotations

import numpy as np
import pytest

from production.demand.market.calendar import CALENDAR, calendar
from production.errors import BadRegressors
from tests.production.markets import START, WEEK

WEEKS = START + WEEK * np.arange(60)


def test_the_calendar_knows_christmas_and_holidays() -> None:
    weeks = np.array(["2010-10-11", "2010-12-20", "2010-12-27", "2010-05-31"], "datetime64[D]")
    found = calendar(weeks, "GB")
    assert found["christmas"].tolist() == [0.0, 1.0, 0.0, 0.0]
    # Christmas on Saturday, Boxing Day on Sunday; their substitutes; Spring Bank Holiday
    assert found["holidays"].tolist() == [0.0, 2.0, 3.0, 1.0]
    assert "holidays" not in calendar(weeks, "")


def test_a_day_knows_its_weekday_and_its_own_holiday() -> None:
    days = np.arange("2010-12-24", "2010-12-29", dtype="datetime64[D]")  # from a Friday on
    found = calendar(days, "GB", per_week=7)
    assert found["holidays"].tolist() == [0.0, 1.0, 1.0, 1.0, 1.0]
    assert found["christmas"].iloc[1] == 1.0
    assert found["christmas"].iloc[0] == pytest.approx(69 / 70)
    weekdays = found.filter(like="weekday_")
    assert weekdays.sum(axis=1).tolist() == [1.0, 1.0, 1.0, 0.0, 1.0]  # Mondays are the others
    assert found["weekday_friday"].tolist() == [1.0, 0.0, 0.0, 0.0, 0.0]
    assert set(found) == set(CALENDAR)


def test_a_year_of_53_weeks_is_like_any_other() -> None:
    weeks = np.arange("2020-12-14", "2021-01-18", 7, dtype="datetime64[D]")  # 2020-W53 within
    found = calendar(weeks, "GB")
    assert found["christmas"].tolist() == [pytest.approx(0.9), 1.0, 0.0, 0.0, 0.0]
    turn = np.unwrap(np.arctan2(found["season_sine"], found["season_cosine"]))
    np.testing.assert_allclose(np.diff(turn), 2 * np.pi * 7 / 365.25, rtol=0.2)


def test_an_unknown_country_is_refused() -> None:
    with pytest.raises(BadRegressors, match="'XX'"):
        calendar(WEEKS, "XX")
