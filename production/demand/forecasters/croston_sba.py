"""Croston's method for intermittent demand, with the correction of Syntetos and Boylan.

Croston (1972, "Forecasting and stock control for intermittent demands") smooths the size z of
the periods with a sale and the interval p between them apart; demand a period is z / p. That is
too high by about alpha / 2, which Syntetos and Boylan (2005, "The accuracy of intermittent demand
estimates", equation 8) take off: (1 - alpha / 2) z / p.
"""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from production.demand.forecast import DemandHistory
from production.demand.forecasters.conformal import ConformalForecaster
from production.demand.forecasters.sale_sizes import sale_sizes
from production.demand.periods import paced

ALPHA: Final = 0.1
"""Weight of the newest sale; the usual range is .05 to .2."""


class CrostonSBA(ConformalForecaster):
    """Size and interval of sales, smoothed apart; nothing changes between two sales."""

    name: ClassVar[str] = "croston_sba"
    weeks_needed = 4

    def rates(self, history: DemandHistory) -> NDArray[np.float64]:
        """See `ConformalForecaster.rates`."""
        alpha = paced(ALPHA, history.per_week)
        return history.horizon * croston(history.units, alpha) * (1 - alpha / 2)


def croston(units: NDArray[np.float64], alpha: float) -> NDArray[np.float64]:
    """(V, T + 1) Croston's demand a period, from the periods before each; 0 before a first sale.

    The first sale is the first size, and the first interval is one period, for what came before
    it is not known.

    >>> croston(np.array([[0.0, 6.0, 0.0, 6.0]]), 0.5)
    array([[0., 0., 6., 6., 4.]])
    """
    count, span = units.shape
    result = np.zeros((count, span + 1))
    sizes = sale_sizes(units, alpha)
    interval, since = np.ones(count), np.ones(count)
    started = np.zeros(count, dtype=bool)
    for period in range(span):
        sold = units[:, period] > 0
        later = sold & started
        interval[later] += alpha * (since[later] - interval[later])
        since = np.where(sold, 1.0, since + 1.0)
        started |= sold
        result[:, period + 1] = sizes[:, period] / interval
    return result
