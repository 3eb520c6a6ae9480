"""Periods that demand is read by: weeks that start on Monday, or days.

Every smoothing weight and every span of the demand methods is stated in weeks. A day panel has
seven periods a week: a span is seven times as long, and a weight of the newest week is spread
over its seven days.
"""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from production.errors import BadPeriod

Period = Literal["week", "day"]

DAY: Final = np.timedelta64(1, "D")
WEEK: Final = np.timedelta64(7, "D")
YEAR_WEEKS: Final = 52


def length(per_week: int) -> np.timedelta64:
    """How long a period is: a day where there are seven a week, else a week."""
    return DAY if per_week == 7 else WEEK


def word(per_week: int) -> str:
    """What a period is called."""
    return "day" if per_week == 7 else "week"


def refuse_days(per_week: int) -> None:
    """Refuse demand by day where plans are made: capacity and plans are by week.

    Raises:
        BadPeriod: demand is read by day.
    """
    if per_week != 1:
        raise BadPeriod(
            "Plans are made by week, and demand is set to be read by day.",
            where="settings, demand.period",
            fix="Leave demand.period at 'week' and ask for days with --period day where a "
            "forecast or an evaluation is wanted by day.",
        )


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


def start_of(day: np.datetime64, per_week: int) -> np.datetime64:
    """The first day of the period that a moment falls into."""
    return monday(day) if per_week == 1 else day.astype("datetime64[D]")


def starts(moments: NDArray[np.datetime64], per_week: int) -> NDArray[np.datetime64]:
    """(N,) datetime64[D]: the first day of the period that each moment falls into."""
    if per_week == 1:
        return mondays(moments)
    result: NDArray[np.datetime64] = moments.astype("datetime64[D]")
    return result


def paced(alpha: float, per_week: int) -> float:
    """The weight of the newest period whose week together weighs `alpha`.

    >>> round(1 - (1 - paced(0.2, 7)) ** 7, 12)
    0.2
    """
    return float(1 - (1 - alpha) ** (1 / per_week))
