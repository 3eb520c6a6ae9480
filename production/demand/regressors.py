"""Regressors: market factors by week, and what may be known of them for the future.

Two kinds enter a demand regression. The calendar (season, the way to Christmas, holidays) is
known for ever. The market table's columns are aggregated to weeks: a number by its mean over
days and regions, a text by the share of days on which each of its values held.

What is known of a market column after an origin follows one rule, so that no forecast uses an
actual value that nobody could have had:

- a column named by `known` (a promotion plan, a price list) keeps its value;
- any other column keeps its value only in weeks after the last complete week of orders: there
  the table can only hold a plan or a scenario;
- else its value is replaced by what is usual: the same weeks of the years before where a year
  is there, and its mean of the last eight weeks where not, learned before the origin alone.
"""

from __future__ import annotations

from datetime import date
from fnmatch import fnmatch
from typing import Final

import holidays
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from production.errors import BadRegressors

WEEK: Final = np.timedelta64(7, "D")
YEAR_WEEKS: Final = 52
CHRISTMAS_WEEKS: Final = 10
USUAL_WEEKS: Final = 8
RARE_WEEKS: Final = 3

KNOWN_REGRESSORS: Final = ("*promo*", "*holiday*", "*campaign*", "*price_plan*", "*event*")
"""Column names, as glob patterns, that are decided ahead and so are known for the future."""

CALENDAR: Final = {
    "season_sine": "spring against autumn",
    "season_cosine": "winter against summer",
    "christmas": "the ten weeks before Christmas",
    "holidays": "public holidays in the week",
}
"""What each factor of the calendar says, for people."""


def monday(day: np.datetime64) -> np.datetime64:
    """The Monday that a day's week starts with.

    >>> monday(np.datetime64("2010-12-09"))
    np.datetime64('2010-12-06')
    """
    days = day.astype("datetime64[D]")
    return np.datetime64(days - (days.astype(np.int64) + 3) % 7, "D")


def mondays(days: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
    """(N,) datetime64[D]: the Monday of each day's week."""
    numbers = days.astype("datetime64[D]").astype(np.int64)
    result: NDArray[np.datetime64] = (numbers - (numbers + 3) % 7).astype("datetime64[D]")
    return result


def calendar(weeks: NDArray[np.datetime64], country: str) -> pd.DataFrame:
    """Factors that a week's date alone decides.

    Args:
        weeks: (T,) Mondays.
        country: ISO code whose public holidays count; empty for none.

    Returns:
        T rows: `season_sine` and `season_cosine` (one turn a year), `christmas` (0 ten weeks
        before Christmas, 1 in its week), `holidays` (public holidays from Monday to Sunday).

    Raises:
        BadRegressors: a country without a holiday calendar.
    """
    thursday = weeks + np.timedelta64(3, "D")
    years = thursday.astype("datetime64[Y]")
    turn = 2 * np.pi * (thursday - years.astype("datetime64[D]")).astype(np.int64) / 365.25
    christmas = mondays((years + np.timedelta64(11, "M")).astype("datetime64[D]") + 24)
    to_come = (christmas - weeks) / WEEK
    near = np.where(to_come >= 0, np.clip(1 - to_come / CHRISTMAS_WEEKS, 0, 1), 0.0)
    frame = pd.DataFrame(
        {"season_sine": np.sin(turn), "season_cosine": np.cos(turn), "christmas": near},
        index=pd.Index(weeks),
    )
    if country:
        frame["holidays"] = _holidays(weeks, country)
    return frame


def _holidays(weeks: NDArray[np.datetime64], country: str) -> NDArray[np.float64]:
    span = pd.DatetimeIndex([weeks.min(), weeks.max() + WEEK])
    try:
        days = holidays.country_holidays(country, years=range(span[0].year, span[1].year + 1))
    except NotImplementedError as error:
        raise BadRegressors(
            f"No holiday calendar is known for the country '{country}'.",
            where="settings, demand.country",
            fix="Give an ISO 3166 code such as GB or DE, or leave it empty for no holidays.",
        ) from error
    free: list[date] = sorted(days)
    monday_of_free = mondays(np.array(free, dtype="datetime64[D]"))
    return np.array([np.count_nonzero(monday_of_free == week) for week in weeks], dtype=float)


def market_weeks(market: pd.DataFrame) -> pd.DataFrame:
    """The market table by week: numbers by their mean, texts by each value's share of days.

    Args:
        market: column `date`, optionally `region`, and any regressors.

    Returns:
        One row a week from the table's first to its last, by Monday; NaN in weeks without a
        value. A text's column is named `column=value`.
    """
    factors = market.drop(columns=["date", "region"], errors="ignore")
    week = mondays(market["date"].to_numpy())
    texts = [name for name in factors if not pd.api.types.is_numeric_dtype(factors[name])]
    parts = [factors.drop(columns=texts).astype(float)]
    for name in texts:
        shares = pd.get_dummies(factors[name], prefix=str(name), prefix_sep="=", dtype=float)
        parts.append(shares.where(factors[name].notna(), np.nan))
    numeric = pd.concat(parts, axis=1)
    by_week = numeric.groupby(week).mean()
    whole = np.arange(week.min(), week.max() + WEEK, WEEK)
    return by_week.reindex(pd.Index(whole))


def known_columns(columns: pd.Index, patterns: tuple[str, ...]) -> NDArray[np.bool_]:
    """(C,) bool: which columns are decided ahead, by glob patterns on the lower-cased name."""
    names = [str(name).lower() for name in columns]
    return np.array([any(fnmatch(name, pattern) for pattern in patterns) for name in names], bool)


def regressors_at(
    market: pd.DataFrame | None,
    *,
    weeks: NDArray[np.datetime64],
    horizon: int,
    data_end: np.datetime64,
    country: str,
    known: tuple[str, ...],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What is known at an origin of the past and of the weeks to come.

    Args:
        market: the market table by week (`market_weeks`), or None.
        weeks: (T,) Mondays before the origin.
        horizon: weeks to come.
        data_end: the Monday after the last complete week of orders.
        country: see `calendar`.
        known: glob patterns of columns known for the future.

    Returns:
        T rows of the past and `horizon` rows of the future, the same columns, no NaN. Columns
        that hardly moved before the origin are left out: nothing could be learned of them.
    """
    ahead = weeks[-1] + WEEK * np.arange(1, horizon + 1)
    past, future = calendar(weeks, country), calendar(ahead, country)
    if market is not None and len(market.columns):
        before, after = _market_at(market, weeks, ahead, data_end, known)
        names = {name: f"{name}_market" for name in before.columns.intersection(past.columns)}
        past = pd.concat([past, before.rename(columns=names)], axis=1)
        future = pd.concat([future, after.rename(columns=names)], axis=1)
    return past, future


def _market_at(
    market: pd.DataFrame,
    weeks: NDArray[np.datetime64],
    ahead: NDArray[np.datetime64],
    data_end: np.datetime64,
    known: tuple[str, ...],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    past = market.reindex(pd.Index(weeks)).ffill()
    past = past.loc[:, past.notna().any()]
    past = past.fillna(past.mean())
    moved = [len(past) - past[name].value_counts().max() >= RARE_WEEKS for name in past]
    past = past.loc[:, np.array(moved, dtype=bool)]
    given = market.reindex(pd.Index(ahead))[past.columns]
    usable = known_columns(past.columns, known)[None, :] | (ahead >= data_end)[:, None]
    future = given.where(usable).fillna(_usual(past, ahead))
    return past, future


def _usual(past: pd.DataFrame, ahead: NDArray[np.datetime64]) -> pd.DataFrame:
    """What each column usually is in the weeks to come, learned from the past alone."""
    values = past.to_numpy()  # (T, C)
    recent = values[-USUAL_WEEKS:].mean(axis=0)
    rows = []
    for step in range(len(ahead)):
        place = len(values) + step
        same = [
            values[max(0, place - lag - 1) : place - lag + 2]
            for lag in range(YEAR_WEEKS, place + 1, YEAR_WEEKS)
        ]
        rows.append(np.concatenate(same).mean(axis=0) if same else recent)
    return pd.DataFrame(np.array(rows), index=pd.Index(ahead), columns=past.columns)
