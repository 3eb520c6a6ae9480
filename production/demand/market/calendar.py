"""The calendar: factors that a date alone decides, known for ever."""

from __future__ import annotations

from datetime import date
from typing import Final

import holidays
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from production.demand.periods import DAY, WEEK, length, mondays, starts
from production.errors import BadRegressors

CHRISTMAS_WEEKS: Final = 10
WEEKDAYS: Final = ("tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
CALENDAR: Final = {
    "season_sine": "spring against autumn",
    "season_cosine": "winter against summer",
    "christmas": "the ten weeks before Christmas",
    "holidays": "public holidays in the period",
    **{f"weekday_{name}": f"{name.capitalize()}s, against Mondays" for name in WEEKDAYS},
}
"""What each factor of the calendar says, for people."""


def calendar(periods: NDArray[np.datetime64], country: str, per_week: int = 1) -> pd.DataFrame:
    """Factors that a period's date alone decides.

    Args:
        periods: (T,) their first days: Mondays, or any days where demand is read by day.
        country: ISO code whose public holidays count; empty for none.
        per_week: periods a week, 1 or 7.

    Returns:
        T rows: `season_sine` and `season_cosine` (one turn a year), `christmas` (0 ten weeks
        before Christmas, 1 in its period), `holidays` (public holidays in the period), and, by
        day, `weekday_…` of each of WEEKDAYS.

    Raises:
        BadRegressors: a country without a holiday calendar.
    """
    middle = periods + (np.timedelta64(3, "D") if per_week == 1 else 0 * DAY)
    years = middle.astype("datetime64[Y]")
    turn = 2 * np.pi * (middle - years.astype("datetime64[D]")).astype(np.int64) / 365.25
    eve = (years + np.timedelta64(11, "M")).astype("datetime64[D]") + 24
    to_come = (starts(eve, per_week) - periods) / WEEK
    near = np.where(to_come >= 0, np.clip(1 - to_come / CHRISTMAS_WEEKS, 0, 1), 0.0)
    frame = pd.DataFrame(
        {"season_sine": np.sin(turn), "season_cosine": np.cos(turn), "christmas": near},
        index=pd.Index(periods),
    )
    if country:
        frame["holidays"] = _holidays(periods, country, per_week)
    if per_week == 7:
        weekday = (periods - mondays(periods)).astype(np.int64)
        for place, name in enumerate(WEEKDAYS, start=1):
            frame[f"weekday_{name}"] = (weekday == place).astype(float)
    return frame


def _holidays(periods: NDArray[np.datetime64], country: str, per_week: int) -> NDArray[np.float64]:
    span = pd.DatetimeIndex([periods.min(), periods.max() + length(per_week)])
    try:
        days = holidays.country_holidays(country, years=range(span[0].year, span[1].year + 1))
    except NotImplementedError as error:
        raise BadRegressors(
            f"No holiday calendar is known for the country '{country}'.",
            where="settings, demand.country",
            fix="Give an ISO 3166 code such as GB or DE, or leave it empty for no holidays.",
        ) from error
    free: list[date] = sorted(days)
    first = starts(np.array(free, dtype="datetime64[D]"), per_week)
    found, count = np.unique(first, return_counts=True)
    by_period = pd.Series(count.astype(float), index=pd.Index(found))
    return by_period.reindex(pd.Index(periods), fill_value=0.0).to_numpy(float)
