"""The same weekdays of last week: what a daily trade without a tool plans by."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from production.demand.forecast import DemandHistory, Forecast
from production.demand.forecasters.conformal import ConformalForecaster


class SameWeekdayLastWeek(ConformalForecaster):
    """Each day to come is the same weekday of the last week; by week, the last week again."""

    name: ClassVar[str] = "same_weekday_last_week"
    weeks_needed = 1

    def rates(self, history: DemandHistory) -> NDArray[np.float64]:
        """See `ConformalForecaster.rates`; 0 before a first week is over."""
        units, week = history.units, history.per_week
        total = np.pad(units.cumsum(axis=1), ((0, 0), (1, 0)))
        whole, rest = divmod(history.horizon, week)
        rates = np.zeros_like(total)
        start = total[:, :-week]
        rates[:, week:] = whole * (total[:, week:] - start)
        if rest:
            rates[:, week:] += total[:, rest : rest + start.shape[1]] - start
        return rates

    def forecast(self, history: DemandHistory) -> Forecast:
        """As `ConformalForecaster.forecast`, with each weekday's own units by period."""
        found = super().forecast(history)
        week = history.per_week
        last = history.units[history.active, len(history.periods) - week :]
        weekly = last[:, np.arange(history.horizon) % week]
        return replace(found, weekly=weekly, mean=weekly.sum(axis=1))
