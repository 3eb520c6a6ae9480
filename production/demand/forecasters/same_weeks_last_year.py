"""The same weeks of last year: what seasonal trades plan by."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from production.demand.forecast import DemandHistory
from production.demand.forecasters.conformal import ConformalForecaster
from production.demand.periods import YEAR_WEEKS


class SameWeeksLastYear(ConformalForecaster):
    """The weeks to come are the weeks of 52 weeks before them."""

    name: ClassVar[str] = "same_weeks_last_year"
    weeks_needed = YEAR_WEEKS

    def rates(self, history: DemandHistory) -> NDArray[np.float64]:
        """See `ConformalForecaster.rates`; 0 where last year is not in the history."""
        units, horizon = history.units, history.horizon
        total = np.pad(units.cumsum(axis=1), ((0, 0), (1, 0)))
        rates = np.zeros_like(total)
        year = YEAR_WEEKS * history.per_week
        start = np.arange(total.shape[1] - year)
        stop = np.minimum(start + horizon, total.shape[1] - 1)
        rates[:, year:] = total[:, stop] - total[:, start]
        return rates
