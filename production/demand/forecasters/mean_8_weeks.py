"""The mean of the last eight weeks."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from production.demand.features import moving_mean
from production.demand.forecast import DemandHistory
from production.demand.forecasters.conformal import ConformalForecaster


class Mean8Weeks(ConformalForecaster):
    """Each week to come is the mean of the last eight."""

    name: ClassVar[str] = "mean_8_weeks"
    weeks_needed = 8

    def rates(self, history: DemandHistory) -> NDArray[np.float64]:
        """See `ConformalForecaster.rates`."""
        return history.horizon * moving_mean(history.units, 8 * history.per_week)
