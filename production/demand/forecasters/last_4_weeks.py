"""The last four weeks again: what a planner without a tool makes."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from production.demand.features import moving_mean
from production.demand.forecast import DemandHistory
from production.demand.forecasters.conformal import ConformalForecaster


class Last4Weeks(ConformalForecaster):
    """Each week to come is the mean of the last four."""

    name: ClassVar[str] = "last_4_weeks"
    weeks_needed = 4

    def rates(self, history: DemandHistory) -> NDArray[np.float64]:
        """See `ConformalForecaster.rates`."""
        return history.horizon * moving_mean(history.units, 4 * history.per_week)
