"""Market factors of the generated market: weather, holidays and promotions, day by day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import holidays
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.signal import lfilter

from data.simulator.categories import CATEGORIES
from data.simulator.settings import MarketSettings

DAYS: Final = 7

# (name, ISO week of the first week, weeks, depth) of the campaigns for the whole assortment.
CAMPAIGNS: Final = (
    ("new year sale", 1, 3, 0.30),
    ("spring offer", 12, 1, 0.15),
    ("early summer offer", 22, 1, 0.20),
    ("summer sale", 27, 3, 0.30),
    ("autumn offer", 39, 1, 0.15),
    ("black week", 48, 1, 0.30),
)
CATEGORY_DEPTH: Final = 0.20
CATEGORY_CAMPAIGNS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Factors:
    """What the market does, for `weeks + future_weeks` weeks (T) of seven days (D).

    Attributes:
        days: (D,) datetime64[D].
        iso_week: (T,) int, ISO week of the year.
        temperature: (D,) float64, °C.
        normal_temperature: (D,) float64, °C, of the time of year.
        rain: (D,) float64, mm.
        normal_rain: (D,) float64, mm.
        holiday: (D,) bool, a public holiday in England.
        depth: (T, C) float64, price cut by category, a share of the list price.
        everywhere: (T,) float64, price cut of a campaign for the whole assortment.
        campaigns: one row a campaign: name, category (missing: all), first_day, weeks, depth.
    """

    days: NDArray[np.datetime64]
    iso_week: NDArray[np.int64]
    temperature: NDArray[np.float64]
    normal_temperature: NDArray[np.float64]
    rain: NDArray[np.float64]
    normal_rain: NDArray[np.float64]
    holiday: NDArray[np.bool_]
    depth: NDArray[np.float64]
    everywhere: NDArray[np.float64]
    campaigns: pd.DataFrame

    def by_week(self, daily: NDArray[np.float64]) -> NDArray[np.float64]:
        """(T,) weekly means of a daily factor."""
        means: NDArray[np.float64] = daily.reshape(-1, DAYS).mean(axis=1)
        return means

    def frame(self, known_weeks: int) -> pd.DataFrame:
        """The canonical `market` table.

        Holidays and promotions are known ahead and run on to the end; weather after
        `known_weeks` weeks is the normal of the time of year, for nobody knows it yet.
        """
        known = np.arange(len(self.days)) < known_weeks * DAYS
        local = self.depth - self.everywhere[:, None]  # (T, C)
        regressors: dict[str, object] = {
            "date": self.days.astype("datetime64[us]"),
            "temperature": np.where(known, self.temperature, np.round(self.normal_temperature, 1)),
            "rain": np.where(known, self.rain, np.round(self.normal_rain, 1)),
            "holiday": self.holiday.astype(np.int64),
            "promotion": np.repeat(self.everywhere, DAYS),
        }
        for place, category in enumerate(CATEGORIES):
            cut = np.round(np.maximum(local[:, place], 0.0), 2)
            regressors[f"promotion_{category.name}"] = np.repeat(cut, DAYS)
        return pd.DataFrame(regressors)


def draw_factors(settings: MarketSettings, rng: np.random.Generator) -> Factors:
    """Weather, holidays and promotions from the first day to the end of the future weeks."""
    weeks = settings.weeks + settings.future_weeks
    start = np.datetime64(settings.start, "D")
    days = start + np.arange(weeks * DAYS)
    dates = pd.DatetimeIndex(days)
    day_of_year = dates.day_of_year.to_numpy()
    normal_temperature = 10.5 - 7.5 * np.cos(2 * np.pi * (day_of_year - 20) / 365.25)
    normal_rain = 2.4 + 1.0 * np.cos(2 * np.pi * (day_of_year - 330) / 365.25)
    wetness = _wander(len(days), rng, persistence=0.6, deviation=0.9)
    thursdays = dates[3::DAYS]
    iso_week = thursdays.isocalendar().week.to_numpy(dtype=np.int64)
    years = thursdays.isocalendar().year.to_numpy(dtype=np.int64)
    calendar = holidays.country_holidays("GB", subdiv="ENG", years=sorted(set(dates.year)))
    depth, everywhere, campaigns = _promotions(days[::DAYS], iso_week, years, rng)
    return Factors(
        days=days,
        iso_week=iso_week,
        temperature=np.round(
            normal_temperature + _wander(len(days), rng, persistence=0.88, deviation=3.2), 1
        ),
        normal_temperature=normal_temperature,
        rain=np.round(normal_rain * np.exp(wetness - 0.5 * 0.9**2), 1),
        normal_rain=normal_rain,
        holiday=np.array([day in calendar for day in dates.date]),
        depth=depth,
        everywhere=everywhere,
        campaigns=campaigns,
    )


def _wander(
    count: int, rng: np.random.Generator, *, persistence: float, deviation: float
) -> NDArray[np.float64]:
    """(count,) first-order autoregressive noise about 0, of a stationary deviation."""
    noise = rng.normal(0, deviation, count)
    noise[1:] *= np.sqrt(1 - persistence**2)
    walk: NDArray[np.float64] = lfilter([1.0], [1.0, -persistence], noise)
    return walk


def _promotions(
    mondays: NDArray[np.datetime64],
    iso_week: NDArray[np.int64],
    years: NDArray[np.int64],
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float64], pd.DataFrame]:
    """Price cuts by week and category, those of the whole assortment, and the calendar."""
    everywhere = np.zeros(len(mondays))
    depth = np.zeros((len(mondays), len(CATEGORIES)))
    rows: list[tuple[str, str | None, np.datetime64, int, float]] = []
    for year in sorted(set(years.tolist())):
        for name, first, length, cut in CAMPAIGNS:
            shift = int(rng.integers(-1, 2)) if length == 1 and first not in (22, 48) else 0
            where = (years == year) & (iso_week >= first + shift)
            where &= iso_week < first + shift + length
            if where.any():
                everywhere[where] = cut
                rows.append((name, None, mondays[where][0], int(where.sum()), cut))
        for place, category in enumerate(CATEGORIES):
            for week in rng.choice(np.arange(4, 47), CATEGORY_CAMPAIGNS, replace=False).tolist():
                where = (years == year) & (iso_week == week) & (everywhere == 0)
                if where.any():
                    depth[where, place] = CATEGORY_DEPTH
                    name = f"{category.name} week"
                    rows.append((name, category.name, mondays[where][0], 1, CATEGORY_DEPTH))
    columns = ["campaign", "category", "first_day", "weeks", "depth"]
    calendar = pd.DataFrame(rows, columns=columns).sort_values(
        ["first_day", "campaign"], kind="stable", ignore_index=True
    )
    return np.maximum(depth, everywhere[:, None]), everywhere, calendar
