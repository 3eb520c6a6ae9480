"""Simple exponential smoothing (Brown 1959) with a fixed weight of the newest week."""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from production.demand.features import decayed_mean
from production.demand.forecast import DemandHistory
from production.demand.forecasters.conformal import ConformalForecaster
from production.demand.periods import paced

ALPHA: Final = 0.2


class ExponentialSmoothing(ConformalForecaster):
    """Each week to come is the smoothed level; the strongest simple reference."""

    name: ClassVar[str] = "exponential_smoothing"
    weeks_needed = 4

    def rates(self, history: DemandHistory) -> NDArray[np.float64]:
        """See `ConformalForecaster.rates`."""
        return history.horizon * decayed_mean(history.units, paced(ALPHA, history.per_week))
